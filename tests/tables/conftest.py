"""Made-up scores with known content, written as the stages before would have written them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from orion.files import write_table
from orion.scores import score_files


@pytest.fixture
def make_scores(tmp_path: Path) -> Callable[..., Path]:
    """make_scores(method, {"benchmark": shares}, ...) -> path of a scores file.

    `shares` are the problems' numbers of right draws of `draws`; draw 0 is right first.
    """

    def make(
        method: str,
        right: dict[str, list[int]],
        draws: int = 10,
        seed: int = 0,
        student: str = "tiny",
        decoding: str = "sampled",
        made: str | None = None,
        **metadata: Any,
    ) -> Path:
        folder = tmp_path / student / method / f"seed{seed}"
        files, problem_files = [], []
        for benchmark, counts in right.items():
            ids = [f"{benchmark}-{i}" for i in range(len(counts))]
            problems = pl.DataFrame(
                {
                    "id": ids,
                    "problem": ["?"] * len(ids),
                    "answer": ["1"] * len(ids),
                    "subject": ["x", "y"] * (len(ids) // 2),
                }
            )
            samples = pl.DataFrame(
                {
                    "id": np.repeat(ids, draws),
                    "draw": list(range(draws)) * len(ids),
                    "answer": ["1" if d < c else "2" for c in counts for d in range(draws)],
                    "verdict": ["correct" if d < c else "wrong" for c in counts for d in range(draws)],
                    "completion_tokens": [100] * (draws * len(ids)),
                    "truncated": [False] * (draws * len(ids)),
                    "made": [made] * (draws * len(ids)),
                }
            )
            files.append(folder / benchmark / f"{decoding}.parquet")
            problem_files.append(tmp_path / "problems" / f"{benchmark}.parquet")
            about = {"student": student, "method": method, "seed": seed, "draws": draws} | metadata
            write_table(files[-1], samples, about)
            write_table(problem_files[-1], problems)
        scores, about = score_files(files, problem_files)
        write_table(folder / f"{decoding}.scores.parquet", scores, about)
        return folder / f"{decoding}.scores.parquet"

    return make
