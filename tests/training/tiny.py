"""A student small enough to train in a second: two layers, a byte-level tokenizer, ChatML. Its files are real ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orion.chat import Chat
from orion.config.student import Student
from orion.config.training import TrainingSpec
from orion.students import Manifest, make
from orion.training.objectives import make_objective
from orion.training.rows import Example, make_examples

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
ROWS = [
    {"id": f"p{n}", "prompt": f"What is {n} + {n + 1}?", "completion": f"{n} + {n + 1} = {2 * n + 1}." * (1 + n % 3)}
    for n in range(10)
]


def write_model(folder: Path, context: int = 512) -> None:
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: n for n, letter in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|im_end|>")
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(fast), hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=context, tie_word_embeddings=True,
        eos_token_id=fast.eos_token_id,
    )  # fmt: skip
    torch.manual_seed(0)
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)


class Tiny:
    def __init__(self, folder: Path) -> None:
        write_model(folder / "model")
        self.student = Student(model=str(folder / "model"))
        self.manifest: Manifest = make(self.student, folder)
        self.manifest_path = folder / "manifest.json"
        self.chat = Chat.load(self.manifest, self.student)

    def spec(self, objective: str = "sft", **training: Any) -> TrainingSpec:
        given = {"dtype": "float32", "learning_rate": 0.01, "epochs": 2, "accumulation": 4} | training
        student = self.student.model_dump(exclude_none=True)
        return TrainingSpec.model_validate({"student": student, "objective": objective, "training": given})

    def examples(self, spec: TrainingSpec, rows: Sequence[dict[str, Any]] | None = None) -> list[Example]:
        return make_examples(as_rows(rows or ROWS), self.chat, make_objective(spec), 512, "set")[0]

    def reader(self, spec: TrainingSpec, start: Path | None = None) -> Any:
        import torch

        from orion.training.model import load

        torch.manual_seed(0)
        return load(self.manifest, spec.training, start, 512, torch.device("cpu"), False)


def as_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as a training set holds them: the prompt as JSON messages."""
    return [row | {"prompt": json.dumps([{"role": "user", "content": row["prompt"]}])} for row in rows]
