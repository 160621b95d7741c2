"""The decode loop at its edges: prompts that share a beginning, rows that wait for memory, slots that change hands."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from orion.config.student import Student
from orion.engines.decoding import Decoder, Row
from orion.engines.slots import Slots
from orion.engines.transformers import TransformersEngine
from orion.types import Sampling


@pytest.fixture(scope="module")
def model(folder: Path, student: Student) -> torch.nn.Module:
    network: torch.nn.Module = TransformersEngine(folder, None, student, threads=1).loaded
    return network


def decode(model: torch.nn.Module, prompts: list[list[int]], slots: int, memory: int = 1 << 30) -> dict[int, list[int]]:
    rows = [Row(n, tuple(ids), Sampling(0.9, 12, top_p=0.95), n, 12 - n % 5) for n, ids in enumerate(prompts)]
    decoder = Decoder(model, set(), lambda row: False, slots=slots, memory=memory)
    return {row.index: row.tokens for row in decoder.decode(rows)}


START = list(range(60, 90))


@pytest.mark.parametrize(
    "prompts",
    [
        [[5, 6], [6, 7, 8], [5, 6]],  # the shortest there are
        [START, [*START, 1], [*START, 1, 2, 3]],  # one is the beginning of the others
        [[*START, 1], [*START, 2], [*START, 2, 3, 4, 5, 6, 7, 8]],  # all but one token is shared
        [[*START, n, n + 1] for n in range(7)] * 3 + [list(range(200))],  # draws, and one far longer
    ],
    ids=["short", "prefixes", "one-token-apart", "draws"],
)
def test_every_row_gets_the_tokens_it_would_get_alone(model: torch.nn.Module, prompts: list[list[int]]) -> None:
    alone = {}
    for number, ids in enumerate(prompts):
        row = Row(0, tuple(ids), Sampling(0.9, 12, top_p=0.95), number, 12 - number % 5)
        [done] = Decoder(model, set(), lambda row: False, slots=1, memory=1 << 30).decode([row])
        alone[number] = done.tokens
    assert [len(tokens) for tokens in alone.values()] == [12 - n % 5 for n in range(len(prompts))]
    for slots, memory in ((2, 1 << 30), (64, 1 << 30), (64, 1)):
        assert decode(model, prompts, slots, memory) == alone


def test_the_cache_stays_within_its_memory_and_uses_it(model: torch.nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[int, int]] = []  # rows and bytes after every change
    remake = Slots._remake

    def watched(self: Slots, kept: list[int], rows: int, room: int) -> None:
        remake(self, kept, rows, room)
        sizes.append((rows, sum(part.nbytes for part in (*self._keys, *self._values))))

    monkeypatch.setattr(Slots, "_remake", watched)
    long = [[(n + i) % 200 for i in range(700)] for n in range(8)]
    short = [[n, n + 1, n + 2] for n in range(40)]
    decode(model, [*long, *short], 64, 1 << 30)
    whole = max(size for _, size in sizes)
    sizes.clear()
    decode(model, [*long, *short], 64, whole // 4)
    assert max(size for _, size in sizes) <= whole // 4
    assert max(rows for rows, _ in sizes) > 30, "when the long rows have left, the short ones go together"
