"""One training run, from examples to trained weights: everything that needs torch, behind the shelf."""

from __future__ import annotations

import argparse
import ctypes
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

import torch

from orion.config.training import TrainingSpec
from orion.students import Manifest
from orion.training import model
from orion.training.checkpoints import Checkpoints
from orion.training.loop import Loop, Row, memory_errors
from orion.training.objectives import Objective
from orion.training.preflight import check_loss, check_memory
from orion.training.rows import Example
from orion.training.team import Team
from orion.training.trackers import make_tracker
from orion.types import digest


def keep_freed_memory() -> None:
    """glibc hands large blocks back to the system at once and faults them in again at the next step: a tenth of the
    time of a step on a CPU. Elsewhere this does nothing."""
    try:
        libc = ctypes.CDLL(None)
        libc.mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD
        libc.mallopt(-1, (1 << 31) - 1)  # M_TRIM_THRESHOLD
    except (OSError, AttributeError):
        pass


def batch_tokens(device: torch.device) -> int:
    """Tokens that go through the model at once: more gain nothing, and cost memory."""
    return 16384 if device.type == "cuda" else 2048


class Trained(NamedTuple):
    reader: model.Reader
    weights: dict[str, Any] | None  # what was trained, whole, where it is spread over several processes
    log: list[Row]
    facts: dict[str, Any]  # what ran, for the metadata


def train(
    spec: TrainingSpec, manifest: Manifest, examples: Sequence[Example], objective: Objective,
    arguments: argparse.Namespace, longest: int, checkpoints: Checkpoints, team: Team,
) -> Trained:  # fmt: skip
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    keep_freed_memory()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")  # about its own callers
    device = team.device
    training, start, seed = spec.training, arguments.start_adapter, arguments.seed
    with memory_errors(training):
        dtype = model.computing_dtype(training, device)
        if team.size == 1:  # several may share the model, or the machine's memory
            check_memory(manifest, training, device, dtype, spec.student.trust_remote_code)
        torch.manual_seed(int(digest([seed, "adapter"])[:12], 16))
        reader = model.load(manifest, training, start, longest, device, spec.student.trust_remote_code)
        check_loss(reader, examples, device, tolerance=1e-3 if dtype == torch.float32 else 2e-2)
        budget = arguments.batch_tokens or batch_tokens(device)
        track = None
        if team.leads:
            spec_shown = training.model_dump(mode="json", exclude_none=True)
            track = make_tracker(
                training.tracker, str(arguments.log.parent), spec_shown, arguments.scratch / "tensorboard"
            )
        loop = Loop(
            reader,
            objective,
            examples,
            training,
            seed,
            team=team,
            batch_tokens=budget,
            checkpoints=checkpoints,
            track=track,
        )
        log = loop.run()
        weights = team.weights(loop.model) if team.size > 1 else None
        if (kept := loop.kept_weights()) is not None:
            weights = kept if team.size > 1 else None
            if team.size == 1:
                reader.load_state_dict(kept, strict=False)
    facts = {
        "dtype": str(dtype).removeprefix("torch."),
        "processes": team.size,
        "gpus": team.size if device.type == "cuda" else 0,
        "steps": len(log),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "versions": {name: version(name) for name in ("torch", "transformers", "peft")} | reader.kernels,
    }
    if loop.held_out:
        facts["held_out"] = loop.held_out.facts()
    return Trained(reader, weights, log, facts)
