"""The model that is trained: base weights, adapter, and the one call by which the loop reads token losses from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn

from orion.config.training import Training
from orion.errors import UserError
from orion.students import Manifest
from orion.training import attention, kernels, lora
from orion.training.losses import TokenLosses, token_losses


def computing_dtype(training: Training, device: torch.device) -> torch.dtype:
    """The configured dtype; else bfloat16 where the machine computes in it."""
    if training.dtype is not None:
        return getattr(torch, training.dtype)  # type: ignore[no-any-return]
    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        able = torch.cpu.get_capabilities().get("avx512_bf16", False) or torch.cpu.get_capabilities().get(
            "amx_bf16", False
        )
    return torch.bfloat16 if able else torch.float32


class Reader(nn.Module):
    """A causal model that yields the losses of chosen tokens. This is the module that is wrapped for several GPUs."""

    def __init__(self, model: nn.Module, packs: bool, kernels: dict[str, str] | None = None) -> None:
        super().__init__()
        self.model = model  # a transformers model, or the peft model around one
        self.packs = packs
        self.kernels = kernels or {}  # versions of what computes in the place of the model's own code
        self._no_split_modules = getattr(self.causal, "_no_split_modules", None)  # what FSDP wraps

    @property
    def causal(self) -> Any:
        get = getattr(self.model, "get_base_model", None)
        return get() if get else self.model

    def hidden(self, ids: Tensor, lengths: Sequence[int]) -> Tensor:
        """Last hidden states [tokens, width] of rows that lie end to end in `ids` [tokens]."""
        decoder = self.causal.get_decoder()
        positions = torch.cat([torch.arange(n, device=ids.device) for n in lengths])
        if self.packs:
            inputs = {"input_ids": ids[None], "position_ids": positions[None], "lengths": tuple(lengths)}
            return decoder(**inputs, use_cache=False).last_hidden_state[0]  # type: ignore[no-any-return]
        parts = [
            decoder(input_ids=row[None], use_cache=False).last_hidden_state[0]
            for row in torch.split(ids, list(lengths))
        ]
        return torch.cat(parts)

    def forward(self, ids: Tensor, lengths: Sequence[int], read: Tensor, targets: Tensor) -> TokenLosses:
        """ids: [tokens]; read: [n] positions in `ids` whose hidden state predicts targets [n]."""
        hidden = self.hidden(ids, lengths)[read]
        return token_losses(hidden, self.causal.get_output_embeddings(), targets)


def _quantisation(dtype: torch.dtype) -> Any:
    from importlib.util import find_spec

    if find_spec("bitsandbytes") is None:
        raise UserError(
            "training.mode: qlora needs the package bitsandbytes (pip install bitsandbytes); or set mode: lora"
        )
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )


def _no_packing(model: nn.Module) -> None:
    """On CPUs, bitsandbytes packs the weights of layers in evaluation mode into a form that cannot train any more; its
    layers do the same in both modes otherwise, so they stay in training mode."""
    for layer in model.modules():
        if type(layer).__name__ == "Linear4bit":
            layer.train = MethodType(lambda layer, mode=True: layer, layer)  # type: ignore[method-assign]


def _with_adapter(model: Any, training: Training, start: Path | None) -> Any:
    import peft

    shape = training.lora
    if start is None:
        config = peft.LoraConfig(
            task_type="CAUSAL_LM",
            r=shape.r,
            lora_alpha=shape.alpha,  # type: ignore[arg-type]
            lora_dropout=shape.dropout,
            target_modules=sorted(shape.targets),
        )
        try:
            return peft.get_peft_model(model, config)
        except ValueError as error:
            raise UserError(f"training.lora.targets: {error}") from None
    found = json.loads((start / "adapter_config.json").read_text(encoding="utf-8"))
    ours = (shape.r, shape.alpha, sorted(shape.targets))
    theirs = (found["r"], found["lora_alpha"], sorted(found["target_modules"]))
    if ours != theirs:
        raise UserError(
            f"training.lora: this stage asks for r, alpha, targets {ours}, the adapter it starts from ({start}) has "
            f"{theirs}; give the stages of a method the same"
        )
    adapted: Any = peft.PeftModel.from_pretrained(model, str(start), is_trainable=True)
    adapted.peft_config["default"].lora_dropout = shape.dropout
    for module in adapted.modules():
        if isinstance(dropouts := getattr(module, "lora_dropout", None), nn.ModuleDict):
            dropouts["default"] = nn.Dropout(shape.dropout)
    return adapted


def load(
    manifest: Manifest,
    training: Training,
    start: Path | None,
    longest: int,
    device: torch.device,
    trust_remote_code: bool,
) -> Reader:
    """The model with its trainable weights, in training mode. Seed torch before: a new adapter is drawn at random.

    Raises:
        UserError: the model or the start adapter does not fit the training's settings.
    """
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    dtype = computing_dtype(training, device)
    where: dict[str, Any] = manifest.arguments()
    if training.mode == "full" and start is not None:
        where = {"pretrained_model_name_or_path": str(start)}
    elif start is not None and not (start / "adapter_config.json").exists():
        raise UserError(f"{start}: no adapter here (no adapter_config.json) to start from; train the stage before it")
    config = AutoConfig.from_pretrained(**where, trust_remote_code=trust_remote_code).get_text_config()
    reason = attention.why_not(config, longest)
    if reason is not None:
        print(f"rows are read one by one, not packed: the model has {reason}", flush=True)
    attention.register()
    options: dict[str, Any] = {"dtype": torch.float32 if training.mode == "full" else dtype}
    if training.mode == "qlora":
        options = {"dtype": dtype, "quantization_config": _quantisation(dtype), "device_map": {"": device}}
    model: Any = AutoModelForCausalLM.from_pretrained(
        **where,
        **options,
        attn_implementation=attention.NAME if reason is None else "sdpa",
        trust_remote_code=trust_remote_code,
    )
    model.config.use_cache = False
    fused = kernels.fuse(model, device, training.liger)
    if training.mode == "qlora":
        import peft

        prepare: Any = peft.prepare_model_for_kbit_training
        model = prepare(model, use_gradient_checkpointing=training.gradient_checkpointing)
        if device.type == "cpu":
            _no_packing(model.train())
        fused |= {"bitsandbytes": version("bitsandbytes")}
    else:
        model = model.to(device)
    if training.mode != "full":
        model.requires_grad_(False)
        model = _with_adapter(model, training, start)
        lora.speed_up(model)
    if training.gradient_checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.train()
    return Reader(model, packs=reason is None, kernels=fused)


def save(reader: Reader, weights: dict[str, Tensor] | None, folder: Path, manifest: Manifest) -> None:
    """Write the adapter (or, after full training, the model) into `folder`, without a machine's paths or anything else
    that differs between two runs of the same training."""
    model: Any = reader.model
    tied = getattr(model, "all_tied_weights_keys", {})  # written once, as one process alone does by itself
    state = weights and {name.removeprefix("model."): weight for name, weight in weights.items()}
    state = state and {name: weight for name, weight in state.items() if name not in tied}
    model.save_pretrained(folder, state_dict=state)
    (folder / "README.md").unlink(missing_ok=True)
    for written in folder.glob("*.safetensors"):
        written.chmod(0o644)  # safetensors writes them for the owner alone
    path = folder / "adapter_config.json"
    if not path.exists():
        model.config.save_pretrained(folder)
        return
    config = json.loads(path.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = manifest.source if manifest.hub else Path(manifest.source).name
    config["revision"] = manifest.revision if manifest.hub else None
    config["target_modules"] = sorted(config["target_modules"])  # a set in peft, in no order
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
