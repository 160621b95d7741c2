"""Data arms: equal thirds, one topic against mixed, patterns of mistakes in equal numbers, nothing uncounted."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion.config.choice import Choice
from orion.config.methods import Stage
from orion.errors import UserError
from orion.methods.choice import choose, pass_rates, thirds
from orion.methods.rows import Row, TrainingSet
from orion.types import Problem

IDS = [f"p{n:02}" for n in range(12)]
PROBLEMS = [Problem(id, f"{id}?", "1", subject="ab"[n % 2]) for n, id in enumerate(IDS)]


def full(ids=IDS, completion=lambda id: f"text of {id}") -> TrainingSet:
    return TrainingSet([Row(id, (), completion(id)) for id in ids])


def samples(right: dict[str, list[bool]], finish="stop") -> pl.DataFrame:
    rows = [(id, "correct" if ok else "wrong", finish) for id, draws in right.items() for ok in draws]
    return pl.DataFrame(rows, schema=["id", "verdict", "finish_reason"], orient="row")


def ids_of(found: TrainingSet) -> list[str]:
    return [row.id for row in found.rows]


@given(st.lists(st.integers(0, 3), max_size=30))
def test_thirds_are_equal_disjoint_whole_and_in_order(values: list[int]):
    ids = [f"p{n}" for n in range(len(values))]
    value = dict(zip(ids, values, strict=True))
    parts = thirds(ids, lambda id: value[id])
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(ids)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    for low, high in ((parts[0], parts[1]), (parts[1], parts[2])):
        assert not low or not high or max(value[id] for id in low) <= min(value[id] for id in high)


@pytest.mark.parametrize(("third", "expected"), [("easy", IDS[8:]), ("middle", IDS[4:8]), ("hard", IDS[:4])])
def test_difficulty_is_the_students_own_pass_rate_over_all_temperatures(third: str, expected: list[str]):
    """The rate of the n-th problem is n / 12, spread over two temperatures."""
    draws = {id: [True] * n + [False] * (12 - n) for n, id in enumerate(IDS)}
    exposure = [samples({id: d[:6] for id, d in draws.items()}), samples({id: d[6:] for id, d in draws.items()})]
    found = choose(full(), Choice(difficulty=third), 0, None, PROBLEMS, exposure)
    assert ids_of(found) == expected
    assert found.dropped["other-difficulty"] == 8
    rates = [int(id[1:]) / 12 for id in expected]
    assert found.about["difficulty"]["pass rate"] == pytest.approx(sum(rates) / 4, abs=1e-4)


def test_a_problem_that_was_never_sampled_has_no_difficulty():
    exposure = [samples({id: [True] for id in IDS[:6]}), samples({IDS[6]: [False]}, "error")]
    found = choose(full(), Choice(difficulty="easy"), 0, None, PROBLEMS, exposure)
    assert found.dropped["not-exposed"] == 6 and len(found.rows) + found.dropped.total() == 12
    assert pass_rates(exposure) == dict.fromkeys(IDS[:6], 1.0)


def test_length_is_that_of_the_completion():
    found = choose(full(completion=lambda id: "x" * int(id[1:])), Choice(length="long"), 0, None, PROBLEMS)
    assert ids_of(found) == IDS[8:] and found.dropped["other-length"] == 8


def test_several_keys_mean_all_of_them():
    exposure = [samples({id: [n >= 6] for n, id in enumerate(IDS)})]
    both = Choice(difficulty="easy", length="long")
    found = choose(full(completion=lambda id: "x" * int(id[1:])), both, 0, None, PROBLEMS, exposure)
    easy = set(ids_of(choose(full(), Choice(difficulty="easy"), 0, None, PROBLEMS, exposure)))
    assert set(ids_of(found)) == easy & set(IDS[8:])
    assert len(found.rows) + found.dropped.total() == 12


@given(st.integers(1, 6), st.integers(0, 9))
def test_one_topic_or_as_many_of_each(limit: int, seed: int):
    subject = {p.id: p.subject for p in PROBLEMS}
    one = choose(full(), Choice(topics="one"), seed, limit, PROBLEMS)
    mixed = choose(full(), Choice(topics="mixed"), seed, limit, PROBLEMS)
    assert len({subject[id] for id in ids_of(one)}) == 1
    counts = [sum(subject[id] == topic for id in ids_of(mixed)) for topic in "ab"]
    assert abs(counts[0] - counts[1]) <= 1
    for found in (one, mixed):
        assert len(found.rows) == limit and len(found.rows) + found.dropped["other-topic"] == 12


def test_the_seed_chooses_the_topic():
    subject = {p.id: p.subject for p in PROBLEMS}
    chosen = {subject[ids_of(choose(full(), Choice(topics="one"), seed, 3, PROBLEMS))[0]] for seed in range(9)}
    assert chosen == {"a", "b"}


def test_what_cannot_be_chosen_is_said():
    with pytest.raises(UserError, match="no topic has 7 problems with a row, the largest has 6"):
        choose(full(), Choice(topics="one"), 0, 7, PROBLEMS)
    with pytest.raises(UserError, match="name a `subject`"):
        choose(full(), Choice(topics="mixed"), 0, 2, [p._replace(subject=None) for p in PROBLEMS])


def test_patterns_of_mistakes_come_in_equal_numbers():
    patterns = ["logic"] * 5 + ["knowledge"] * 3 + ["calculation"] * 2 + [None] * 2
    rows = [Row(id, (), "right", "wrong", (f"r{id}", f"w{id}")) for id in IDS]
    mistakes = pl.DataFrame(
        {"right_key": [f"r{id}" for id in IDS], "wrong_key": [f"w{id}" for id in IDS], "pattern": patterns}
    )
    for pattern in ("logic", "knowledge", "calculation"):
        found = choose(TrainingSet(rows), Choice(mistakes=pattern), 1, None, PROBLEMS, mistakes=mistakes)
        assert len(found.rows) == 2
        assert all(patterns[IDS.index(row.id)] == pattern for row in found.rows)
        assert len(found.rows) + found.dropped.total() == 12
        assert found.about["mistakes"] == {"logic": 5, "knowledge": 3, "calculation": 2}
    choices = {
        tuple(ids_of(choose(TrainingSet(rows), Choice(mistakes="logic"), seed, None, PROBLEMS, mistakes=mistakes)))
        for seed in range(6)
    }
    assert len(choices) > 1


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ({"data": "cots", "choose": {}}, "names nothing to choose by"),
        ({"data": "cots", "choose": {"topics": "one"}}, "'choose.topics' goes with 'limit'"),
        ({"data": "cots", "choose": {"mistakes": "logic"}}, "goes with data: duals"),
        ({"data": "edited"}, "'passes' .* goes with data: edited"),
        ({"data": "cots", "passes": ["verify"]}, "'passes' .* goes with data: edited"),
        ({"data": "edited", "passes": ["verify", "verify"]}, "names one twice"),
        ({"data": "labels", "teacher": "x"}, "'teacher' does not go with data: labels"),
    ],
)
def test_keys_that_do_not_fit_are_refused(stage: dict, message: str):
    with pytest.raises(ValueError, match=message):
        Stage.model_validate({"objective": "sft"} | stage)
