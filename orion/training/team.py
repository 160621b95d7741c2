"""The processes of one training run: one, or one a GPU when `accelerate launch` started us.

    accelerate launch --config_file config/accelerate/ddp.yaml -m orion.training --spec ...

A step has the same rows however many processes share them, so more GPUs make a run faster and not different (up to the
order of sums). `ddp.yaml` copies the model to each GPU; `fsdp.yaml` and `deepspeed.yaml` spread it over them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from orion.errors import UserError
from orion.training.checkpoints import Checkpoints


class Team:
    def __init__(self) -> None:
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self.accelerator: Any = None
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if self.size > 1:
            from accelerate import Accelerator

            self.accelerator = Accelerator()
            self.device = self.accelerator.device
            if self.accelerator.num_processes != self.size:  # each would train a part of the rows by itself
                raise UserError(
                    f"{self.size} processes were started, accelerate sees {self.accelerator.num_processes}: no GPU "
                    "found? On CPUs set ACCELERATE_USE_CPU=true for every process"
                )

    @property
    def leads(self) -> bool:
        """Whether this process writes files and prints."""
        return self.rank == 0

    @property
    def _deepspeed(self) -> Any:
        """DeepSpeed's settings where it does the sharing; it steps by itself at the end of the last backward pass."""
        plugin = None if self.accelerator is None else self.accelerator.state.deepspeed_plugin
        return None if plugin is None else plugin.deepspeed_config

    def prepare(self, model: nn.Module, optimiser: torch.optim.Optimizer, limit: float) -> tuple[nn.Module, Any]:
        """`limit` is that of the gradients' norm."""
        if self.accelerator is None:
            return model, optimiser
        if self._deepspeed is not None:
            # The batch size is of no effect here: batches are cut by us.
            self._deepspeed.update(train_micro_batch_size_per_gpu=1, gradient_clipping=limit)
        model, optimiser = self.accelerator.prepare(model, optimiser)
        return model, optimiser

    def backward(self, loss: Tensor) -> None:
        if self.accelerator is None:
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            self.accelerator.backward(
                loss * self.size
            )  # gradients are averaged over processes, ours are parts of a sum

    def gathering(self, model: nn.Module, last: bool) -> AbstractContextManager[Any]:
        """Around a batch: processes exchange gradients only after the last one of a step."""
        if self.accelerator is None:
            return nullcontext()
        if self._deepspeed is not None:
            self.accelerator.sync_gradients = last
            return nullcontext()
        return nullcontext() if last else self.accelerator.no_sync(model)

    def clip(self, parameters: Sequence[nn.Parameter], limit: float) -> float:
        if self.accelerator is None:
            return float(nn.utils.clip_grad_norm_(parameters, limit))
        norm = self.accelerator.clip_grad_norm_(parameters, limit)
        return float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)

    def sums(self, values: Sequence[float]) -> list[float]:
        """Over all processes."""
        if self.accelerator is None:
            return list(values)
        total: Tensor = self.accelerator.reduce(torch.tensor(values, dtype=torch.float32, device=self.device), "sum")
        return total.tolist()

    def agree(self, value: Any) -> Any:
        """The leader's value, in every process."""
        if self.accelerator is None:
            return value
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value])[0]

    def weights(self, model: nn.Module) -> dict[str, Tensor]:
        """The trainable weights by name, whole: on the leader, in main memory where processes share the model."""
        if self.accelerator is None:
            return {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}
        if self._deepspeed is not None:
            import deepspeed

            trained = {n: p for n, p in self.accelerator.unwrap_model(model).named_parameters() if p.requires_grad}
            with deepspeed.zero.GatheredParameters(list(trained.values())):
                return {name: p.detach().cpu().clone() for name, p in trained.items()} if self.leads else {}
        from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

        options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
        return dict(get_model_state_dict(model, options=options))  # type: ignore[arg-type]

    def keep(self, model: nn.Module, optimiser: Any, checkpoints: Checkpoints, facts: dict[str, Any]) -> None:
        """Write a checkpoint: what is trained, the optimiser's state, and `facts`, which hold the log so far."""
        if self._deepspeed is not None:
            self._keep_pieces(model, checkpoints, facts)
            return
        state = optimiser.state_dict() if self.accelerator is None else self._optimiser_state(model, optimiser)
        weights = self.weights(model)
        if self.leads:
            checkpoints.save(facts | {"weights": weights, "optimiser": state})

    def _keep_pieces(self, engine: Any, checkpoints: Checkpoints, facts: dict[str, Any]) -> None:
        """DeepSpeed writes a piece a process; its file `latest` names a step whose pieces are whole."""
        name = f"step{len(facts['log'])}"
        engine.save_checkpoint(str(checkpoints.pieces), name, client_state=facts, exclude_frozen_parameters=True)
        self.accelerator.wait_for_everyone()
        if self.leads:
            for old in checkpoints.pieces.glob("step*"):
                if old.name != name:
                    shutil.rmtree(old, ignore_errors=True)
        checkpoints.saved()

    def _optimiser_state(self, model: nn.Module, optimiser: Any) -> dict[str, Any]:
        from torch.distributed.checkpoint.state_dict import StateDictOptions, get_optimizer_state_dict

        options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
        return dict(get_optimizer_state_dict(model, optimiser, options=options))

    def resume(self, model: nn.Module, optimiser: Any, checkpoints: Checkpoints) -> dict[str, Any] | None:
        """Put model and optimiser where the last checkpoint left them; returns its facts, None where there is none."""
        if self._deepspeed is not None:
            if not (checkpoints.pieces / "latest").exists():
                return None
            engine: Any = model
            _, facts = engine.load_checkpoint(str(checkpoints.pieces), load_module_strict=False)
            return dict(facts)
        state = checkpoints.load()
        if state is None:
            return None
        weights, moments = state.pop("weights"), state.pop("optimiser")
        if self.accelerator is None:
            model.load_state_dict(weights, strict=False)
            optimiser.load_state_dict(moments)
            return state
        from torch.distributed.checkpoint.state_dict import StateDictOptions, set_state_dict

        options = StateDictOptions(full_state_dict=True, broadcast_from_rank0=True, strict=False)
        set_state_dict(model, optimiser, model_state_dict=weights, optim_state_dict=moments, options=options)
        return state
