"""The embedded problems: seeded, solvable from their text alone, never in both training and benchmarks."""

from hypothesis import given, settings
from hypothesis import strategies as st

from orion.errors import UserError
from orion.problems.arithmetic import FAMILIES, generate, is_held_out, read_steps


def make(held_out: bool, seed: str = "s", numbers: tuple[int, int] = (2, 12), count: int = 20):
    return [p for _, p in generate(dict.fromkeys(FAMILIES, count), numbers, seed, held_out)]


@settings(max_examples=25, deadline=None)
@given(seed=st.text(max_size=5), low=st.integers(1, 5), width=st.integers(6, 30), held_out=st.booleans())
def test_every_problem_can_be_read_back_and_solved_from_its_text(seed, low, width, held_out):
    for problem in make(held_out, seed, (low, low + width), 5):
        steps = read_steps(problem.problem)
        assert str(steps[-1].value) == problem.answer
        for step in steps:
            assert eval(str(step).replace("=", "==").replace(" / ", " // "))
        assert problem.solution.endswith(rf"\boxed{{{problem.answer}}}.")


def test_families_have_the_number_of_steps_in_their_name():
    names = {"one-step": 1, "two-step": 2, "three-step": 3, "four-step": 4}
    for family, problem in generate(dict.fromkeys(FAMILIES, 10), (2, 12), "s", False):
        assert len(read_steps(problem.problem)) == names[family]


def test_no_problem_is_in_both_training_and_benchmarks():
    train, bench = make(False, "a", count=60), make(True, "a", count=60)
    assert not {p.problem for p in train} & {p.problem for p in bench}
    assert not any(is_held_out(p.problem) for p in train)
    assert all(is_held_out(p.problem) for p in bench)


def test_asking_for_more_problems_keeps_those_there_were():
    few, many = make(False, count=5), make(False, count=15)
    assert {p.id: p for p in few}.items() <= {p.id: p for p in many}.items()


def test_ids_and_texts_are_distinct():
    problems = make(False, count=50)
    assert len({p.id for p in problems}) == len({p.problem for p in problems}) == len(problems)


def test_more_problems_than_there_are_is_an_error_that_says_how_many():
    try:
        list(generate({"one-step": 100_000}, (2, 3), "s", False))
    except UserError as error:
        assert "distinct 'one-step' problems" in str(error)
    else:
        raise AssertionError("100,000 problems with two numbers")
