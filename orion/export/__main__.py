"""Export an adapter, the model it makes, or a training set: to a folder, and to the hub where a token is there.

python -m orion.export adapter results/S/M/seed0/sft/adapter --model results/models/S/manifest.json --output OUT
python -m orion.export training-set results/S/M/seed0/sft.training_set.parquet --output OUT --repo org/name
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from orion.cli import run
from orion.errors import UserError
from orion.files import read_table, write_text


def _training_facts(adapter: Path) -> dict[str, Any]:
    try:
        made: dict[str, Any] = json.loads((adapter / "training.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(f"{adapter}: no adapter of orion.training (no training.json in it)") from None
    return made


def _merge(adapter: Path, manifest: Any, folder: Path, trust_remote_code: bool) -> None:
    """Write the base model with the adapter's update added to its weights, and its tokenizer."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    given = {**manifest.arguments(), "trust_remote_code": trust_remote_code}
    model: Any = AutoModelForCausalLM.from_pretrained(**given, dtype=getattr(torch, manifest.dtype))
    model = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    model.config._name_or_path = ""
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(**given).save_pretrained(folder)


def export_adapter(arguments: argparse.Namespace, folder: Path) -> None:
    from orion.export.cards import model_card
    from orion.students import read_manifest

    made, manifest = _training_facts(arguments.adapter), read_manifest(arguments.model)
    if made["student"]["revision"] != manifest.revision:
        raise UserError(
            f"{arguments.adapter} was trained on revision {made['student']['revision'][:12]}, {arguments.model} is of "
            f"{manifest.revision[:12]}; name the student it was trained from"
        )
    whole = made["training"]["mode"] == "full"
    if arguments.merged and not whole:
        _merge(arguments.adapter, manifest, folder, arguments.trust_remote_code)
    else:
        shutil.copytree(arguments.adapter, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
        if manifest.hub and not whole:
            config = folder / "adapter_config.json"
            settings = json.loads(config.read_text(encoding="utf-8")) | {"base_model_name_or_path": manifest.source}
            write_text(config, json.dumps(settings, indent=2, sort_keys=True) + "\n")
    card = model_card(made, manifest, arguments.scores, arguments.merged or whole, arguments.licence)
    write_text(folder / "README.md", card)


def export_training_set(arguments: argparse.Namespace, folder: Path) -> None:
    import polars as pl

    from orion.export.cards import data_card
    from orion.training.rows import messages_of

    path: Path = arguments.training_set
    table = read_table(path)
    if missing := {"id", "prompt", "completion"} - set(table.columns):
        raise UserError(f"{path}: no column {', '.join(sorted(missing))}; not a training set")
    table = table.select(name for name in table.columns if table[name].null_count() < len(table))
    sides = {"completion": "completion", "rejected": "rejected"}
    if "rejected" in table.columns:  # TRL's names for pairs
        sides = {"completion": "chosen", "rejected": "rejected"}
    columns: dict[str, pl.Series] = {}
    for name in table.columns:
        if name == "prompt":
            rows = [[m._asdict() for m in messages_of(row, str(path))] for row in table.iter_rows(named=True)]
            columns[name] = pl.Series(rows)
        elif name in sides:
            columns[sides[name]] = pl.Series([[{"role": "assistant", "content": text}] for text in table[name]])
        else:
            columns[name] = table[name]
    (folder / "data").mkdir()
    pl.DataFrame(columns).write_parquet(folder / "data" / "train-00000-of-00001.parquet")
    write_text(folder / "README.md", data_card(path, len(table), list(columns), arguments.licence))


def push(folder: Path, repo: str, kind: str, private: bool) -> None:
    """Upload a folder to the hub.

    Raises:
        UserError: no token, or the hub refused.
    """
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.errors import HfHubHTTPError

    if get_token() is None:
        raise UserError(f"{repo}: no token for the hub; set HF_TOKEN. The folder {folder} is complete")
    api = HfApi()
    try:
        api.create_repo(repo, repo_type=kind, private=private, exist_ok=True)
        api.upload_folder(repo_id=repo, repo_type=kind, folder_path=str(folder))
    except (HfHubHTTPError, OSError) as error:
        raise UserError(f"{repo}: the hub refused the upload: {str(error).splitlines()[0]}") from None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="orion.export", description=__doc__.split("\n\n")[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    adapter = kinds.add_parser("adapter", help="a trained adapter, or the model that it makes")
    adapter.add_argument("adapter", type=Path)
    adapter.add_argument("--model", required=True, type=Path, help="manifest.json of the student")
    adapter.add_argument("--merged", action="store_true", help="the whole model, with the adapter added to its weights")
    adapter.add_argument("--scores", type=Path, help="scores.parquet of the adapter, for the card")
    adapter.add_argument("--trust-remote-code", action="store_true", help="as in the student's config")
    data = kinds.add_parser("training-set", help="a training set, in the layout that datasets and TRL read")
    data.add_argument("training_set", type=Path)
    for part in (adapter, data):
        part.add_argument("--output", required=True, type=Path, help="a folder that does not exist yet")
        part.add_argument("--licence", help="the hub's name of the licence, as in apache-2.0")
        part.add_argument("--repo", help="org/name: also upload it there; needs HF_TOKEN")
        part.add_argument("--public", action="store_true", help="make a new repository public")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    output: Path = arguments.output
    if output.exists():
        raise UserError(f"--output {output}: exists already; name a new folder")
    output.parent.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("TQDM_DISABLE", "1")
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as scratch:
        folder = Path(scratch) / "export"
        folder.mkdir()
        (export_adapter if arguments.kind == "adapter" else export_training_set)(arguments, folder)
        folder.replace(output)
    for path in output.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    print(f"wrote {output}")
    if arguments.repo:
        push(output, arguments.repo, "model" if arguments.kind == "adapter" else "dataset", not arguments.public)
        print(f"uploaded to {arguments.repo}")
    return 0


if __name__ == "__main__":
    run(main)
