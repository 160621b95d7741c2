"""A results folder with a row of everything, written by hand: what the programs that look at a study are tested on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from orion.files import write_json, write_table
from orion.samples import table
from orion.scores import score_samples

METHODS = ["vanilla", "sft-long-cot", "orion"]


def sample(id: str, draw: int, response: str, verdict: str, key: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id,
        "draw": draw,
        "response": response,
        "reasoning": None,
        "answer": response.rsplit(" ", 1)[-1],
        "verdict": verdict,
        "how": "boxed:text",
        "reason": None,
        "finish_reason": "stop",
        "truncated": False,
        "prompt_tokens": 10,
        "completion_tokens": len(response.split()),
        "key": key,
    } | more


def problems(name: str, texts: list[str]) -> pl.DataFrame:
    rows = [
        {
            "id": f"{name}-{n}",
            "problem": text,
            "answer": "4",
            "solution": r"So \boxed{4}.",
            "source": "hand",
            "kind": "math",
            "subject": "algebra" if n % 2 else "sums",
            "level": None,
        }
        for n, text in enumerate(texts)
    ]
    return pl.DataFrame(rows, schema_overrides={"level": pl.String})


def write_study(folder: Path, hostile: list[str] | None = None) -> Path:
    """Write results/ for one student, three methods, one benchmark; every model output is one of `hostile` if given.

    Training problems 0 and 1 have an error and a rewrite; problem 2 has neither.
    """
    results = folder / "results"
    said = iter(hostile * 100) if hostile else None

    def text(usual: str) -> str:
        return next(said) if said else usual

    write_table(
        results / "problems/train.parquet",
        problems("train", [text(rf"What is $\sqrt{{16}}$? ({n})") for n in range(3)]),
    )
    write_table(
        results / "problems/bench.parquet", problems("bench", [text(f"What is 2 + 2? ({n})") for n in range(4)])
    )
    cots = [
        {
            "id": f"train-{n}", "draw": 0, "reasoning": text("I think. The root of 16 is 4, as 4 * 4 = 16. Wait, yes."),
            "response": text(r"We get \(\sqrt{16} = 4\). So \boxed{4}."), "answer": "4", "verdict": "correct",
            "how": "boxed:text", "finish_reason": "stop", "prompt_tokens": 5, "completion_tokens": 20, "cost": 0.0,
            "key": f"cot{n}", "kept": True, "why_not": None,
        }
        for n in range(3)
    ]  # fmt: skip
    write_table(results / "teacher/scripted/cots.parquet", pl.DataFrame(cots, schema_overrides={"why_not": pl.String}))
    for temperature, wrong in (("0.4", [0]), ("1", [0, 1])):
        rows = [
            sample(
                f"train-{n}",
                0,
                text("It is 5" if n in wrong else "It is 4"),
                "wrong" if n in wrong else "correct",
                f"t{temperature}-{n}",
            )
            for n in range(3)
        ]
        write_table(results / f"student/base/train/t{temperature}.parquet", table(rows))
    errors = [sample(f"train-{n}", 0, text("It is 5"), "wrong", f"t1-{n}", temperature="t1") for n in range(2)]
    write_table(results / "student/errors.parquet", table(errors, temperature=pl.String))
    more = dict.fromkeys(("error_key", "cot_key", "temperature", "why_not"), pl.String) | {"kept": pl.Boolean}
    refined = [
        sample(
            f"train-{n}", 0, text(r"The root of 16 is 4, as 4 * 4 = 16. \boxed{4}"), "correct", f"refined{n}",
            error_key=f"t1-{n}", cot_key=f"cot{n}", temperature="t1", kept=n == 0,
            why_not=None if n == 0 else "mentions-reference",
        )
        for n in range(2)
    ]  # fmt: skip
    write_table(results / "student/refined/error-and-cot.parquet", table(refined, **more))
    write_sets(results, cots, refined)
    for method in METHODS:
        write_policy(results, method, text)
    return results


def write_sets(results: Path, cots: list[dict[str, Any]], refined: list[dict[str, Any]]) -> None:
    def row(id: str, completion: str, sources: list[str]) -> dict[str, Any]:
        prompt = json.dumps([{"role": "user", "content": "Solve: the root of 16?"}])
        return {"id": id, "prompt": prompt, "completion": completion, "rejected": None, "sources": sources}

    sets = {
        "sft-long-cot": [row(c["id"], c["reasoning"] + "\n\n" + c["response"], [c["key"]]) for c in cots],
        "orion": [row(r["id"], r["response"], [r["key"], r["error_key"], r["cot_key"]]) for r in refined if r["kept"]],
    }
    for method, rows in sets.items():
        folder = results / "student" / method / "seed0"
        write_table(folder / "sft.training_set.parquet", pl.DataFrame(rows, schema_overrides={"rejected": pl.String}))
        log = pl.DataFrame(
            {"step": [1, 2, 3], "loss": [1.0, 0.5, 0.3], "entropy": [0.9, 0.6, 0.5 + 0.1 * (method == "orion")]}
        )
        write_table(folder / "sft/training_log.parquet", log)
        write_json(folder / "sft.training_set.stats.json", {"out": len(rows)})


def write_policy(results: Path, method: str, text: Any) -> None:
    """Four benchmark problems, two draws: vanilla is right on 0 and 1, the others on 1 and 2."""
    folder = results / "student" / method / "seed0"
    right = {0, 1} if method == "vanilla" else {1, 2}
    rows = [
        sample(
            f"bench-{n}",
            draw,
            text("It is 4" if n in right else "Sum it up: it is 5"),
            "correct" if n in right else "wrong",
            f"{method}-{n}-{draw}",
        )
        for n in range(4)
        for draw in range(2)
    ]
    write_table(folder / "bench/sampled.parquet", table(rows), {"student": "student", "method": method, "seed": "0"})
    bench = pl.read_parquet(results / "problems/bench.parquet")
    scores = score_samples(table(rows), bench, "here").insert_column(0, pl.lit("sampled").alias("decoding"))
    write_table(folder / "scores.parquet", scores.insert_column(0, pl.lit("bench").alias("benchmark")))
