"""Scores files -> arrays: for each student, method, benchmark and decoding the draws of all problems and seeds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

COUNTS = ("truncated", "no_answer", "unverified")
TOKENS, CUT_OFF = "tokens", "cut off %"  # columns about answers, beside the scores


def _parsed(metric: str) -> tuple[str, str, str]:
    """(Acc or maj, k, budget); the budget is empty where there is none."""
    match = re.fullmatch(r"(Acc|maj)@([1-9]\d*)(?: in (\d+) tokens)?", metric)
    if not match or (match[3] and match[1] + match[2] != "Acc1"):
        raise UserError(f"unknown metric '{metric}'; there are Acc@1, Acc@K and maj@K")
    return match[1], match[2], match[3] or ""


def draws_of(metric: str) -> int:
    """How many draws a problem a metric needs."""
    return int(_parsed(metric)[1])


@dataclass(frozen=True)
class Cell:
    """One student, method, benchmark and decoding. Axes: seeds, problems[, draws]; all problems have as many draws."""

    ids: list[str]
    seeds: list[str]
    groups: dict[str, list[str | None]]
    """subject and level of each problem"""
    correct: NDArray[np.bool_]
    tokens: NDArray[np.int64]
    classes: NDArray[np.int64]
    counts: dict[str, NDArray[np.int64]]
    """truncated, no_answer, unverified draws of each seed and problem"""
    runs: list[dict[str, Any]]
    """provenance, one a seed"""

    @property
    def draws(self) -> int:
        return int(self.correct.shape[2])

    def metric(self, name: str) -> NDArray[np.float64]:
        """(seeds, problems) values of `Acc@k`, `maj@k`, `Acc@1 in B tokens`, or of the columns about answers."""
        import numpy as np

        if name == TOKENS:
            return np.asarray(self.tokens.mean(axis=2))
        if name == CUT_OFF:
            return np.asarray(self.counts["truncated"] / self.draws)

        from orion.statistics.estimates import majority_at_k, pass_at_k, within_budget

        kind, k, budget = _parsed(name)
        if budget:
            return within_budget(self.correct, self.tokens, int(budget))
        if kind == "maj":
            return np.stack([majority_at_k(*seed, int(k)) for seed in zip(self.classes, self.correct, strict=True)])
        return pass_at_k(self.draws, self.correct.sum(axis=2), int(k))

    def only(self, keep: NDArray[np.bool_]) -> Cell:
        """The cell restricted to some of its problems."""
        chosen = [i for i, kept in enumerate(keep) if kept]
        return Cell(
            [self.ids[i] for i in chosen],
            self.seeds,
            {name: [values[i] for i in chosen] for name, values in self.groups.items()},
            self.correct[:, chosen],
            self.tokens[:, chosen],
            self.classes[:, chosen],
            {name: values[:, chosen] for name, values in self.counts.items()},
            self.runs,
        )


Key = tuple[str, str, str, str]  # student, method, benchmark, decoding


def read_scores(paths: Sequence[Path]) -> dict[Key, Cell]:
    """All cells, in the order of the files.

    Raises:
        UserError: a file without student and method, a seed given twice, seeds with different problems or draws.
    """
    from orion.files import read_metadata, read_table

    parts: dict[Key, list[tuple[Path, str, pl.DataFrame, dict[str, Any]]]] = {}
    for path in paths:
        table, metadata = read_table(path), read_metadata(path)
        if "answer_class" not in table.columns or not metadata.get("student") or not metadata.get("method"):
            raise UserError(f"{path}: no scores of a student and a method; give files written by orion.scores")
        seed = str(metadata.get("seed") or "0")
        runs = {(run["benchmark"], run["decoding"]): run for run in metadata.get("runs", [])}
        for (benchmark, decoding), part in table.group_by("benchmark", "decoding", maintain_order=True):
            key = (metadata["student"], metadata["method"], str(benchmark), str(decoding))
            run = {"scored": metadata.get("scored")} | runs.get((str(benchmark), str(decoding)), {})
            parts.setdefault(key, []).append((path, seed, part, run))
    cells = {key: make_cell(found) for key, found in parts.items()}
    _check_paired(cells, parts)
    return cells


def make_cell(found: list[tuple[Path, str, pl.DataFrame, dict[str, Any]]]) -> Cell:
    import numpy as np

    first_path, _, first, _ = found[0]
    ids = first["id"].to_list()
    seeds = [seed for _, seed, _, _ in found]
    for path, seed, part, _ in found:
        if seeds.count(seed) > 1:
            raise UserError(f"{path}: seed {seed} of this student and method was given twice")
        if part["id"].to_list() != ids or part["n"].to_list() != first["n"].to_list():
            raise UserError(
                f"{path}: not the problems and draws of {first_path}; seeds of a method must answer the same"
            )
    if first["n"].n_unique() != 1:
        raise UserError(f"{first_path}: problems of one benchmark have different numbers of draws; sample again")

    def stack(column: str) -> Any:
        return np.stack([np.array(part[column].to_list()) for _, _, part, _ in found])

    return Cell(
        ids,
        seeds,
        {name: first[name].to_list() for name in ("subject", "level")},
        stack("correct"),
        stack("tokens"),
        stack("answer_class"),
        {name: stack(name) for name in COUNTS},
        [run for _, _, _, run in found],
    )


def _check_paired(cells: dict[Key, Cell], parts: dict[Key, list[Any]]) -> None:
    """Methods can only be compared on the same problems, with the same number of draws."""
    known: dict[tuple[str, str], Key] = {}
    for key, cell in cells.items():
        other = known.setdefault(key[2:], key)
        if cells[other].ids != cell.ids or cells[other].draws != cell.draws:
            raise UserError(
                f"{parts[key][0][0]}: {key[2]} ({key[3]}) has {len(cell.ids)} problems x {cell.draws} draws here and "
                f"{len(cells[other].ids)} x {cells[other].draws}, or other problems, in {parts[other][0][0]}; "
                "sample both alike"
            )
