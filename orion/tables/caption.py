"""What a reader must know of a table: n, k, decoding, grader, engine, seeds, dates, from the files' metadata."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from orion.tables.comparison import AVERAGE, Table
from orion.tables.trained import sentences


def _distinct(values: Iterable[Any]) -> list[Any]:
    """Distinct JSON-able values that say something, in order."""
    texts = [json.dumps(value, sort_keys=True) for value in values if value not in (None, "", {})]
    return [json.loads(text) for text in dict.fromkeys(texts)]


def _settings(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_settings(v)}" for key, v in sorted(value.items()) if v is not None)
    return str(value)


def _listed(values: Iterable[Any]) -> str:
    return "; ".join(map(_settings, values))


def caption(table: Table) -> list[str]:
    """Sentences, without markup."""
    spec = table.spec
    entries = table.entries.values()
    cells = [cell for entry in entries for cell in entry.cells]
    runs = [run for cell in cells for run in cell.runs]
    student, method = table.students[0], spec.methods[0]
    sizes = {
        column.name: entry.cells[0]
        for (s, m, column), entry in table.entries.items()
        if (s, m) == (student, method) and column.name != AVERAGE and not column.greedy
    }
    percent = f"{100 * spec.confidence:g}%"
    said = [
        f"Scores in percent with {percent} intervals. Problems x draws: "
        + ", ".join(f"{spec.label(name)} {len(cell.ids)} x {cell.draws}" for name, cell in sizes.items())
        + ".",
        "Acc@1 is the mean over the draws, Acc@k the unbiased pass@k.",
    ]
    if spec.answers:
        said.append("Tokens are those of an answer, on the mean; cut off is the share of answers that met the limit.")
    exhausted = sorted({cell.draws for cell in sizes.values()} & set(spec.k) - {1})
    if exhausted:
        said.append(f"With n = k = {_ks(exhausted)}, Acc@k is 'any of the draws is right'.")
    for greedy, name in ((False, spec.decoding), (True, spec.greedy)):
        found = [r for (_, _, c), e in table.entries.items() if c.greedy == greedy for x in e.cells for r in x.runs]
        how = _distinct(run.get("sampling") for run in found)
        if name:
            said.append(f"{'Greedy decoding' if greedy else 'Decoding'} {name}: {_listed(how) or 'not recorded'}.")
    grading = _listed(_distinct(run.get("grading") for run in runs))
    said.append(f"Grader: orion.verify ({grading or 'defaults'}).")
    engines = _distinct(" ".join(str(run[key]) for key in ("engine", "engine_version") if run.get(key)) for run in runs)
    said.append(f"Engine: {_listed(engines) or 'not recorded'}.")
    seeds = {m: max(len(e.cells[0].seeds) for (_, x, _), e in table.entries.items() if x == m) for m in spec.methods}
    said.append("Training seeds: " + ", ".join(f"{spec.label(m)} {count}" for m, count in seeds.items()) + ".")
    if any(count > 1 for count in seeds.values()):
        said.append("Intervals and tests hold the seeds as a level above the problems.")
    if 1 in [count for m, count in seeds.items() if m != "vanilla"]:
        said.append("A method with one seed is compared as this one adapter, not as a method.")
    said += sentences(table)
    said += _dates("Sampled", (day for run in runs for day in run.get("sampled", [])))
    said += _dates("Scored", (run["scored"] for run in runs if run.get("scored")))
    said.append(_rates(table))
    if spec.teacher == "script":
        said.append("The teacher is a script that writes worked solutions, not a language model.")
    if table.tests:
        said.append(
            f"Tests: paired sign flips over problems, Holm-corrected over the {len(table.tests)} tests of this table. "
            "Bold: best, and separated from every other; underlined: second, and the best where no test separates it; "
            "dagger: not separated from the best baseline."
        )
    return said


def _dates(word: str, days: Iterable[str]) -> list[str]:
    found = sorted(days)
    return [f"{word} {found[0]}" + (f" to {found[-1]}." if found[-1] != found[0] else ".")] if found else []


def _ks(ks: Iterable[int]) -> str:
    return ", ".join(map(str, ks))


def _rates(table: Table) -> str:
    """Worst rate over the table: a reader wants to know if truncation or grading can explain a difference."""
    worst = {}
    for name, words in (("truncated", "cut off"), ("no_answer", "without an answer"), ("unverified", "not gradable")):
        rates = [
            (float(cell.counts[name].mean()) / cell.draws, method, benchmark)
            for (student, method, benchmark, decoding), cell in table.cells.items()
            if student in table.students
            and method in table.spec.methods
            and benchmark in table.benchmarks
            and decoding == table.spec.decoding
        ]
        rate, method, benchmark = max(rates, key=lambda found: found[0])  # the first of equals
        at = f" ({table.spec.label(method)} on {table.spec.label(benchmark)})" if rate else ""
        worst[words] = f"{100 * rate:.1f}%{at}"
    return "Highest share of samples " + ", ".join(f"{words} {rate}" for words, rate in worst.items()) + "."
