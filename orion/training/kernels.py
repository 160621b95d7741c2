"""Liger's fused kernels (norms, rotary positions, gated activations) on GPUs, where the package liger-kernel is there:
the same mathematics in fewer passes over memory. Its loss is not taken: ours is chunked already, and gives entropies.
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import torch

from orion.errors import UserError


def fuse(model: Any, device: torch.device, wanted: bool | None) -> dict[str, str]:
    """Put the kernels into a loaded transformers model, in place; returns the package's version by name, nothing where
    the model stays as it is. `wanted`: None takes what is there, True insists, False leaves it.

    Raises:
        UserError: `wanted` is True, and there is no GPU, no package, or no kernel for this architecture.
    """
    lacking = _lacking(model.config.model_type, device) if wanted is not False else "not wanted"
    if lacking is None:
        from transformers.integrations.liger import apply_liger_kernel

        apply_liger_kernel(model, {"cross_entropy": False, "fused_linear_cross_entropy": False})  # type: ignore[no-untyped-call]
        return {"liger-kernel": version("liger-kernel")}
    if wanted:
        raise UserError(f"training.liger: {lacking}; leave the key out to use the kernels only where they can be had")
    return {}


def _lacking(model_type: str, device: torch.device) -> str | None:
    if device.type != "cuda":
        return "its kernels run on GPUs only"
    if find_spec("liger_kernel") is None:
        return "the package liger-kernel is not installed (pip install liger-kernel)"
    from liger_kernel.transformers.monkey_patch import MODEL_TYPE_TO_APPLY_LIGER_FN

    return None if model_type in MODEL_TYPE_TO_APPLY_LIGER_FN else f"it has no kernels for {model_type}"
