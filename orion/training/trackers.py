"""The training log, live, in a tracker of the user's choice. `training_log.parquet` is written in any case."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from orion.errors import UserError


def make_tracker(
    name: str | None, run: str, config: dict[str, Any], folder: Path
) -> Callable[[dict[str, float]], None]:
    """What takes a log row; nothing leaves this machine unless `name` is that of a service.

    Raises:
        UserError: the tracker's package is not installed.
    """
    if name is None:
        return lambda _: None
    module = "torch.utils.tensorboard" if name == "tensorboard" else name
    try:
        tracker: Any = import_module(module)
    except ImportError:
        raise UserError(
            f"training.tracker: {name} is not installed; pip install {name}, or leave the key out"
        ) from None
    if name == "tensorboard":
        writer = tracker.SummaryWriter(str(folder))

        def write(row: dict[str, float]) -> None:
            for key, value in row.items():
                writer.add_scalar(f"train/{key}", value, int(row["step"]))

        return write
    started = tracker.init(project="orion", name=run, config=config)  # wandb and trackio speak alike
    return lambda row: started.log({f"train/{key}": value for key, value in row.items()}, step=int(row["step"]))
