"""Promises about all golds of the benchmarks, and about arbitrary text."""

from __future__ import annotations

import json
import os
import re
import time
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orion.verify import Grading, answer_classes, verify, verify_batch
from orion.verify.cascade import decide
from orion.verify.extraction import extract

SHARED = Path(os.environ.get("ORION_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
BENCHMARKS = ("math500", "aime24", "amc23", "gsm_hard", "bbh", "arc_challenge", "arc_easy", "agieval_en")
FORMS = {
    "text": "{}",
    "boxed": "So we get $\\boxed{{{}}}$.",
    "sentence": "Adding up, the answer is {}.",
    "heading": "We are done.\n\n**Answer:** {}",
    "tag": "<think>hm</think>\n<answer> {} </answer>",
}


def kind_of(benchmark: str, row: dict[str, str]) -> str:
    if benchmark == "gsm_hard":
        return "number"
    if benchmark != "bbh":
        return "math" if benchmark in ("math500", "aime24", "amc23") else "choice"
    if re.fullmatch(r"\([A-Z]\)", row["answer"]):
        return "choice"
    if row["subject"] == "dyck_languages":
        return "brackets"
    return "math" if re.fullmatch(r"-?\d+", row["answer"]) else "text"


@cache
def golds(benchmark: str) -> list[tuple[str, str]]:
    """The distinct (gold, kind) of a benchmark."""
    path = SHARED / "data" / "benchmarks" / f"{benchmark}.jsonl"
    if not path.exists():
        pytest.skip(f"no public data at {path}")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return list(dict.fromkeys((row["answer"], kind_of(benchmark, row)) for row in rows))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_every_gold_is_correct_against_itself(benchmark: str, form: str) -> None:
    pairs = golds(benchmark)
    verdicts = verify_batch([(FORMS[form].format(gold), gold) for gold, _ in pairs], [kind for _, kind in pairs])
    wrong = [
        (gold, verdict) for (gold, _), verdict in zip(pairs, verdicts, strict=True) if verdict.verdict != "correct"
    ]
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_no_gold_is_correct_with_another_digit(benchmark: str) -> None:
    changed = []
    for gold, kind in golds(benchmark):
        if kind == "number" and "." in gold:
            digits = [match for match in re.finditer(r"[1-9]", gold)][:2]  # floats carry noise in their last digits
        else:
            digits = list(re.finditer(r"\d", gold))
        for digit in digits:
            other = f"{gold[: digit.start()]}{(int(digit[0]) + 1) % 10}{gold[digit.end() :]}"
            changed.append((f"\\boxed{{{other}}}", gold, kind))
    verdicts = verify_batch([(output, gold) for output, gold, _ in changed], [kind for *_, kind in changed])
    accepted = [
        (output, gold, verdict)
        for (output, gold, _), verdict in zip(changed, verdicts, strict=True)
        if verdict.verdict == "correct"
    ]
    assert not accepted, accepted[:5]


def test_golds_of_different_problems_rarely_agree_and_agreement_is_symmetric() -> None:
    texts = [gold for gold, _ in golds("math500")]
    pairs = [(first, second) for first in texts[:120] for second in texts[:120] if first < second]
    there = verify_batch([(f"\\boxed{{{first}}}", second) for first, second in pairs])
    back = verify_batch([(f"\\boxed{{{second}}}", first) for first, second in pairs])
    one_way = [
        pair
        for pair, a, b in zip(pairs, there, back, strict=True)
        if (a.verdict == "correct") != (b.verdict == "correct")
    ]
    assert not one_way, one_way[:5]


NUMBERS = st.fractions(min_value=-(10**6), max_value=10**6, max_denominator=500)


@given(NUMBERS)
def test_a_fraction_is_equal_in_all_its_notations(number) -> None:  # type: ignore[no-untyped-def]
    above, below = number.numerator, number.denominator
    sign = "-" if above < 0 else ""
    for form in (f"{above}/{below}", f"{sign}\\frac{{{abs(above)}}}{{{below}}}", f"\\dfrac{{{above}}}{{{below}}}"):
        assert verify(f"\\boxed{{{form}}}", f"\\frac{{{above * 3}}}{{{below * 3}}}").verdict == "correct"


@given(NUMBERS, NUMBERS)
def test_different_fractions_are_different(first, second) -> None:  # type: ignore[no-untyped-def]
    verdict = verify(f"\\boxed{{{first}}}", str(second)).verdict
    assert verdict == ("correct" if first == second else "wrong")


@given(st.lists(st.integers(-99, 99), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_sets_have_no_order_and_tuples_have(numbers: list[int], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(numbers)
    random.shuffle(shuffled)
    one, other = ", ".join(map(str, numbers)), ", ".join(map(str, shuffled))
    assert verify(f"\\boxed{{\\{{{other}\\}}}}", f"\\{{{one}\\}}").verdict == "correct"
    expected = "correct" if numbers == shuffled else "wrong"
    assert verify(f"\\boxed{{({other})}}", f"({one})").verdict == expected


ATOMS = st.sampled_from(
    [
        *r"\frac \sqrt { } ( ) [ ] ^ _ + - * / = < > \le \in \cup , ; 1 23 4.5 .5 x y e i \pi".split(),
        *r"\infty \text{and}".split(),
        *r"\text{cm} ! % \% | \{ \} \pm \sin \log \\ & \begin{pmatrix} \end{pmatrix} word $".split(),
        *r"\boxed{ ^\circ \binom".split(),
        *r"\lfloor \rfloor \overline ' : \approx \langle \rangle é 答案 ** #### <answer> </answer> <think>".split(),
        *r"</think> 1e400 1e-99999 10^ 0 -1 ² ½ gcd \mathbb{R}".split(),
        *("\x00", "\n", " ", "The answer is ", "\ud800"),
    ]
)
SOUP = st.one_of(st.text(max_size=60), st.lists(ATOMS, max_size=25).map("".join))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SOUP, SOUP, st.sampled_from(["math", "number", "choice", "text", "brackets"]))
def test_no_text_makes_the_grader_fail(output: str, gold: str, kind: str) -> None:
    found = extract(output, kind)
    for answer in (found.answer, output):
        if answer is not None:
            decide(gold, answer, kind, Grading())


@settings(max_examples=200, deadline=None)
@given(SOUP.filter(str.strip), st.sampled_from(["math", "number", "text"]))
def test_any_text_agrees_with_itself(text: str, kind: str) -> None:
    assert decide(text, text, kind, Grading()).equal is not False


@given(st.lists(st.one_of(st.none(), st.sampled_from(["1", "1.0", "\\frac{2}{2}", "2", "x", "x+0"])), max_size=8))
def test_classes_keep_order_and_none(answers: list[str | None]) -> None:
    classes = answer_classes(answers)
    assert [found is None for found in classes] == [answer is None for answer in answers]
    seen = [found for found in dict.fromkeys(classes) if found is not None]
    assert seen == list(range(len(seen)))


ADVERSARIAL = {
    "deep braces": "\\boxed{" + "{" * 5000 + "5" + "}" * 5000 + "}",
    "deep brackets": "\\boxed{" + "(" * 1500 + "5" + ")" * 1500 + "}",
    "deep fractions": "\\boxed{" + "\\frac{" * 300 + "1" + "}{2}" * 300 + "}",
    "a megabyte of prose": "a b c $x$ **b** (1) " * 50_000,
    "a megabyte of numbers": "1 " * 500_000,
    "a megabyte of dollars": "$" * 1_000_000,
    "a megabyte of stars": "*" * 1_000_000,
    "a megabyte of open formulas": "\\[" * 500_000,
    "a megabyte of open boxes": "\\boxed{" * 150_000,
    "a megabyte of open texts": "\\boxed{\\text{" * 75_000,
    "a megabyte of thinking": "<think>" * 150_000,
    "a megabyte of answers": "the answer: " * 90_000,
    "a megabyte of spaces": "answer" + " " * 1_000_000 + "5",
    "a megabyte of lines": "\n" * 1_000_000,
    "a megabyte of tags": "<answer>" * 125_000,
    "a megabyte of digits": "9" * 1_000_000,
    "commas": "\\boxed{" + "1," * 1500 + "2}",
    "many boxes": "\\boxed{5} " * 50_000,
    "null bytes": "\x00\\boxed{5}\x00",
    "unbalanced": "\\boxed{5}}}}} {{{ \\boxed{",
}


@pytest.mark.parametrize("name", ADVERSARIAL)
@pytest.mark.parametrize("kind", ["math", "choice", "text", "brackets"])
def test_adversarial_outputs_are_graded_without_a_hang(name: str, kind: str) -> None:
    start = time.monotonic()
    verdict = verify(ADVERSARIAL[name], "5", kind, timeout=2)
    assert verdict.verdict in ("correct", "wrong", "unverified")
    assert time.monotonic() - start < 60, "a hang, on the slowest machine"
