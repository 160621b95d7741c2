"""Promises of the grader's two functions, on a handful of outputs (the table of cases is in test_cases.py)."""

from orion.verify import answer_classes, verify, verify_batch


def test_a_right_answer_in_another_form_is_correct() -> None:
    verdict = verify("<think>hm</think>So it is \\boxed{\\dfrac12}.", "0.5")
    assert (verdict.verdict, verdict.answer, verdict.how) == ("correct", "\\dfrac12", "boxed:rational")


def test_thinking_that_never_closed_has_no_answer() -> None:
    verdict = verify("<think>maybe \\boxed{3}", "3")
    assert (verdict.verdict, verdict.answer, verdict.how) == ("wrong", None, "unclosed-thinking")


def test_a_comparison_that_cannot_end_is_unverified_and_the_batch_goes_on() -> None:
    verdicts = verify_batch([("\\boxed{9^{9^{9^9}}}", "42"), ("\\boxed{42}", "42")], timeout=1.0)
    assert [verdict.verdict for verdict in verdicts] == ["unverified", "correct"]
    assert verdicts[0].reason


def test_equivalent_answers_share_a_class() -> None:
    assert answer_classes(["7", "0.5", None, "\\frac{1}{2}", "1/2", "7.0"]) == [0, 1, None, 1, 1, 0]
