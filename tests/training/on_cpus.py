"""Runs `orion.training` in CPU processes as accelerate runs it on GPUs: python on_cpus.py ARGUMENTS.

accelerate takes CPU processes for copies of the model whatever its settings say; torch's FSDP and DeepSpeed do work on
CPUs. So it is told here that its processes are GPUs', and everything from there on is the real thing.
"""

import os
import runpy
from importlib.util import find_spec

from accelerate import state
from accelerate.utils import DistributedType

os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"
state.PartialState._prepare_backend = lambda *_: ("gloo", DistributedType.MULTI_GPU)  # type: ignore[method-assign]
if find_spec("deepspeed"):
    import deepspeed.comm.torch

    deepspeed.comm.torch.build_shm_op = lambda: None  # a faster way between CPUs, which it would compile for minutes

from orion.training.team import Team  # noqa: E402

prepare = Team.prepare


def show_how(team, *rest):  # type: ignore[no-untyped-def]
    model, optimiser = prepare(team, *rest)
    print(f"prepared: {type(model).__name__} of {type(next(model.parameters())).__name__}", flush=True)
    return model, optimiser


Team.prepare = show_how  # type: ignore[method-assign]
runpy.run_module("orion.training", run_name="__main__", alter_sys=True)
