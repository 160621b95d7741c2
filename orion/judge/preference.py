"""`python -m orion.judge.preference`: the same problem's CoTs of several methods, side by side before a judge.

From training sets to `results/analysis/{student}/judged/preference.parquet`, one row a judgement. A problem gives a
choice among all methods in several orders, and every pair of methods in both. The judge sees letters, not names, and
not the right answer. Every second order is the reverse of the one before, so that no method stands first more often
than last. A method's CoT is a choice by the hash of its text where it has several; texts that are equal are shown
once, for all methods that have them, and two methods with one text are a tie that nobody is asked about.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from random import Random
from string import ascii_uppercase
from typing import Any, NamedTuple

from orion import cli
from orion.config.judge import Preference
from orion.errors import UserError
from orion.judge.verdicts import COLUMNS, AskedBy, Question, counts, described, judged
from orion.prompts import fill
from orion.types import Problem, digest

JOIN = "+"  # between methods with the same text; no name has it
SCHEMA: dict[str, type] = {
    "id": str, "kind": str, "order": int, "shown": list, "chosen": str, "longest_over_shortest": float,
} | COLUMNS  # fmt: skip


class PreferenceSpec(AskedBy):
    """The config keys on which the judgements depend. `methods` are those of the training sets, in order."""

    preference: Preference
    prompt: str


class Candidate(NamedTuple):
    """A text, and the methods whose text it is, joined."""

    methods: str
    text: str


def chosen_texts(rows: Sequence[tuple[str, str]]) -> dict[str, str]:
    """One of a method's CoTs for each problem, from (id, completion) rows: by a hash."""
    best: dict[str, str] = {}
    for id, text in rows:
        if text.strip() and (id not in best or digest([id, text]) < digest([id, best[id]])):
            best[id] = text
    return {id: text.strip() for id, text in best.items()}


def shared_problems(texts: Mapping[str, Mapping[str, str]], limit: int) -> list[str]:
    """At most `limit` of the problems that every method has, by the hash of their ids."""
    everywhere = set.intersection(*(set(found) for found in texts.values()))
    return sorted(everywhere, key=digest)[:limit]


def candidates(texts: Mapping[str, Mapping[str, str]], id: str, methods: Sequence[str]) -> list[Candidate]:
    """The different texts of a problem, in the order of the methods."""
    owners: dict[str, list[str]] = {}
    for method in methods:
        owners.setdefault(texts[method][id], []).append(method)
    return [Candidate(JOIN.join(names), text) for text, names in owners.items()]


def orders(found: Sequence[Candidate], id: str, count: int) -> Iterator[list[Candidate]]:
    """So many orders: shuffles by the problem's id, each followed by its reverse."""
    for number in range(count):
        if number % 2 == 0:
            order = list(found)
            Random(digest([id, number])).shuffle(order)
        yield order if number % 2 == 0 else order[::-1]


def question(problem: Problem, kind: str, number: int, order: Sequence[Candidate], prompt: str) -> Question:
    letters = ascii_uppercase[: len(order)]
    shown = "\n\n".join(
        f"<solution {letter}>\n{candidate.text}\n</solution {letter}>"
        for letter, candidate in zip(letters, order, strict=True)
    )
    sizes = [len(candidate.text) for candidate in order]
    about = {
        "kind": kind,
        "order": number,
        "shown": [candidate.methods for candidate in order],
        "longest_over_shortest": max(sizes) / min(sizes),
    }
    return Question(problem.id, fill(prompt, problem=problem.problem, solutions=shown), tuple(letters), about)


def questions(
    problems: Mapping[str, Problem], texts: Mapping[str, Mapping[str, str]], spec: PreferenceSpec
) -> list[Question]:
    """All that is to be judged; those with one text only have nothing to decide and are left to `same`."""
    wanted = spec.preference
    asked = []
    for id in shared_problems(texts, wanted.problems):
        found = candidates(texts, id, list(texts))
        if len(found) > 1:
            asked += [
                question(problems[id], "choice", number, order, spec.prompt)
                for number, order in enumerate(orders(found, id, wanted.orders))
            ]
        for pair in combinations(texts, 2) if wanted.pairs else ():
            two = candidates(texts, id, pair)
            if len(two) == 2:
                both = enumerate(orders(two, f"{id} {' '.join(pair)}", 2))
                asked += [question(problems[id], "pair", number, order, spec.prompt) for number, order in both]
    return asked


def same(texts: Mapping[str, Mapping[str, str]], spec: PreferenceSpec) -> list[dict[str, Any]]:
    """Rows for methods that have one and the same text: chosen together, without a question."""
    found = []
    for id in shared_problems(texts, spec.preference.problems):
        pairs = combinations(texts, 2) if spec.preference.pairs else ()
        for kind, methods in (("choice", tuple(texts)), *(("pair", pair) for pair in pairs)):
            one = candidates(texts, id, methods)
            if len(one) == 1:
                found.append(
                    dict.fromkeys(SCHEMA)
                    | {"id": id, "kind": kind, "order": 0, "shown": [one[0].methods], "chosen": one[0].methods}
                    | {"longest_over_shortest": 1.0, "prompt_tokens": 0, "completion_tokens": 0, "cost": 0.0}
                    | {"kept": True}
                )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.judge.preference", description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON (or @FILE): teacher, temperature, max_tokens, preference")
    parser.add_argument("--problems", required=True, type=Path, help="parquet of training problems")
    parser.add_argument(
        "--training-set", action="append", required=True, metavar="METHOD=PATH", help="parquet: id, completion"
    )
    parser.add_argument("--store", required=True, type=Path, help="folder that keeps every response for good")
    parser.add_argument("--endpoint", help="JSON (or @FILE): where and how hard to ask; changes no result")
    parser.add_argument("--offline", action="store_true", help="ask nothing; fail and list what the store lacks")
    parser.add_argument("--output", required=True, type=Path, help="parquet; beside it <stem>.stats.json")
    arguments = parser.parse_args()
    spec = PreferenceSpec.parse(cli.read_spec(arguments.spec))
    paths = cli.notes(arguments.training_set)
    if len(paths) < 2:
        raise UserError("--training-set: a preference needs two methods or more")

    from orion.files import read_table
    from orion.problems.table import read_problems
    from orion.teacher.program import open_asking, write_outputs

    texts = {name: chosen_texts(read_table(path).select("id", "completion").rows()) for name, path in paths.items()}
    problems = {problem.id: problem for problem in read_problems(arguments.problems)}
    asked = questions(problems, texts, spec)
    with open_asking(spec.teacher, arguments, "preference") as asking:
        rows = judged(asked, "Choice", asking, spec)
    for row in rows:
        row["chosen"] = row["shown"][ascii_uppercase.index(row["verdict"])] if row["kept"] else None
    stats = counts(rows) | {
        "problems": len(shared_problems(texts, spec.preference.problems)),
        "same_text": len(same(texts, spec)),
    }
    about = described(spec.teacher) | {"methods": list(texts), "similar": spec.preference.similar}
    write_outputs(arguments.output, [*rows, *same(texts, spec)], SCHEMA, about, stats)
    print(f"{stats['out']} of {stats['in']} judgements on {stats['problems']} problems")


if __name__ == "__main__":
    cli.run(main)
