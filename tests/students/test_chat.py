"""Chat rendering: each silent killer (BOS, generation prompt, thinking, system prompt, EOS) is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orion.chat import PLAIN_TEMPLATE, Chat, template_of
from orion.config.student import Student
from orion.errors import UserError
from orion.types import Message
from tests.training.tiny import TEMPLATE, write_model

ASK = [Message("user", "What is 2 + 3?")]
THINKING = TEMPLATE.replace(
    "<|im_start|>assistant\n{% endif %}",
    "<|im_start|>assistant\n{% if not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}",
)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from transformers import AutoTokenizer

    folder = tmp_path_factory.mktemp("model")
    write_model(folder)
    return AutoTokenizer.from_pretrained(folder)


def chat(tokenizer: Any, template: str = TEMPLATE, **student: Any) -> Chat:
    return Chat(tokenizer, template, Student(model="org/name", **student))


def text(rendered: Chat, messages: list[Message] = ASK) -> str:
    return str(rendered.tokenizer.decode(rendered.prompt(messages)))


def test_a_prompt_ends_where_the_answer_begins_and_a_row_with_the_end_token(tokenizer: Any) -> None:
    ours = chat(tokenizer)
    assert text(ours) == "<|im_start|>user\nWhat is 2 + 3?<|im_end|>\n<|im_start|>assistant\n"
    prompt, completion = ours.row(ASK, "\nIt is 5.")
    assert prompt == ours.prompt(ASK)
    assert tokenizer.decode(completion) == "\nIt is 5.<|im_end|>"
    assert completion[-1] == ours.end_id and ours.end_id in ours.stop_ids


def test_the_end_of_a_turn_is_the_templates_and_not_the_tokenizers(tokenizer: Any) -> None:
    # Llama 3: turns end in another token than the tokenizer's EOS
    other = TEMPLATE.replace("{{ m['content'] }}<|im_end|>", "{{ m['content'] }}<|im_start|>")
    ours = chat(tokenizer, other)
    assert ours.end_id == tokenizer.convert_tokens_to_ids("<|im_start|>")
    assert ours.stop_ids == {ours.end_id, tokenizer.eos_token_id}


def test_the_system_prompt_goes_first_where_one_is_set(tokenizer: Any) -> None:
    assert text(chat(tokenizer, system_prompt="Be brief.")).startswith("<|im_start|>system\nBe brief.<|im_end|>")
    own = [Message("system", "Mine."), *ASK]
    assert "Be brief." not in text(chat(tokenizer, system_prompt="Be brief."), own)
    drops = "{% for m in messages if m.role != 'system' %}{{ m.content }}{% endfor %}"
    drops += "{% if add_generation_prompt %}>{% endif %}"
    with pytest.raises(UserError, match="drops the system message"):
        chat(tokenizer, drops, system_prompt="Be brief.").check()
    refuses = "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}" + TEMPLATE
    with pytest.raises(UserError, match=r"no system role.*leave system_prompt out"):
        chat(tokenizer, refuses, system_prompt="Be brief.").check()


def test_a_template_without_a_generation_prompt_is_refused(tokenizer: Any) -> None:
    with pytest.raises(UserError, match="generation prompt"):
        chat(tokenizer, "{% for m in messages %}{{ m.content }}{% endfor %}").check()


def test_thinking_is_as_configured(tokenizer: Any) -> None:
    assert "<think>\n\n</think>" in text(chat(tokenizer, THINKING))
    assert "<think>" not in text(chat(tokenizer, THINKING, thinking=True))
    with pytest.raises(UserError, match="no thinking switch"):
        chat(tokenizer, thinking=True).check()
    always = TEMPLATE.replace("<|im_start|>assistant\n", "<|im_start|>assistant\n<think>\n")
    with pytest.raises(UserError, match="set thinking: true"):
        chat(tokenizer, always).check()
    chat(tokenizer, always, thinking=True).check()


def with_bos(tokenizer: Any) -> Any:
    """The tokenizer of a model that begins every text with a BOS token, as Llama's does."""
    from copy import deepcopy

    from tokenizers import processors

    made = deepcopy(tokenizer)
    made.bos_token = "<|im_start|>"
    made.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<|im_start|> $A", special_tokens=[("<|im_start|>", made.bos_token_id)]
    )
    return made


@pytest.mark.parametrize(
    ("start", "count"), [("", "0"), ("{{ bos_token }}", None), ("{{ bos_token }}{{ bos_token }}", "2")]
)
def test_a_prompt_begins_with_exactly_one_bos(tokenizer: Any, start: str, count: str | None) -> None:
    body = "{% for m in messages %}{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}A:{% endif %}"
    ours = chat(with_bos(tokenizer), start + body)
    if count is None:
        ours.check()
        assert ours.prompt(ASK).count(ours.tokenizer.bos_token_id) == 1
    else:
        with pytest.raises(UserError, match=f"{count} BOS tokens"):
            ours.check()


def test_a_base_model_gets_the_plain_template(tokenizer: Any) -> None:
    from copy import deepcopy

    base = deepcopy(tokenizer)
    base.chat_template = None
    student = Student(model="org/base")
    assert template_of(base, student) == (PLAIN_TEMPLATE, "plain")
    ours = chat(base, PLAIN_TEMPLATE)
    ours.check()
    assert text(ours) == "Question:\nWhat is 2 + 3?\n\nAnswer:\n"
    assert ours.end_id == base.eos_token_id
    assert text(chat(base, PLAIN_TEMPLATE, system_prompt="Be brief.")).startswith("Be brief.\n\nQuestion:")
    begun = chat(with_bos(base), PLAIN_TEMPLATE)
    assert begun.prompt(ASK).count(begun.tokenizer.bos_token_id) == 1


def test_a_template_of_ones_own_takes_the_place_of_the_models(tokenizer: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.jinja").write_text(THINKING, encoding="utf-8")
    student = Student(model="org/name", chat_template=str(tmp_path / "mine.jinja"))
    assert template_of(tokenizer, student) == (THINKING, str(tmp_path / "mine.jinja"))
    with pytest.raises(UserError, match="chat_template"):
        template_of(tokenizer, Student(model="org/name", chat_template=str(tmp_path / "none.jinja")))


def test_drift_shows_what_the_template_would_make_of_an_answer(tokenizer: Any) -> None:
    assert chat(tokenizer).drift(ASK, "It is 5.") is None
    strips = TEMPLATE.replace("{{ m['content'] }}", "{{ m['content'].split('</think>')[-1] }}")
    assert "hidden" not in str(chat(tokenizer, strips).drift(ASK, "<think>hidden</think>5"))
