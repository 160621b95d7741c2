"""The K/V cache of rows that decode together: one slot a row, each of its own length, so that a finished row can leave
and a new one take its place while the others go on; and the attention that reads it.

Slots [0, n) are in use. A row's tokens stand at [0, length) of its slot: no padding on the left, masks on the right.
Keys are kept transposed: two batched products over them take less than half the time of torch's fused attention on a
CPU, which is made for long queries.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, sdpa_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

ATTENTION = "orion"  # the name a model is loaded with
_STEP = 64  # positions by which the slots grow


def _rounded(room: int) -> int:
    return -(-room // _STEP) * _STEP


class Slots(Cache):
    """A transformers cache for decoding one token a row: `update` writes each row's key and value at its own length."""

    def __init__(self, rows: int) -> None:
        super().__init__(layers=[])
        self.rows = rows
        self.room = 0  # positions a slot holds
        self.lengths = torch.zeros(rows, dtype=torch.long)
        self._keys: list[Tensor] = []  # a layer each: rows x heads x width x room
        self._values: list[Tensor] = []  # rows x heads x room x width
        self._at: tuple[Tensor, Tensor] | None = None
        self._seen = 0

    def rows_within(self, memory: int, room: int) -> int:
        """How many slots of `room` positions take no more than so many bytes; 1 at least, and before the first row is
        known."""
        position = sum(values[0, :, 0].numel() * values.element_size() * 2 for values in self._values)
        return max(memory // (position * _rounded(room)), 1) if position else 1

    def put(self, slot: int, prefix: Any, length: int) -> None:
        """Copy the first `length` positions of a prompt's cache (a DynamicCache of batch 1) into `slot`."""
        if not self._keys:
            self._keys = [layer.keys.new_empty(0) for layer in prefix.layers]
            self._values = [layer.values.new_empty(0) for layer in prefix.layers]
            self.room = _rounded(length + 1)
            for number, layer in enumerate(prefix.layers):
                _, heads, _, width = layer.keys.shape
                self._keys[number] = layer.keys.new_zeros(self.rows, heads, width, self.room)
                _, heads, _, width = layer.values.shape
                self._values[number] = layer.values.new_zeros(self.rows, heads, self.room, width)
        self.grow(length + 1)
        for layer, keys, values in zip(prefix.layers, self._keys, self._values, strict=True):
            keys[slot, :, :, :length] = layer.keys[0, :, :length].transpose(1, 2)
            values[slot, :, :length] = layer.values[0, :, :length]
        self.lengths[slot] = length

    def copy(self, source: int, target: int, length: int) -> None:
        """Give slot `target` the first `length` positions of slot `source`."""
        for keys, values in zip(self._keys, self._values, strict=True):
            keys[target, :, :, :length] = keys[source, :, :, :length]
            values[target, :, :length] = values[source, :, :length]
        self.lengths[target] = length

    def grow(self, room: int) -> None:
        """Make room for at least so many positions a row."""
        if room > self.room:
            self._remake(list(range(self.rows)), self.rows, _rounded(room))

    def resize(self, kept: list[int], rows: int, room: int) -> None:
        """Keep the slots `kept`, in that order, and have `rows` in all, with room for so many positions each."""
        self._remake(kept, rows, _rounded(room))

    def _remake(self, kept: list[int], rows: int, room: int) -> None:
        index, held = torch.tensor(kept), min(room, self.room)
        for number, (keys, values) in enumerate(zip(self._keys, self._values, strict=True)):
            at = index.to(keys.device)
            self._keys[number] = keys.new_zeros(rows, *keys.shape[1:3], room)
            self._keys[number][: len(kept), :, :, :held] = keys[at, :, :, :held]
            self._values[number] = values.new_zeros(rows, values.shape[1], room, values.shape[3])
            self._values[number][: len(kept), :, :held] = values[at, :, :held]
        lengths = torch.zeros(rows, dtype=torch.long)
        lengths[: len(kept)] = self.lengths[index]
        self.lengths, self.rows, self.room = lengths, rows, room

    def step(self, rows: int, device: Any) -> tuple[Tensor, Tensor]:
        """Prepare for one token in each of the slots [0, rows): their positions (rows x 1) and the attention mask
        (rows x 1 x 1 x room; 0 for what is seen, -inf for what is not)."""
        self._seen = int(self.lengths[:rows].max()) + 1
        if not self._seen <= self.room <= self._seen + 3 * _STEP:  # full, or the long rows have left
            self._remake(list(range(rows)), self.rows, _rounded(self._seen))
        positions = self.lengths[:rows].to(device, copy=True)
        self._at = (torch.arange(rows, device=device), positions)
        hidden = torch.arange(self.room, device=device) > positions[:, None]
        self.lengths[:rows] += 1
        mask = torch.zeros(hidden.shape, device=device).masked_fill_(hidden, float("-inf"))
        return positions[:, None], mask[:, None, None, :]

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Called by the model's attention: rows x heads x 1 x width in, rows x heads x room x width out, unsliced: a
        batched product would copy a slice first."""
        assert self._at is not None
        rows, positions = self._at
        keys, values = self._keys[layer_idx], self._values[layer_idx]
        keys[rows, :, :, positions] = key_states[:, :, 0]
        values[rows, :, positions] = value_states[:, :, 0]
        return keys[: len(rows)].transpose(2, 3), values[: len(rows)]

    def get_seq_length(self, layer_idx: int = 0) -> int:
        return self._seen


def attend(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attention in the form of transformers' interface: one query a row against its slot, and torch's fused kernel for
    the prompts. rows x query heads x queries x width in, rows x queries x query heads x width out."""
    if query.shape[2] > 1 or attention_mask is None or attention_mask.dtype == torch.bool:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, sliding_window=sliding_window, **kwargs
        )
    rows, heads, _, width = query.shape
    if sliding_window is not None and key.shape[2] > sliding_window:
        seen = (attention_mask == 0).sum(dim=-1, keepdim=True)
        early = torch.arange(key.shape[2], device=key.device) < seen - sliding_window
        attention_mask = attention_mask.masked_fill(early, float("-inf"))
    shape = (rows, key.shape[1], heads // key.shape[1], key.shape[2])  # the query heads of a key head, as if queries
    scores = torch.bmm(query.reshape(rows * shape[1], shape[2], width), key.transpose(2, 3).flatten(0, 1))
    scores = scores.float().view(shape).mul_(width**-0.5 if scaling is None else scaling).add_(attention_mask)
    out = torch.bmm(scores.softmax(dim=-1).to(value.dtype).flatten(0, 1), value.flatten(0, 1))
    return out.view(rows, 1, heads, -1), None


ALL_ATTENTION_FUNCTIONS.register(ATTENTION, attend)
ALL_MASK_ATTENTION_FUNCTIONS.register(ATTENTION, sdpa_mask)
