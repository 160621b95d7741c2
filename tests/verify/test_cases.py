"""Every hand-written case gets the verdict that it should, and says why (see table.py and cases/)."""

from __future__ import annotations

from collections import Counter

import pytest

from orion.verify import verify
from tests.verify.table import Case, cases

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[case.place for case in CASES])
def test_case(case: Case) -> None:
    verdict = verify(case.output, case.gold, case.kind, **case.policy)
    assert verdict.verdict == case.verdict, f"{case.place}: {case.why} ({verdict})"


def test_the_table_is_large_and_gives_reasons() -> None:
    assert len(CASES) >= 400
    assert all(case.why for case in CASES)
    assert len({(case.gold, case.output, case.kind, str(case.policy)) for case in CASES}) == len(CASES)
    assert Counter(case.verdict for case in CASES)["wrong"] >= 100
