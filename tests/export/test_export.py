"""What is exported loads elsewhere, says what made it, and is whole or not there."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from orion.errors import UserError
from orion.export import __main__ as program
from orion.files import write_json, write_table
from orion.training import __main__ as training
from tests.training.tiny import ROWS, Tiny, as_rows


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return Tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def export(monkeypatch: pytest.MonkeyPatch) -> Any:
    def call(*arguments: Any) -> None:
        monkeypatch.setattr(sys, "argv", ["orion.export", *map(str, arguments)])
        assert program.main() == 0

    return call


@pytest.fixture(scope="module")
def adapter(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    write_table(folder / "set.parquet", pl.DataFrame(as_rows(ROWS)))
    with pytest.MonkeyPatch.context() as patch:
        argv = ["orion.training", "--spec", tiny.spec().spec(), "--model", tiny.manifest_path, "--threads", 1]
        argv += ["--training-set", folder / "set.parquet", "--adapter", folder / "adapter"]
        argv += ["--log", folder / "log.parquet", "--scratch", folder / "scratch"]
        patch.setattr(sys, "argv", [str(part) for part in argv])
        training.main()
    return folder / "adapter"


def card(folder: Path) -> tuple[dict[str, Any], str]:
    _, front, text = (folder / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(front), text


def test_a_merged_model_answers_as_base_and_adapter_do(tiny: Tiny, adapter: Path, export: Any, tmp_path: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    out = tmp_path / "merged"
    export("adapter", adapter, "--model", tiny.manifest_path, "--merged", "--output", out)
    ids = torch.tensor([tiny.chat.prompt([tiny_message()])])
    base = AutoModelForCausalLM.from_pretrained(tiny.student.model, dtype=torch.float32)
    plain = base(ids).logits
    adapted = PeftModel.from_pretrained(base, adapter)(ids).logits
    merged = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32)(ids).logits
    assert (merged - adapted).abs().max() < 0.1 * (plain - adapted).abs().max()  # bfloat16 weights
    assert AutoTokenizer.from_pretrained(out).chat_template == tiny.chat.template


def tiny_message() -> Any:
    from orion.types import Message

    return Message("user", "What is 3 + 4?")


def test_the_card_states_base_data_settings_scores_and_licence(
    tiny: Tiny, adapter: Path, export: Any, tmp_path: Path
) -> None:
    scores = {
        "benchmark": ["easy"] * 4,
        "decoding": ["greedy"] * 4,
        "n": [2] * 4,
        "c": [2, 1, 0, 1],
        "truncated": [1, 0, 0, 0],
    }
    write_table(tmp_path / "scores.parquet", pl.DataFrame(scores))
    out = tmp_path / "out"
    options = ("--scores", tmp_path / "scores.parquet", "--licence", "apache-2.0")
    export("adapter", adapter, "--model", tiny.manifest_path, "--output", out, *options)
    front, text = card(out)
    assert front["license"] == "apache-2.0" and front["library_name"] == "peft" and "sft" in front["tags"]
    assert tiny.manifest.revision in text and "10 of 10 rows" in text and "| learning_rate | `0.01` |" in text
    assert "| easy | greedy | 50.0 [" in text and "| 4 | 2 | 12.5% |" in text
    assert {path.name for path in out.iterdir()} >= {"adapter_model.safetensors", "adapter_config.json", "README.md"}


def test_an_adapter_of_another_model_is_refused(tiny: Tiny, adapter: Path, export: Any, tmp_path: Path) -> None:
    other = json.loads(tiny.manifest_path.read_text()) | {"revision": "0" * 64}
    write_json(tmp_path / "manifest.json", other)
    with pytest.raises(UserError, match="was trained on revision"):
        export("adapter", adapter, "--model", tmp_path / "manifest.json", "--output", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_exported_training_set_loads_as_trl_reads_it(export: Any, tmp_path: Path) -> None:
    from datasets import load_dataset

    rows = [row | {"rejected": None, "sources": [f"k{n}"]} for n, row in enumerate(as_rows(ROWS))]
    write_table(tmp_path / "set.parquet", pl.DataFrame(rows), {"data": "refined"})
    write_json(tmp_path / "set.stats.json", {"out": 10, "dropped": {"no error": 3}})
    export("training-set", tmp_path / "set.parquet", "--output", tmp_path / "out")
    data = load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    assert data.column_names == ["id", "prompt", "completion", "sources"]
    assert data[1]["prompt"] == [{"role": "user", "content": "What is 1 + 2?"}]
    assert data[1]["completion"] == [{"role": "assistant", "content": ROWS[1]["completion"]}]
    front, text = card(tmp_path / "out")
    assert front["configs"][0]["data_files"] == [{"split": "train", "path": "data/train-*"}]
    assert '| dropped | `{"no error": 3}` |' in text and '`"refined"`' in text


def test_pairs_are_named_as_trl_names_them(export: Any, tmp_path: Path) -> None:
    write_table(tmp_path / "set.parquet", pl.DataFrame([row | {"rejected": "No."} for row in as_rows(ROWS)]))
    export("training-set", tmp_path / "set.parquet", "--output", tmp_path / "out")
    table = pl.read_parquet(tmp_path / "out" / "data" / "*.parquet")
    assert table.columns == ["id", "prompt", "chosen", "rejected"]
    assert table["rejected"][0].to_list() == [{"role": "assistant", "content": "No."}]


def test_without_a_token_nothing_is_uploaded_and_the_folder_stands(
    export: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    write_table(tmp_path / "set.parquet", pl.DataFrame(as_rows(ROWS)))
    with pytest.raises(UserError, match="set HF_TOKEN"):
        export("training-set", tmp_path / "set.parquet", "--output", tmp_path / "out", "--repo", "org/name")
    assert (tmp_path / "out" / "README.md").exists()
    with pytest.raises(UserError, match="exists already"):
        export("training-set", tmp_path / "set.parquet", "--output", tmp_path / "out")


def test_with_a_token_the_folder_goes_to_a_private_repository(
    export: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []
    monkeypatch.setattr("huggingface_hub.get_token", lambda: "token")
    monkeypatch.setattr("huggingface_hub.HfApi.create_repo", lambda _, *a, **k: calls.append((a, k)))
    monkeypatch.setattr("huggingface_hub.HfApi.upload_folder", lambda _, **k: calls.append(k))
    write_table(tmp_path / "set.parquet", pl.DataFrame(as_rows(ROWS)))
    export("training-set", tmp_path / "set.parquet", "--output", tmp_path / "out", "--repo", "org/name")
    assert calls[0] == (("org/name",), {"repo_type": "dataset", "private": True, "exist_ok": True})
    assert calls[1]["folder_path"] == str(tmp_path / "out")
