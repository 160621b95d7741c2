"""What is trained, and what is not: the mask, the end token, and the rows that are refused or dropped with a count."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orion.chat import Chat
from orion.errors import UserError
from orion.training.objectives import make_objective
from orion.training.preflight import check_rendering
from orion.training.rows import make_examples, matched, messages_of, read_rows
from tests.training.tiny import ROWS, Tiny, as_rows


def test_completion_and_end_token_are_trained_and_the_prompt_is_not(tiny: Tiny) -> None:
    row = as_rows(ROWS)[3]
    (example,) = tiny.examples(tiny.spec(), [ROWS[3]])
    (side,) = example.sides
    assert side.ids[: side.start] == tiny.chat.prompt(messages_of(row, "set"))
    assert tiny.chat.tokenizer.decode(side.ids[side.start :]) == row["completion"] + "<|im_end|>"
    assert side.weights == [1.0] * (len(side.ids) - side.start)


def test_a_prefix_is_given_and_not_trained(tiny: Tiny) -> None:
    (example,) = tiny.examples(tiny.spec(), [ROWS[0] | {"prefix": "Step 1. "}])
    (side,) = example.sides
    assert tiny.chat.tokenizer.decode(side.ids[: side.start]).endswith("assistant\nStep 1. ")
    assert tiny.chat.tokenizer.decode(side.ids[side.start :]).startswith(ROWS[0]["completion"])


def test_rows_that_cannot_be_trained_on_are_dropped_and_counted(tiny: Tiny) -> None:
    rows = [*ROWS[:2], ROWS[2] | {"completion": "x" * 600}, ROWS[3] | {"completion": ""}]
    rows.append(ROWS[4] | {"completion": "one<|im_end|>two"})
    examples, stats = make_examples(as_rows(rows), tiny.chat, make_objective(tiny.spec()), 512, "set")
    assert [example.id for example in examples] == ["p0", "p1"]
    assert (stats["in"], stats["out"]) == (5, 2)
    assert stats["dropped"] == {"empty completion": 1, "end token inside the completion": 1, "too long": 1}


def test_matched_arms_train_on_problems_that_all_can_train_on(tiny: Tiny, training_set: Callable[..., Path]) -> None:
    """Not only in the files: a problem whose only row is too long for one arm is left out by all."""
    short, long = "1.", "x" * 600
    labels = [{"id": id, "prompt": "?", "completion": short} for id in "abcd"]
    cots = [("a", short, None), ("b", long, None), ("c", long, None), ("c", short, None), ("d", short, long)]
    other = training_set(
        [{"id": id, "prompt": "?", "completion": text, "rejected": wrong} for id, text, wrong in cots], "other.parquet"
    )
    assert [row["id"] for row in matched(as_rows(labels), [other], tiny.chat, 512)] == ["a", "c"]
    with pytest.raises(UserError, match=r"other\.parquet: no problem is left"):
        matched(as_rows(labels[1:2]), [other], tiny.chat, 512)


def test_when_no_row_is_left_the_error_says_why_and_what_to_do(tiny: Tiny) -> None:
    with pytest.raises(UserError, match=r"not one of 1 rows .*1 too long.*max_length is 20: raise"):
        make_examples(as_rows(ROWS[:1]), tiny.chat, make_objective(tiny.spec()), 20, "set")


def test_an_empty_training_set_is_an_error_that_names_the_file(training_set: Callable[..., Path]) -> None:
    with pytest.raises(UserError, match=r"set\.parquet: the training set is empty"):
        read_rows(training_set([]), ["completion"])


def test_a_missing_column_is_named(training_set: Callable[..., Path]) -> None:
    with pytest.raises(UserError, match=r"no column rejected; this objective needs id, prompt, completion, rejected"):
        read_rows(training_set(ROWS), ["completion", "rejected"])


def test_identical_sides_bear_no_krsl_loss_and_are_dropped(tiny: Tiny) -> None:
    rows = [ROWS[0] | {"rejected": ROWS[0]["completion"]}, ROWS[1] | {"rejected": "1 + 2 = 4."}]
    objective = make_objective(tiny.spec("krsl"))
    _, stats = make_examples(as_rows(rows), tiny.chat, objective, 512, "set")
    assert stats["dropped"] == {"no token bears a loss": 1}


def test_prompts_that_are_rendered_otherwise_than_sampled_are_refused(tiny: Tiny) -> None:
    """Template drift: rows made with one template, sampling with another."""
    rows = as_rows(ROWS)
    examples = tiny.examples(tiny.spec())
    other = Chat(tiny.chat.tokenizer, "Hello. " + tiny.chat.template, tiny.student)
    check_rendering(rows, examples, tiny.chat, ["completion"], "set")
    with pytest.raises(UserError, match=r"set, row p0: .*no prefix.*template drift"):
        check_rendering(rows, examples, other, ["completion"], "set")


def test_a_template_that_begins_twice_is_refused(tiny: Tiny) -> None:
    tokenizer = tiny.chat.tokenizer.__class__.from_pretrained(tiny.student.model)
    tokenizer.add_special_tokens({"bos_token": "<|im_start|>"})
    twice = Chat(tokenizer, "<|im_start|>" + tiny.chat.template, tiny.student)
    with pytest.raises(UserError, match="2 BOS tokens"):
        make_examples(as_rows(ROWS), twice, make_objective(tiny.spec()), 512, "set")


def test_thinking_that_a_template_would_strip_is_kept_and_reported(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    strips = tiny.chat.template.replace("m['content']", "m['content'].split('</think>')[-1]")
    chat = Chat(tiny.chat.tokenizer, strips, tiny.student)
    rows = as_rows([ROWS[0] | {"completion": "<think>carry the one</think>It is 1."}])
    examples, _ = make_examples(rows, chat, make_objective(tiny.spec()), 512, "set")
    assert "<think>carry the one</think>" in chat.tokenizer.decode(examples[0].sides[0].ids)
    assert check_rendering(rows, examples, chat, ["completion"], "set")["template_drift"] == 1
    assert "chat template would write the finished conversation otherwise" in capsys.readouterr().out
