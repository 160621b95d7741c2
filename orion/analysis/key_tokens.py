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
SIDES = ("right", "wrong", "both")


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
    from orion.statistics.clusters import mean

    rows = []
    ids = [pair[0] for pair in pairs]
    counts = {
        "right": [(right, keys) for _, right, keys, _, _ in pairs],
        "wrong": [(wrong, keys) for _, _, _, wrong, keys in pairs],
        "both": [(right + wrong, in_right + in_wrong) for _, right, in_right, wrong, in_wrong in pairs],
    }
    for side in SIDES:
        tokens, keys = [n for n, _ in counts[side]], [k for _, k in counts[side]]
        share = mean(keys, ids, weights=tokens)
        low, high = (end if end is not None else fallback for end, fallback in ((share.low, 0.0), (share.high, 1.0)))
        rows.append(
            {"side": side, "pairs": len(pairs), "problems": share.clusters, "tokens": sum(tokens)}
            | {"key_tokens": sum(keys), "share": share.value, "low": max(low, 0.0), "high": min(high, 1.0)}
            | {"paper": PAPER}
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
