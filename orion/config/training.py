"""How a student is trained. Defaults are ORION's where the paper states them (METHODS: LoRA, learning rate 5e-5,
gradient accumulation 8, 3 epochs); the paper is silent on the rest, and each such key says so."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from orion.config.base import Part
from orion.config.student import Student

ALL_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class Lora(Part):
    """Low-rank adapters. ORION's paper says LoRA and no more; EDIT states r 64, alpha 32, dropout 0.05, q and v."""

    r: int = Field(16, gt=0, description="rank; raise it when the training loss stays high. The paper is silent")
    alpha: float = Field(16, gt=0, description="scale of the update is alpha / r. The paper is silent")
    dropout: float = Field(
        0.05,
        ge=0,
        lt=1,
        description="of the adapter's input; 0 trains faster, more fights overfitting. The paper is silent",
    )
    targets: tuple[str, ...] = Field(
        ALL_LINEAR,
        min_length=1,
        description="layers that get an adapter, by the end of their name. The paper is silent",
    )


class Training(Part):
    """The hyper-parameters of one training stage."""

    mode: Literal["lora", "qlora", "full"] = Field(
        "lora", description="qlora keeps the base model in 4 bits, for small GPUs; full trains every weight"
    )
    lora: Lora = Field(Lora.model_validate({}), description="the adapter's shape (modes lora and qlora)")
    learning_rate: float = Field(
        5e-5, gt=0, description="lower it when the loss jumps; full training wants about a tenth"
    )
    epochs: float = Field(3, gt=0, description="passes over the training set; fewer for large sets")
    max_steps: int | None = Field(
        None,
        gt=0,
        description="a fixed number of optimiser steps instead of epochs, to compare methods at equal budget",
    )
    batch_size: int = Field(
        1, gt=0, description="rows of one device batch; times accumulation = rows of an optimiser step"
    )
    accumulation: int = Field(
        8, gt=0, description="device batches of an optimiser step; more smooths the gradient, fewer makes more steps"
    )
    schedule: Literal["cosine", "linear", "constant"] = Field(
        "cosine",
        description="of the learning rate after the warm-up; constant for very short runs. The paper is silent",
    )
    warmup: float = Field(
        0.1, ge=0, le=1, description="share of the steps in which the rate rises. The paper is silent"
    )
    weight_decay: float = Field(
        0.0, ge=0, description="AdamW's; a little (0.01) for full training. The paper is silent"
    )
    max_grad_norm: float = Field(
        1.0, gt=0, description="gradients above are scaled down to it; lower it against loss spikes"
    )
    max_length: int | None = Field(
        None,
        gt=0,
        description="drop (never cut) rows of more tokens; default: the student's context. Lower it to save memory",
    )
    held_out: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="share of the training set's problems that is not trained on: the loss on them is measured after "
        "each epoch, and the weights of the best one are kept; left out: those of the last step, of all rows",
    )
    dtype: Literal["bfloat16", "float32"] | None = Field(
        None,
        description="of the frozen weights and the arithmetic; default: bfloat16 where the machine computes in it, "
        "else float32. Adapters stay float32. Set it to make machines of both kinds train alike",
    )
    gradient_checkpointing: bool = Field(
        False, description="recompute instead of keeping activations: a third slower, for when memory runs out"
    )
    liger: bool | None = Field(
        None,
        description="fused kernels of the package liger-kernel; default: on GPUs where it is installed. false for "
        "transformers' own code, true to fail where they cannot be had",
    )
    beta: float | None = Field(
        None,
        gt=0,
        description="dpo: how closely it stays by its reference (0.1 if left out; SuperCorrect's paper is silent)",
    )
    krsl_right: float | None = Field(
        None, ge=0, description="krsl: weight alpha of the right CoT's key tokens (1.0 if left out)"
    )
    krsl_wrong: float | None = Field(
        None, ge=0, description="krsl: weight beta of the wrong CoT's key tokens (0.025 if left out)"
    )
    tracker: Literal["trackio", "wandb", "tensorboard"] | None = Field(
        None,
        description="also send the log there, live; needs its package. The log file is written anyway",
    )

    @property
    def rows_per_step(self) -> int:
        return self.batch_size * self.accumulation


class TrainingChanges(Part):
    """What one stage of a recipe trains otherwise than the study (`training`). See there for the keys."""

    mode: Literal["lora", "qlora", "full"] | None = Field(None, description="lora, qlora or full")
    lora: Lora | None = Field(
        None, description="the adapter's shape, whole; stages that go on from one another need the same"
    )
    learning_rate: float | None = Field(None, gt=0, description="each paper states its own")
    epochs: float | None = Field(None, gt=0, description="passes over the training set")
    max_steps: int | None = Field(None, gt=0, description="a fixed number of optimiser steps instead of epochs")
    batch_size: int | None = Field(None, gt=0, description="rows of one device batch")
    accumulation: int | None = Field(None, gt=0, description="device batches of an optimiser step")
    schedule: Literal["cosine", "linear", "constant"] | None = Field(None, description="of the learning rate")
    warmup: float | None = Field(None, ge=0, le=1, description="share of the steps in which the rate rises")
    weight_decay: float | None = Field(None, ge=0, description="AdamW's")
    max_length: int | None = Field(None, gt=0, description="drop rows of more tokens")
    held_out: float | None = Field(None, gt=0, lt=1, description="share of the problems by which an epoch is chosen")
    beta: float | None = Field(None, gt=0, description="dpo: how closely it stays by its reference")
    krsl_right: float | None = Field(None, ge=0, description="krsl: weight of the right CoT's key tokens")
    krsl_wrong: float | None = Field(None, ge=0, description="krsl: weight of the wrong CoT's key tokens")

    def over(self, training: Training) -> Training:
        """The study's hyper-parameters with these changes."""
        stated = {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}
        return training.model_copy(update=stated)


class TrainingSpec(Part):
    """All that a training run depends on beside its training set, the model's files, the start adapter and the seed."""

    student: Student = Field(description="the model and its chat rendering")
    objective: Literal["sft", "dpo", "krsl"] = Field("sft", description="the loss: a file in orion/training/objectives")
    training: Training = Field(Training.model_validate({}), description="hyper-parameters")

    @model_validator(mode="after")
    def _keys_fit_the_objective(self) -> TrainingSpec:
        for key, objective in (("beta", "dpo"), ("krsl_right", "krsl"), ("krsl_wrong", "krsl")):
            if getattr(self.training, key) is not None and self.objective != objective:
                raise ValueError(f"training.{key} goes with objective: {objective}, not {self.objective}; leave it out")
        return self
