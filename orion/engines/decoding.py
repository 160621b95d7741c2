"""The decode loop of the transformers engine: many rows at once, each leaving when it is finished, the next taking its
slot. Draws of one prompt share the work on the prompt; the part that all prompts begin with is done once.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache

from orion.engines.choose import Rule, choose
from orion.engines.slots import Slots
from orion.types import Sampling

_WORTH_SHARING = 16  # tokens; a shorter common beginning is not worth a cache of its own
_AHEAD = 128  # tokens that rows are expected to grow by at least


@dataclass(slots=True, eq=False)
class Row:
    """One sample in the making. `prompt` has two tokens or more, `limit` is in new ones; `index` is the caller's."""

    index: int
    prompt: tuple[int, ...]
    sampling: Sampling
    seed: int
    limit: int
    tokens: list[int] = field(default_factory=list)
    stopped: bool = False  # ended by itself
    _random: random.Random | None = None

    def uniform(self) -> float:
        """The row's next random number. The stream depends on the seed alone and lives as long as the row."""
        if self._random is None:
            self._random = random.Random(self.seed)
        return self._random.random()

    @property
    def known(self) -> list[int]:
        return [*self.prompt, *self.tokens]


class Decoder:
    """Samples rows with a causal model. `slots`: rows at once; `memory`: bytes that their K/V cache may take."""

    def __init__(self, model: Any, stop_ids: set[int], stops: Any, *, slots: int, memory: int) -> None:
        self.model = model
        self.stop_ids = stop_ids
        self.stops = stops  # Row -> bool: does its text hold one of its stop strings?
        self.slots = slots
        self.memory = memory

    @torch.inference_mode()
    def decode(self, rows: Sequence[Row]) -> Iterator[Row]:
        """Yields each row when it is finished, in any order."""
        # The longest first: what is sampled together is of like length, and memory is at its peak at the start.
        waiting = sorted(rows, key=lambda row: (-len(row.prompt), row.prompt, row.index))
        waiting.reverse()  # taken from the end
        self.common = self._common(waiting)
        self.cache = Slots(1)
        self.active: list[Row] = []
        while waiting or self.active:
            self._fill(waiting)
            self._make_room(waiting)
            yield from self._step()

    def _common(self, rows: Sequence[Row]) -> tuple[list[int], Any]:
        """The tokens that all prompts begin with, and their cache."""
        first, last = min(row.prompt for row in rows), max(row.prompt for row in rows)
        length = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
        length = min(length, min(len(row.prompt) for row in rows) - 2)  # each keeps a token to add, and one to feed
        if length < _WORTH_SHARING or len({row.prompt for row in rows}) == 1:
            return [], None
        tokens = list(first[:length])
        return tokens, self._forward(tokens, DynamicCache())

    def _forward(self, tokens: list[int], cache: DynamicCache) -> DynamicCache:
        """The cache with `tokens` added. What comes out of the head is of no use here, so it is made for one token."""
        ids = torch.tensor([tokens], device=self.model.device)
        self.model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return cache

    def _prefix(self, tokens: list[int]) -> DynamicCache:
        """The cache of a row's known tokens but the last, which is fed by the first step."""
        shared, cache = self.common
        if cache is None or tokens[: len(shared)] != shared:
            return self._forward(tokens[:-1], DynamicCache())
        fresh = DynamicCache()
        for number, layer in enumerate(cache.layers):
            fresh.update(layer.keys, layer.values, number)
        return self._forward(tokens[len(shared) : -1], fresh)

    def _fill(self, waiting: list[Row]) -> None:
        changed = False
        while waiting and self._takes(len(waiting[-1].known), len(waiting)):
            row = waiting.pop()
            slot, length = len(self.active), len(row.prompt) - 1
            twin = next((n for n, other in enumerate(self.active) if other.prompt == row.prompt), None)
            if twin is not None and not row.tokens:
                self.cache.copy(twin, slot, length)
            else:
                known = row.known
                self.cache.put(slot, self._prefix(known), len(known) - 1)
            self.active.append(row)
            changed = True
        if changed:
            self._compose()

    def _most(self, longest: int) -> int:
        """How many rows may be sampled at once, the longest of so many tokens."""
        return min(self.slots, self.cache.rows_within(self.memory, longest + _AHEAD))

    def _takes(self, length: int, waiting: int) -> bool:
        """Whether a row of so many tokens fits beside the active ones; memory alone then limits the slots."""
        count = len(self.active)
        longest = max([length, *(self.cache.lengths[:count] + 1).tolist()])
        most = self._most(longest)
        if count >= most:
            return False
        if count == self.cache.rows or (most < self.cache.rows and longest > self.cache.room):
            self.cache.resize(list(range(count)), min(most, count + waiting), longest)
        return True

    def _make_room(self, waiting: list[Row]) -> None:
        """Where the slots would outgrow the memory, the rows with the least to lose wait and are taken up later."""
        need = int(self.cache.lengths[: len(self.active)].max()) + 1
        most = self._most(need)
        if need <= self.cache.room or self.cache.rows <= most:
            return
        order = sorted(range(len(self.active)), key=lambda n: -len(self.active[n].tokens))
        kept = sorted(order[:most])
        waiting.extend(self.active[n] for n in sorted(order[most:], reverse=True))
        self.cache.resize(kept, most, need)
        self.active = [self.active[n] for n in kept]
        self._compose()

    def _compose(self) -> None:
        """Tensors of what the rows in the slots ask for; made anew when the rows change."""
        device = self.model.device
        samplings = [row.sampling for row in self.active]

        def column(values: list[float]) -> Tensor:
            return torch.tensor(values, device=device)

        self.rule = Rule(
            temperature=column([s.temperature for s in samplings]),
            top_p=column([1.0 if s.top_p is None else s.top_p for s in samplings]),
            top_k=torch.tensor([s.top_k or 0 for s in samplings], device=device),
            penalty=column([s.repetition_penalty or 1.0 for s in samplings]),
        )
        self.penalised = any(s.repetition_penalty not in (None, 1.0) for s in samplings)
        self.history: Tensor | None = None
        if self.penalised:
            longest = max(len(row.prompt) + len(row.tokens) for row in self.active)
            padded = [
                row.known + [row.prompt[0]] * (longest - len(row.prompt) - len(row.tokens)) for row in self.active
            ]
            self.history = torch.tensor(padded, device=device)
        self.last = torch.tensor([(row.tokens or row.prompt)[-1] for row in self.active], device=device)

    def _step(self) -> list[Row]:
        """One token for every row; returns the rows that are finished, whose slots are free then."""
        count, device = len(self.active), self.model.device
        positions, mask = self.cache.step(count, device)
        logits = self.model(
            input_ids=self.last[:, None],
            attention_mask=mask,
            position_ids=positions,
            past_key_values=self.cache,
            use_cache=True,
        ).logits[:, -1]
        uniform = torch.tensor([row.uniform() for row in self.active], dtype=torch.float64, device=device)
        self.last = choose(logits.float(), self.rule, uniform, self.history)
        if self.history is not None:
            self.history = torch.cat([self.history, self.last[:, None]], dim=1)
        finished = []
        for slot, (row, token) in enumerate(zip(self.active, self.last.tolist(), strict=True)):
            row.tokens.append(token)
            row.stopped = token in self.stop_ids or (row.sampling.stop is not None and self.stops(row))
            if row.stopped or len(row.tokens) >= row.limit:
                finished.append(slot)
        done = [self.active[slot] for slot in finished]
        for slot in reversed(finished):  # the last row moves into the gap
            tail = len(self.active) - 1
            if slot != tail:
                self.cache.copy(tail, slot, int(self.cache.lengths[tail]))
                self.active[slot] = self.active[tail]
            self.active.pop()
        if done and self.active:
            self._compose()
        return done
