"""`python -m orion.scores`: the graded samples of one student, method and seed -> one row a problem.

Way of the data: `{benchmark}/{decoding}.parquet` -> `scores.parquet` (both in results/{student}/{method}/seed{n}/),
which the tables read. All that the metrics need is kept: n, c, and per draw whether it is right, its tokens and the
class of its answer; texts are not.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion import cli
from orion.errors import UserError

if TYPE_CHECKING:
    import polars as pl

# Copied from each samples file; what a file lacks is left out.
PROVENANCE = (
    "sampling", "draws", "engine", "engine_version", "torch_version", "policy", "source", "revision", "dtype",
    "template_sha256", "thinking", "system_prompt", "grading", "training",
)  # fmt: skip


def score_samples(samples: pl.DataFrame, problems: pl.DataFrame, where: str, draws: int | None = None) -> pl.DataFrame:
    """One row a problem, in the problems' order.

    Columns: id, subject, level, kind (null where the problems have none); n draws, c right ones, and how many were
    truncated, had no_answer, were unverified; completion_tokens and prompt_tokens, summed over draws; per draw, in the
    order of draws: correct, tokens, answer_class (equivalent answers share a number, -1 is no answer).

    Args:
        samples: the schema of `orion.samples`.
        problems: the problems that were asked, all of which must have been answered.
        where: the samples file, for messages.
        draws: how many draws a problem must have; None: as many as the first problem has.

    Raises:
        UserError: a sample is missing, stands there twice, or belongs to no problem.
    """
    import polars as pl

    needed = {"id", "draw", "verdict", "answer", "completion_tokens"}
    if missing := needed - set(samples.columns):
        raise UserError(f"{where}: no column {', '.join(sorted(missing))}; score a file written by orion.sample")
    _check_complete(samples, problems["id"].to_list(), where, draws)
    columns = {name: pl.col(name) for name in ("truncated", "prompt_tokens", "reason") if name in samples.columns}
    samples = samples.sort("id", "draw")
    samples = samples.with_columns(_classes(samples, problems))
    correct = pl.col("verdict") == "correct"
    scores = samples.group_by("id").agg(
        n=pl.len().cast(pl.Int64),
        c=correct.sum().cast(pl.Int64),
        truncated=columns.get("truncated", pl.lit(False)).sum().cast(pl.Int64),
        no_answer=(pl.col("answer_class") < 0).sum().cast(pl.Int64),
        unverified=(pl.col("verdict") == "unverified").sum().cast(pl.Int64),
        completion_tokens=pl.col("completion_tokens").sum(),
        prompt_tokens=columns.get("prompt_tokens", pl.lit(None, pl.Int64)).sum(),
        correct=correct,
        tokens=pl.col("completion_tokens"),
        answer_class=pl.col("answer_class"),
    )
    about = problems.select(
        "id",
        *(
            pl.col(name).cast(pl.String) if name in problems.columns else pl.lit(None, pl.String).alias(name)
            for name in ("subject", "level", "kind")
        ),
    )
    return about.join(scores, on="id", how="left", maintain_order="left")


def _check_complete(samples: pl.DataFrame, ids: list[str], where: str, draws: int | None) -> None:
    import polars as pl

    if not ids:
        raise UserError(f"{where}: its problems file has no rows; there is nothing to score")
    if twice := samples.filter(pl.struct("id", "draw").is_duplicated()).select("id", "draw").rows():
        raise UserError(f"{where}: problem {twice[0][0]}, draw {twice[0][1]} stands there twice; sample again")
    counts = dict(samples.group_by("id").agg(pl.col("draw")).iter_rows())
    if strange := sorted(set(counts) - set(ids)):
        raise UserError(
            f"{where}: {len(strange)} problems are not in the problems file, the first is {strange[0]}; "
            "give the problems that were sampled"
        )
    wanted = draws or max((len(found) for found in counts.values()), default=1)
    missing = [(id, draw) for id in ids for draw in sorted(set(range(wanted)) - set(counts.get(id, [])))]
    if missing:
        raise UserError(
            f"{where}: {len(missing)} of {len(ids) * wanted} samples are missing, first problem {missing[0][0]}, "
            f"draw {missing[0][1]}; a missing sample is no wrong answer, so sample again before scoring"
        )
    if beyond := {draw for found in counts.values() for draw in found} - set(range(wanted)):
        raise UserError(
            f"{where}: draw {min(beyond)} is outside 0..{wanted - 1}; the file does not match its {wanted} draws"
        )


def _classes(samples: pl.DataFrame, problems: pl.DataFrame) -> pl.Series:
    """The class of each sample's answer: 0 for right answers (all equal the gold), -1 for none, 1.. for the others.

    The grader says which wrong answers are the same. The samples of a problem stand together.
    """
    import polars as pl

    from orion.verify import answer_classes

    kinds = dict(problems.select("id", "kind").rows()) if "kind" in problems.columns else {}
    wrong = pl.when((pl.col("verdict") != "correct") & (pl.col("answer").str.strip_chars() != "")).then("answer")
    classes: list[int] = []
    by_problem = samples.group_by("id", maintain_order=True).agg(pl.col("verdict") == "correct", wrong.alias("wrong"))
    for id, right, answers in by_problem.iter_rows():
        found = [None if answer is None else 0 for answer in answers]
        if len(set(answers) - {None}) > 1:
            found = answer_classes(answers, kinds.get(id) or "math")
        classes += [0 if ok else -1 if number is None else number + 1 for ok, number in zip(right, found, strict=True)]
    return pl.Series("answer_class", classes, dtype=pl.Int64)


def _days(samples: pl.DataFrame) -> dict[str, list[str]]:
    """`sampled`: the first and the last day on which a response was received, where that was recorded."""
    days = samples["made"].drop_nulls() if "made" in samples.columns else None
    return {} if days is None or days.is_empty() else {"sampled": [str(days.min()), str(days.max())]}


def _name(metadata: dict[str, Any], key: str, fallback: str) -> str:
    value = metadata.get(key)
    return Path(value).stem if isinstance(value, str) and value else fallback


def score_files(sample_files: Sequence[Path], problem_files: Sequence[Path]) -> tuple[pl.DataFrame, dict[str, Any]]:
    """All of one adapter's sample files -> its scores and their metadata.

    The benchmark and the decoding of a file are those of its metadata (`problems`, `decoding`), else the names of its
    folder and of the file. Problems files are told apart by their names.

    Raises:
        UserError: files of different students, methods or seeds; a benchmark without problems file; a missing sample.
    """
    import polars as pl

    from orion.files import read_metadata, read_table

    problems = {path.stem: read_table(path) for path in problem_files}
    parts: list[pl.DataFrame] = []
    runs: list[dict[str, Any]] = []
    owner: dict[str, Any] = {}
    for path in sample_files:
        samples, metadata = read_table(path), read_metadata(path)
        for key in ("student", "method", "seed"):
            value = str(metadata[key]) if metadata.get(key) is not None else owner.get(key, "")
            if owner.setdefault(key, value) != value:
                raise UserError(
                    f"{path}: its {key} is {value}, that of {sample_files[0]} is {owner[key]}; "
                    "score the files of one student, method and seed at a time"
                )
        benchmark, decoding = _name(metadata, "problems", path.parent.name), _name(metadata, "decoding", path.stem)
        if benchmark not in problems:
            raise UserError(f"{path}: no problems file is called {benchmark}; add it to --problems")
        if any(run["benchmark"] == benchmark and run["decoding"] == decoding for run in runs):
            raise UserError(f"{path}: {benchmark} with decoding {decoding} was given twice")
        part = score_samples(samples, problems[benchmark], str(path), metadata.get("draws"))
        parts.append(part.select(pl.lit(benchmark).alias("benchmark"), pl.lit(decoding).alias("decoding"), pl.all()))
        runs.append(
            {"benchmark": benchmark, "decoding": decoding}
            | {key: metadata[key] for key in PROVENANCE if metadata.get(key) is not None}
            | _days(samples)
        )
    return pl.concat(parts), owner | {"runs": runs}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.scores", description=__doc__)
    parser.add_argument("--samples", required=True, nargs="+", type=Path, help="of one student, method and seed")
    parser.add_argument("--problems", required=True, nargs="+", type=Path, help="problems files, {benchmark}.parquet")
    parser.add_argument("--output", required=True, type=Path, help="parquet: one row a benchmark, decoding and problem")
    arguments = parser.parse_args()

    from datetime import UTC, datetime

    from orion.files import write_table

    scores, metadata = score_files(arguments.samples, arguments.problems)
    write_table(arguments.output, scores, metadata | {"scored": datetime.now(UTC).date().isoformat()})
    shares = {row["benchmark"] + "/" + row["decoding"]: row["c"] / row["n"] for row in _totals(scores)}
    print("; ".join(f"{name}: Acc@1 {100 * share:.1f}" for name, share in shares.items()))


def _totals(scores: pl.DataFrame) -> list[dict[str, Any]]:
    import polars as pl

    return scores.group_by("benchmark", "decoding", maintain_order=True).agg(pl.col("n", "c").sum()).to_dicts()


if __name__ == "__main__":
    cli.run(main)
