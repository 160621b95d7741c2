"""A results folder of any size for the trace explorer: `python -m bench.explorer_study --help`.

Six methods answer benchmark problems in four draws, training problems have a CoT, errors and rewrites; half of the
samples each. The texts are those of `--traces`, JSONL files with problem, answer, reasoning and response, in turn and
with other numbers in each, so that they compress as real ones do; without such files, random words.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from orion.files import write_table
from orion.samples import table

METHODS = ["vanilla", "sft-label", "sft-long-cot", "orion", "orion-no-error", "orion-no-reflection"]
DRAWS, ANSWERS = 4, 24  # a benchmark problem: 6 methods x 4 draws
TRAINED = 7  # a training problem: 1 CoT, 3 errors, 3 rewrites
WORDS = (
    "so wait then if we the number of each total is first again hmm let me check that means multiply subtract "
    "boxes coins apples remaining equals alternatively suppose therefore because consider case both sides"
).split()


class Texts:
    """Problems and traces, each with numbers of its own. A problem's traces tell of any problem: real ones have more in
    common and compress better."""

    def __init__(self, paths: Sequence[Path], seed: int = 0) -> None:
        self.random = random.Random(seed)
        rows = [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
        self.problems = [row["problem"] for row in rows]
        self.traces = ["\n\n".join(filter(None, [row.get("reasoning"), row["response"]])) for row in rows]

    def _other_numbers(self, text: str) -> str:
        factor = self.random.randrange(2, 9)
        return re.sub(r"\d+", lambda found: str((int(found[0]) * factor) % 9973), text)

    def problem(self) -> str:
        if self.problems:
            return self._other_numbers(self.random.choice(self.problems))
        return f"Problem: {' '.join(self.random.choices(WORDS, k=30))}?"

    def trace(self) -> str:
        if self.traces:
            return self._other_numbers(self.random.choice(self.traces))
        size = self.random.randrange(300, 1000)
        return " ".join(self.random.choices(WORDS, k=size)) + rf" \boxed{{{self.random.randrange(99)}}}"


def sample(texts: Texts, id: str, draw: int, verdict: str, **more: Any) -> dict[str, Any]:
    text = texts.trace()
    key = f"{texts.random.getrandbits(256):064x}"
    return {
        "id": id, "draw": draw, "response": text, "reasoning": None, "answer": "4", "verdict": verdict, "how": "boxed",
        "reason": None, "finish_reason": "stop", "truncated": False, "prompt_tokens": 90,
        "completion_tokens": len(text) // 4, "key": key,
    } | more  # fmt: skip


def problem_row(id: str, text: str) -> dict[str, Any]:
    return {"id": id, "problem": text, "answer": "4", "solution": "It is 4.", "source": "bench", "kind": "math"}


def write_study(results: Path, samples: int, traces: Sequence[Path] = ()) -> None:
    """Write results/ with about `samples` traces."""
    texts = Texts(traces)
    problems, cots, errors, refined = [], [], [], []
    for n in range(samples // 2 // TRAINED):
        id = f"train-{n:05}"
        problems.append(problem_row(id, texts.problem()))
        cot = sample(texts, id, 0, "correct", kept=True, why_not=None)
        cots.append(cot)
        for draw in range(3):
            error = sample(texts, id, draw, "wrong", temperature="t0.7")
            more = {"error_key": error["key"], "cot_key": cot["key"], "temperature": "t0.7", "why_not": None}
            kept = texts.random.random() < 0.5
            errors.append(error)
            refined.append(sample(texts, id, draw, "correct" if kept else "wrong", kept=kept, **more))
    kinds = dict.fromkeys(("error_key", "cot_key", "temperature", "why_not"), pl.String) | {"kept": pl.Boolean}
    write_table(results / "problems/train.parquet", pl.DataFrame(problems))
    write_table(results / "teacher/recorded/cots.parquet", table(cots, kept=pl.Boolean, why_not=pl.String))
    write_table(results / "student/errors.parquet", table(errors, temperature=pl.String))
    write_table(results / "student/refined/error-and-cot.parquet", table(refined, **kinds))
    asked = [problem_row(f"bench-{n:05}", texts.problem()) for n in range(samples // 2 // ANSWERS)]
    write_table(results / "problems/bench.parquet", pl.DataFrame(asked))
    for method in METHODS:
        rows = [
            sample(texts, row["id"], draw, texts.random.choice(["correct", "wrong"]))
            for row in asked
            for draw in range(DRAWS)
        ]
        write_table(results / f"student/{method}/seed0/bench/sampled.parquet", table(rows))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.explorer_study", description=__doc__)
    parser.add_argument("--samples", type=int, default=50_000)
    parser.add_argument("--traces", type=Path, nargs="*", default=[], help="JSONL: problem, reasoning, response")
    parser.add_argument("--output", type=Path, required=True, help="the results folder to write")
    arguments = parser.parse_args()
    write_study(arguments.output, arguments.samples, arguments.traces)


if __name__ == "__main__":
    main()
