"""`python -m orion.analysis.key_tokens`: what share of a CoT its key steps are (EDIT, arXiv 2405.19737: about 4.7%).

Inputs: the student's manifest.json and the training sets of its stages with pairs, as KRSL aligns them: response
tokens, end token included, by minimum edit distance. A key token of the right side is inserted or replaced, one of the
wrong side deleted or replaced. The share is all key tokens over all tokens; its interval takes problems as clusters, as
a problem may give several pairs. One seed stands for all: sets do not depend on it unless a stage chooses rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.analysis.program import place, run
from orion.errors import UserError

if TYPE_CHECKING:
    import polars as pl

PAPER = 0.047
CONFIDENCE = 0.95
SIDES = ("right", "wrong", "both")


def pooled_share(keys: Sequence[int], tokens: Sequence[int]) -> tuple[float, float, float]:
    """(share, low, high) of the sum of `keys` in the sum of `tokens`, an entry a problem: a ratio of sums, with the t
    interval of its linear approximation."""
    import numpy as np

    from orion.statistics.intervals import quantile, spread

    k, t = np.array(keys, dtype=float), np.array(tokens, dtype=float)
    share = float(k.sum() / t.sum())
    parts = spread([((k - share * t) / t.mean())[None, :]])
    half = quantile(CONFIDENCE, parts.dof) * parts.variance**0.5 if len(k) > 1 else float("inf")
    return share, max(share - half, 0.0), min(share + half, 1.0)


def counted(rows: Sequence[dict[str, Any]], chat: Any, where: str) -> list[tuple[str, int, int, int, int]]:
    """(id, right tokens, key tokens among them, wrong tokens, key tokens among them) of each pair."""
    from orion.training.objectives.krsl import key_tokens
    from orion.training.rows import messages_of

    found = []
    for row in rows:
        messages = messages_of(row, where)
        right, wrong = (chat.row(messages, row[column])[1] for column in ("completion", "rejected"))
        in_right, in_wrong = key_tokens(right, wrong)
        found.append((row["id"], len(right), sum(in_right), len(wrong), sum(in_wrong)))
    return found


def summary(pairs: Sequence[tuple[str, int, int, int, int]]) -> list[dict[str, Any]]:
    """A row a side: pairs, problems, tokens, key tokens, share, low, high, paper."""
    rows = []
    for side in SIDES:
        by_problem: dict[str, tuple[int, int]] = {}
        for id, right, key_right, wrong, key_wrong in pairs:
            tokens, keys = by_problem.get(id, (0, 0))
            tokens += (right if side != "wrong" else 0) + (wrong if side != "right" else 0)
            keys += (key_right if side != "wrong" else 0) + (key_wrong if side != "right" else 0)
            by_problem[id] = (tokens, keys)
        tokens_of, keys_of = [t for t, _ in by_problem.values()], [k for _, k in by_problem.values()]
        share, low, high = pooled_share(keys_of, tokens_of)
        rows.append(
            {"side": side, "pairs": len(pairs), "problems": len(by_problem), "tokens": sum(tokens_of)}
            | {"key_tokens": sum(keys_of), "share": share, "low": low, "high": high, "paper": PAPER}
        )
    return rows


def build(paths: Sequence[Path], spec: str) -> pl.DataFrame:
    """Columns: method, stage, then those of `summary`. A training set without rows gives none."""
    import polars as pl

    from orion.chat import Chat
    from orion.config.student import Student
    from orion.files import read_table
    from orion.students import read_manifest

    manifests = [path for path in paths if path.name == "manifest.json"]
    if len(manifests) != 1:
        raise UserError("--inputs: give the student's manifest.json, once, beside its training sets")
    chat = Chat.load(read_manifest(manifests[0]), Student.parse(spec))
    rows: list[dict[str, Any]] = []
    for path in paths:
        if path in manifests:
            continue
        where, pairs = place(path), read_table(path).drop_nulls("rejected").to_dicts()
        about = {"method": where.method, "stage": where.stage}
        rows += [about | row for row in summary(counted(pairs, chat, str(path)))] if pairs else []
    schema: dict[str, Any] = dict.fromkeys(("method", "stage", "side"), pl.String)
    schema |= dict.fromkeys(("pairs", "problems", "tokens", "key_tokens"), pl.Int64)
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(("share", "low", "high", "paper"), pl.Float64))


if __name__ == "__main__":
    run("key_tokens", __doc__, build)
