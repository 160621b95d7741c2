"""Recorded traces as a teacher: a dataset's outputs enter through the same parsing, grading and rows as an API's.

Files are parquet or JSON lines, as OpenR1-Math-220k has them (a list column `generations`) or with columns of their own
for reasoning and response. Only the rows of the wanted problems are read, so a file may be larger than memory.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.complete import parse
from orion.config.teacher import Columns, Teacher
from orion.errors import UserError
from orion.types import Problem, Record, Response, digest

if TYPE_CHECKING:
    import polars as pl


def recorded_responses(problems: Sequence[Problem], teacher: Teacher) -> list[tuple[Problem, int, str, Response]]:
    """(problem, draw, key, response) of every recorded trace, in the order of the problems; at most `draws` each.

    Raises:
        UserError: a file or a column is missing, a column holds something else than texts, or no problem has a trace.
    """
    columns = teacher.columns or Columns()
    by_name = {_name(problem.id if columns.id else problem.problem): problem for problem in problems}
    found: dict[str, list[tuple[str, Response]]] = {}
    seen: set[str] = set()
    for where, row in _rows(teacher, columns, list(by_name)):
        problem = by_name[_name(str(row["name"]))]
        for raw in _outputs(row, columns, where):
            key = digest([problem.id, raw])
            if key not in seen:  # the same trace recorded twice is one
                seen.add(key)
                record = Record(key, 0, "openai-chat", "ok", raw, {"model": teacher.name}, {})
                found.setdefault(problem.id, []).append((key, parse(record)))
    if problems and not found:
        met = f"ids (column '{columns.id}')" if columns.id else f"texts (column '{columns.problem}')"
        raise UserError(
            f"{teacher.path}: no trace of any of the {len(problems)} problems, which are found by their {met}; set "
            "`columns` of the teacher, or give traces of these problems"
        )
    return [
        (problem, draw, key, response)
        for problem in problems
        for draw, (key, response) in enumerate(found.get(problem.id, [])[: teacher.draws])
    ]


def _name(text: str) -> str:
    """What traces and problems meet by: white space does not count."""
    return " ".join(text.split())


def check_columns(teacher: Teacher) -> None:
    """Look at the files without reading their rows.

    Raises:
        UserError: there is no file, one cannot be read, or a column is missing.
    """
    deque(_tables(teacher, teacher.columns or Columns()), maxlen=0)


def _used(columns: Columns) -> dict[str, str]:
    """Our name of each column that is read -> the file's."""
    used = {"name": columns.id or columns.problem, "finish_reason": columns.finish_reason}
    outputs = (
        {"response": columns.response, "reasoning": columns.reasoning}
        if columns.response
        else {"generations": columns.generations}
    )
    return {name: column for name, column in (used | outputs).items() if column is not None}


def _tables(teacher: Teacher, columns: Columns) -> Iterator[tuple[str, pl.LazyFrame]]:
    """(file, its table) of each file; all of them have the columns that are used."""
    import polars as pl

    assert teacher.path is not None
    path = _from_hub(teacher.path) if teacher.path.startswith("hf://") else Path(teacher.path).expanduser()
    files = [str(file) for file in sorted(path.parent.glob(path.name))]
    if not files:
        raise UserError(f"{teacher.path}: no such file; `path` of a teacher of source 'file' names recorded traces")
    for file in files:
        lazy = pl.scan_parquet(file) if file.endswith(".parquet") else pl.scan_ndjson(file, infer_schema_length=None)
        with _readable(file):
            has = lazy.collect_schema().names()
        if missing := [column for column in _used(columns).values() if column not in has]:
            raise UserError(f"{file}: no column '{missing[0]}' (it has {', '.join(has)}); set `columns` of the teacher")
        yield file, lazy


@contextmanager
def _readable(file: str) -> Iterator[None]:
    import polars as pl

    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"{file}: not readable as parquet or JSON lines ({str(error).splitlines()[0]})") from None


def _rows(teacher: Teacher, columns: Columns, names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(where, row) of each row of the files that belongs to one of the problems."""
    import polars as pl

    squeezed = pl.col("name").cast(pl.String).str.replace_all(r"\s+", " ").str.strip_chars()
    for file, lazy in _tables(teacher, columns):
        with _readable(file):
            chosen = (
                lazy.select([pl.col(column).alias(name) for name, column in _used(columns).items()])
                .filter(squeezed.is_in(names))
                .collect()
            )
        for number, row in enumerate(chosen.iter_rows(named=True)):
            yield f"{file}, match {number}", row


def _from_hub(path: str) -> Path:
    """`hf://datasets/ORG/NAME@REVISION/FOLDER/FILES` in the hub's cache, downloaded where it is not there yet.
    With HF_HUB_OFFLINE=1 the cache alone answers."""
    match = re.fullmatch(r"hf://datasets/([\w.-]+/[\w.-]+)(?:@([\w.-]+))?/(.+)", path)
    if not match:
        raise UserError(f"{path}: write hf://datasets/ORG/NAME@REVISION/FILES, with * for several files")
    from huggingface_hub import snapshot_download

    dataset, revision, pattern = match.groups()
    try:
        folder = snapshot_download(dataset, repo_type="dataset", revision=revision, allow_patterns=[pattern])
    except Exception as error:  # no common class: no network, no such dataset, no such revision, ...
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(f"{path}: not to be had from the hub or its cache: {first}") from None
    return Path(folder) / pattern


def _outputs(row: dict[str, Any], columns: Columns, where: str) -> Iterator[dict[str, Any]]:
    """The outputs of a row as bodies of a chat endpoint."""
    texts = row.get("response") if columns.response else row.get("generations")
    outputs = texts if isinstance(texts, list) else [texts]
    for i, text in enumerate(outputs):
        if text is None:
            continue
        reasoning, finish = _nth(row.get("reasoning"), i), _nth(row.get("finish_reason"), i)
        if not isinstance(text, str) or not isinstance(reasoning, str | None):
            raise UserError(f"{where}: an output is {type(text).__name__}, a text was expected; set `columns`")
        message = {"content": text} | ({"reasoning": reasoning} if reasoning else {})
        yield {"choices": [{"message": message, "finish_reason": finish or "stop"}]}


def _nth(value: Any, i: int) -> Any:
    """The part of a value that belongs to output `i`: a list has one each, a single value serves all."""
    return (value[i] if i < len(value) else None) if isinstance(value, list) else value
