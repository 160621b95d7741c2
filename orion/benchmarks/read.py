"""Problems from files, known benchmarks and the hub, each row checked: the loader behind `python -m orion.problems`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from orion.benchmarks.entry import BenchmarkSource, Portion
from orion.benchmarks.known import KNOWN, Known, kind_of, known_name, plain_number
from orion.errors import UserError
from orion.types import Problem, digest

EXCLUSIONS = Path(__file__).parent.parent / "data" / "benchmark_exclusions.json"
Located = tuple[str, Mapping[str, Any]]  # (file and row, for messages; the row)


class Loaded(NamedTuple):
    """`dropped` counts, by reason, the rows that the entry's own options left out."""

    problems: list[Problem]
    dropped: dict[str, int]


def load_benchmark(source: BenchmarkSource, name: str) -> Loaded:
    """The problems of a config entry, in the data's order.

    Ids are the data's own, or `{name}-{row}` (from 0000) where it has none; `source` of each problem is `name`.

    Args:
        source: the entry.
        name: the entry's name in the config.

    Raises:
        UserError: with file, row and column for a malformed row, a doubled id or an unexpected number of rows.
    """
    known = _known(source, name) if source.source == "known" else None
    rows = _rows(source, known)
    expected = source.rows or (known.rows if known else None)
    problems: list[Problem] = []
    dropped: Counter[str] = Counter()
    seen: dict[str, str] = {}
    number = -1
    for number, (where, row) in enumerate(rows):
        try:
            problem = _problem(row, where, source, known, name, number)
        except UserError:
            if source.invalid == "error":
                raise
            dropped["invalid"] += 1
            continue
        if problem.id in seen:
            raise UserError(f"{where}: id {problem.id} stands there twice (also {seen[problem.id]}); make ids unique")
        seen[problem.id] = where
        problems.append(problem)
    if expected is not None and number + 1 != expected:
        raise UserError(
            f"{_place(source, known)}: {number + 1} rows, but {name} has {expected}; "
            "the data changed or is incomplete (set 'rows' if this is on purpose)"
        )
    problems = _without_excluded(problems, source, name, dropped)
    if source.portion is not None:
        whole, portion = len(problems), source.portion
        problems = [problem for problem in problems if side_of(problem.problem, portion) == portion.take]
        dropped["other portion"] = whole - len(problems)
    if source.sample is not None and source.sample < len(problems):
        # The head of one seeded order: a larger sample holds every smaller one.
        order = Random(source.seed or 0).sample(range(len(problems)), len(problems))
        chosen = sorted(order[: source.sample])
        dropped["not sampled"] = len(problems) - source.sample
        problems = [problems[i] for i in chosen]
    if not problems:
        raise UserError(f"{_place(source, known)}: no problems are left of {number + 1} rows")
    return Loaded(problems, dict(dropped))


def side_of(text: str, portion: Portion) -> str:
    """Whether a problem is for `train` or for `test`: by its text alone, spaces aside."""
    place = int(digest([portion.seed, " ".join(text.split())])[:15], 16) / 16**15
    return "test" if place < portion.test else "train"


def _known(source: BenchmarkSource, name: str) -> Known:
    wanted = source.name or name
    found = known_name(wanted)
    if found is None:
        near = get_close_matches(wanted.lower(), KNOWN, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(KNOWN)}"
        raise UserError(f"benchmarks.{name}: no known benchmark '{wanted}'; {hint}")
    return KNOWN[found]


def _place(source: BenchmarkSource, known: Known | None) -> str:
    return source.path or source.hub or (known.where if known else "")


def _rows(source: BenchmarkSource, known: Known | None) -> Iterator[Located]:
    if source.path:
        yield from read_rows(Path(source.path))
    elif known and "{part}" in known.where:
        for part in known.parts:
            url = known.where.format(revision=source.revision or known.revision, part=part)
            field = "examples" if url.endswith(".json") else None
            for where, row in _hub_rows("json", None, "train", None, data_files=url, field=field):
                yield f"{part}, {where}", {"subject": part} | dict(row)
    elif known:
        yield from _hub_rows(known.where, known.config, known.split, source.revision or known.revision)
    else:
        assert source.hub
        yield from _hub_rows(source.hub, source.config, source.split or "test", source.revision)


def read_rows(path: Path) -> Iterator[Located]:
    """(place, row) of a JSONL (.jsonl, .json) or parquet file.

    Raises:
        UserError: no such file, another type of file, or a line that is no JSON object.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file")
    if path.suffix == ".parquet":
        from orion.files import read_table

        for number, row in enumerate(read_table(path).iter_rows(named=True), 1):
            yield f"{path}, row {number}", row
    elif path.suffix in (".jsonl", ".json"):
        try:
            file = path.open(encoding="utf-8-sig")  # some editors put a mark first
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror})") from None
        with file:
            try:
                for number, line in enumerate(file, 1):
                    if line.strip():
                        yield f"{path}, row {number}", _json_object(line, f"{path}, row {number}")
            except UnicodeDecodeError as error:
                raise UserError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from None
    else:
        raise UserError(f"{path}: give a .jsonl or .parquet file")


def _json_object(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise UserError(f"{where}: not valid JSON ({error}); one object a line is expected") from None
    if not isinstance(row, dict):
        raise UserError(f"{where}: a JSON object is expected, this is {type(row).__name__}")
    return row


def _hub_rows(hub: str, config: str | None, split: str, revision: str | None, **more: Any) -> Iterator[Located]:
    import datasets

    datasets.disable_progress_bars()
    try:
        data = datasets.load_dataset(hub, config, split=split, revision=revision, **more)
    except Exception as error:  # the library has no common class: no network, no such dataset, split, config, ...
        first = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise UserError(
            f"{more.get('data_files', hub)}: cannot be loaded ({first}); where the hub cannot be reached, "
            "download it elsewhere and give the file as 'path'"
        ) from None
    for number, row in enumerate(data, 1):
        yield f"{more.get('data_files', hub)}, row {number}", row


def _problem(
    row: Mapping[str, Any], where: str, source: BenchmarkSource, known: Known | None, name: str, number: int
) -> Problem:
    for column, theirs in source.columns.items():
        if column not in Problem._fields:
            raise UserError(f"columns: '{column}' is no column of ours; there are {', '.join(Problem._fields)}")
        if theirs not in row:
            raise UserError(f"{where}: no column '{theirs}' for our '{column}'; it has {', '.join(row)}")
    ours = dict(row) | {column: row[theirs] for column, theirs in source.columns.items()}
    if known and not source.columns and not (source.path and {"problem", "answer"} <= row.keys()):
        try:  # a local copy may be in our columns already
            ours = known.reader(row)
        except (KeyError, TypeError, IndexError) as error:
            raise UserError(f"{where}: not a row of {name} (column {error}); it has {', '.join(row)}") from None
    kind = ours.get("kind") or source.kind or (known.kind if known else "math")
    answer = _text(ours, "answer", where)
    kind = kind_of(answer) if kind == "auto" else _text({"kind": kind}, "kind", where)
    return Problem(
        id=_text(ours, "id", where) if ours.get("id") not in (None, "") else f"{name}-{number:04d}",
        problem=_text(ours, "problem", where),
        answer=plain_number(answer) if kind == "number" else answer,
        solution=str(ours.get("solution") or ""),
        source=name,
        kind=kind,
        subject=_optional(ours.get("subject")),
        level=_optional(ours.get("level")),
    )


def _text(row: Mapping[str, Any], column: str, where: str) -> str:
    """A text that must be there; numbers are taken as their text."""
    if column not in row:
        raise UserError(f"{where}: no column '{column}'; it has {', '.join(row)} (map it with 'columns')")
    value = row[column]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UserError(f"{where}, column {column}: a text is expected, this is {type(value).__name__} {value!r:.60}")
    text = repr(value) if isinstance(value, float) else str(value)
    if not text.strip():
        raise UserError(f"{where}, column {column}: empty; every problem needs one")
    return text.strip() if column != "problem" else text


def _optional(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def fingerprint(problem: str) -> str:
    """What names a problem in the list of exclusions: its text, spaces aside."""
    return sha256(" ".join(problem.split()).encode()).hexdigest()[:12]


def _without_excluded(
    problems: Iterable[Problem], source: BenchmarkSource, name: str, dropped: Counter[str]
) -> list[Problem]:
    problems = list(problems)
    lists = json.loads(EXCLUSIONS.read_text()).get(known_name(source.name or name), {}) if source.exclude else {}
    for wanted in source.exclude:
        if wanted not in lists:
            there = f"it has {', '.join(lists)}" if lists else "it has none"
            raise UserError(f"benchmarks.{name}.exclude: no list '{wanted}' for this benchmark; {there}")
        marked = set(lists[wanted])
        kept = [problem for problem in problems if fingerprint(problem.problem) not in marked]
        dropped[wanted] = len(problems) - len(kept)
        problems = kept
    return problems
