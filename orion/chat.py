"""Chat rendering, in one place: messages -> token ids, for sampling, training and evaluation alike.

Template mistakes (two BOS tokens, none, no generation prompt, a thinking part opened or closed behind one's back) halve
scores without a word, so every prompt is checked before its first token is sampled or trained on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion.config.student import Student
from orion.errors import UserError
from orion.types import Message

if TYPE_CHECKING:
    from orion.students import Manifest

# For base models, which come without a template: a heading before each part, and the end-of-text token after an answer.
PLAIN_TEMPLATE = (
    "{{ bos_token if add_bos else '' }}"
    "{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ message['content'] + '\n\n' if message['content'] else '' }}"
    "{% elif message['role'] == 'user' %}{{ 'Question:\n' + message['content'] + '\n\n' }}"
    "{% else %}{{ 'Answer:\n' + message['content'] + eos_token + '\n\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Answer:\n' }}{% endif %}"
)
_PROBE = "What is 2 + 3?"


def template_of(tokenizer: Any, student: Student) -> tuple[str, str]:
    """The template's text, and whose it is.

    Raises:
        UserError: the config names a template file that cannot be read.
    """
    if student.chat_template is not None:
        try:
            return Path(student.chat_template).expanduser().read_text(encoding="utf-8"), student.chat_template
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"chat_template: {student.chat_template}: {error}") from None
    own = tokenizer.chat_template
    if isinstance(own, dict):  # some models bring several, by purpose
        own = own.get("default") or next(iter(own.values()))
    return (own, "model") if own else (PLAIN_TEMPLATE, "plain")


def load_tokenizer(manifest: Manifest, student: Student) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(**manifest.arguments(), trust_remote_code=student.trust_remote_code)


class Chat:
    """Renders for one student. Token ids are plain lists of int, without padding."""

    def __init__(self, tokenizer: Any, template: str, student: Student) -> None:
        self.tokenizer = tokenizer
        self.template = template
        self.student = student
        bare = tokenizer("a").input_ids
        self._adds_bos = tokenizer.bos_token_id is not None and bare[:1] == [tokenizer.bos_token_id]
        self.end_id = self._turn_end()

    @classmethod
    def load(cls, manifest: Manifest, student: Student) -> Chat:
        """
        Raises:
            UserError: the template is not the one that the manifest pins.
        """
        tokenizer = load_tokenizer(manifest, student)
        template, _ = template_of(tokenizer, student)
        if hashlib.sha256(template.encode()).hexdigest() != manifest.template_sha256:
            raise UserError(f"chat template of {manifest.source} differs from its manifest's; make the manifest anew")
        return cls(tokenizer, template, student)

    @property
    def stop_ids(self) -> set[int]:
        """Tokens that end an answer, beside those of the model's generation config."""
        return {self.end_id} | ({self.tokenizer.eos_token_id} - {None})

    def _render(self, messages: Sequence[Message], generation_prompt: bool) -> str:
        from jinja2 import TemplateError

        thinking = self.student.thinking
        try:
            text: str = self.tokenizer.apply_chat_template(
                [{"role": message.role, "content": message.content} for message in messages],
                chat_template=self.template,
                add_generation_prompt=generation_prompt,
                tokenize=False,
                enable_thinking=thinking,  # Qwen3, GLM
                thinking=thinking,  # DeepSeek-V3.1, Granite
                add_bos=self._adds_bos,  # our plain template
            )
        except TemplateError as error:
            hint = "; leave system_prompt out if the model takes none" if messages[0].role == "system" else ""
            raise UserError(f"chat template of {self.student.model} refuses the messages: {error}{hint}") from None
        return text

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False).input_ids
        return ids

    def _turn_end(self) -> int:
        """The token that the template puts after an assistant's turn; the tokenizer's EOS where it puts none."""
        answer = "It is 5."
        text = self._render([Message("user", _PROBE), Message("assistant", answer)], generation_prompt=False)
        behind = self._ids(text[text.rfind(answer) + len(answer) :]) if answer in text else []
        special = set(self.tokenizer.all_special_ids) | set(self.tokenizer.added_tokens_decoder)
        end = next((token for token in behind if token in special), self.tokenizer.eos_token_id)
        if end is None:
            raise UserError(f"{self.student.model}: neither template nor tokenizer ends a turn; set chat_template")
        return int(end)

    def _with_system(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The student's system prompt goes first where it has one and the messages bring none of their own."""
        system = self.student.system_prompt
        return messages if system is None or messages[0].role == "system" else [Message("system", system), *messages]

    def prompt_text(self, messages: Sequence[Message]) -> str:
        """
        Raises:
            UserError: a check failed; the text names the check and the remedy.
        """
        name = f"chat template of {self.student.model}"
        messages = self._with_system(messages)
        text = self._render(messages, generation_prompt=True)
        if text == self._render(messages, generation_prompt=False):
            raise UserError(f"{name} has no generation prompt, the model would play the user; set chat_template")
        for message in messages:  # an assistant's earlier thinking part is dropped on purpose by some
            if message.role != "assistant" and message.content.strip() not in text:
                raise UserError(f"{name} drops the {message.role} message; leave it out or set chat_template")
        return text

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Token ids of a prompt up to where the student's answer begins: at least one.

        Raises:
            UserError: a check failed; the text names the check and the remedy.
        """
        ids = self._ids(self.prompt_text(messages))
        bos = self.tokenizer.bos_token_id
        leading = next((n for n, token in enumerate(ids) if token != bos), len(ids)) if bos is not None else 0
        if leading > 1 or (leading == 0 and self._adds_bos):
            name = f"chat template of {self.student.model}"
            raise UserError(f"{name} begins a prompt with {leading} BOS tokens instead of one; set chat_template")
        return ids

    def row(self, messages: Sequence[Message], completion: str) -> tuple[list[int], list[int]]:
        """A training row: the prompt exactly as it is sampled from, and the completion with its end token.
        The two are tokenised apart, so the prompt's ids are a prefix of the whole row's by construction."""
        return self.prompt(messages), [*self._ids(completion), self.end_id]

    def drift(self, messages: Sequence[Message], completion: str) -> str | None:
        """What the template itself would make of the finished conversation where it differs from `row` (templates may
        strip a thinking part or add one), for preflight reports; None where they agree."""
        whole = self._render([*self._with_system(messages), Message("assistant", completion)], generation_prompt=False)
        ours = self.prompt_text(messages) + completion
        return None if whole.startswith(ours) else whole

    def decode(self, ids: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of a prompt, to see whether it fits the context."""
        return len(self.prompt(messages))

    def check(self) -> None:
        """All checks on a probe, and the thinking switch, before any real prompt.

        Raises:
            UserError: names the check and the remedy.
        """
        messages = [Message("user", _PROBE)]
        self.prompt(messages)
        opened = self.prompt_text(messages).rstrip().endswith("<think>")
        if opened and not self.student.thinking:
            raise UserError(f"chat template of {self.student.model} always opens a thinking part; set thinking: true")
        if self.student.thinking and not opened and "thinking" not in self.template:
            raise UserError(f"chat template of {self.student.model} has no thinking switch; leave thinking out")
