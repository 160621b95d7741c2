"""The preview shows what is trained as it is trained, before it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orion.training import preview
from tests.training.tiny import ROWS, Tiny


def test_the_trained_part_is_marked(
    tiny: Tiny, training_set: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["preview", str(training_set(ROWS)), "--rows", "1", "--model", str(tiny.manifest_path)]
    monkeypatch.setattr(sys, "argv", argv)
    assert preview.main() == 0
    printed = capsys.readouterr().out
    assert "user\nWhat is 0 + 1?<|im_end|>\n<|im_start|>assistant\n>0 + 1 = 1.<|im_end|><" in printed
    assert "in 10, out 10" in printed


def test_key_tokens_of_a_dual_are_green_and_red(tiny: Tiny) -> None:
    rows = [ROWS[1] | {"rejected": ROWS[1]["completion"].replace("= 3", "= 4")}]
    right, wrong = tiny.examples(tiny.spec("krsl"), rows)[0].sides
    assert f"= {preview.PLAIN}{preview.GREEN}3{preview.PLAIN}" in preview.paint(right, tiny.chat, False, True)
    assert f"= {preview.PLAIN}{preview.RED}4{preview.PLAIN}" in preview.paint(wrong, tiny.chat, True, True)


def test_the_model_is_found_by_the_place_of_the_training_set(tiny: Tiny, tmp_path: Path) -> None:
    manifest = tmp_path / "results" / "models" / "tiny" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.touch()
    assert preview.find_manifest(tmp_path / "results/tiny/orion/seed0/sft.training_set.parquet") == manifest
