"""Four models' recorded answers to the same 582 GSM8K problems, graded, scored and compared as if they were methods."""

import json
import os
from pathlib import Path

import polars as pl
import pytest

from orion.files import write_table
from orion.scores import score_files
from orion.tables.comparison import make_table
from orion.tables.config import ScoreTable
from orion.tables.results import read_scores
from orion.verify import verify_batch

SHARED = Path(os.environ.get("ORION_SHARED") or Path(__file__).resolve().parents[2].parent / "shared") / "data/teacher"
# How often the last number of the response is the gold: a lower bound, as units and LaTeX hide right answers from it.
LAST_NUMBER = {"gsm8k_dsq": 539, "gsm8k_deepseek_r1": 553, "gsm8k_s1_1": 560, "gsm8k_qwq": 564}


def scores(name: str, folder: Path) -> Path:
    with (SHARED / f"{name}.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    verdicts = verify_batch([(row["response"] or "", row["answer"]) for row in rows], "number")
    samples = [
        {"id": row["problem_id"], "draw": 0, "answer": found.answer, "verdict": found.verdict, "completion_tokens": 0}
        for row, found in zip(rows, verdicts, strict=True)
    ]
    about = {"student": "recorded", "method": name, "problems": "gsm8k", "decoding": "recorded", "draws": 1}
    write_table(folder / name / "samples.parquet", pl.DataFrame(samples, infer_schema_length=None), about)
    write_table(folder / "gsm8k.parquet", pl.DataFrame({"id": sorted(row["problem_id"] for row in rows)}))
    table, metadata = score_files([folder / name / "samples.parquet"], [folder / "gsm8k.parquet"])
    write_table(folder / name / "scores.parquet", table, metadata)
    return folder / name / "scores.parquet"


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="no recorded answers here")
def test_four_models_on_gsm8k_can_not_be_told_apart(tmp_path: Path) -> None:
    files = [scores(name, tmp_path) for name in LAST_NUMBER]
    table = make_table(
        ScoreTable(methods=list(LAST_NUMBER), decoding="recorded", k=[1], baselines=["gsm8k_dsq"]), read_scores(files)
    )
    for (_, method, _), entry in table.entries.items():
        right = round(entry.score.value * 582)
        assert LAST_NUMBER[method] <= right <= 575
        assert 0.02 < entry.score.high - entry.score.low < 0.045
        assert "bold" not in entry.marks
    # The last numbers alone would have DSQ 25 answers behind QwQ; graded fairly, nothing separates the four.
    assert all(test.p_holm > 0.05 for test in table.tests)
    best = next(test for test in table.tests if test.question == "best")
    assert best.plan.problems is not None and best.plan.problems > 582
