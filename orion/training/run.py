"""One training run, from examples to trained weights: everything that needs torch, behind the shelf."""

from __future__ import annotations

import argparse
import ctypes
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import torch

from orion.config.training import TrainingSpec
from orion.students import Manifest
from orion.training import model
from orion.training.checkpoints import Checkpoints
from orion.training.loop import Loop, Row
from orion.training.objectives import Objective
from orion.training.preflight import check_loss
from orion.training.rows import Example
from orion.types import digest


def _keep_freed_memory() -> None:
    """glibc hands large blocks back to the system at once and faults them in again at the next step: a tenth of the
    time of a step on a CPU. Elsewhere this does nothing."""
    try:
        libc = ctypes.CDLL(None)
        libc.mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD
        libc.mallopt(-1, (1 << 31) - 1)  # M_TRIM_THRESHOLD
    except (OSError, AttributeError):
        pass


def train(
    spec: TrainingSpec, manifest: Manifest, examples: Sequence[Example], objective: Objective,
    arguments: argparse.Namespace, longest: int, checkpoints: Checkpoints,
) -> tuple[model.Reader, list[Row], dict[str, Any]]:  # fmt: skip
    """Returns the trained model, its log, and what ran (for the metadata)."""
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    _keep_freed_memory()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")  # about its own callers
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    training, start, seed = spec.training, arguments.start_adapter, arguments.seed
    torch.manual_seed(int(digest([seed, "adapter"])[:12], 16))
    reader = model.load(manifest, training, start, longest, device, spec.student.trust_remote_code)
    dtype = model.computing_dtype(training, device)
    check_loss(reader, examples, device, tolerance=1e-3 if dtype == torch.float32 else 2e-2)
    budget = arguments.batch_tokens or (16384 if device.type == "cuda" else 2048)
    loop = Loop(
        reader, objective, examples, training, seed, device=device, batch_tokens=budget, checkpoints=checkpoints
    )
    log = loop.run()
    facts = {
        "dtype": str(dtype).removeprefix("torch."),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "versions": {name: version(name) for name in ("torch", "transformers", "peft")},
    }
    return reader, log, facts
