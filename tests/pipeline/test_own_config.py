"""A config of one's own holds only what differs from the embedded default, and says what is wrong with it."""

from typing import Any

import pytest
import yaml

from orion.config.study import Study, load
from orion.errors import UserError
from orion.specs import Specs
from orion.workflow import whole_config
from tests.pipeline.workspace import ROOT

LABELS = {"objective": "sft", "data": "labels"}


def study(**over: Any) -> Study:
    return load(whole_config(over))


def test_what_is_not_said_is_the_defaults() -> None:
    found = study(exposure={"draws": 2})
    assert found.exposure.draws == 2
    assert found == load(whole_config({})).model_copy(update={"exposure": found.exposure})


def test_another_source_takes_none_of_the_defaults_options() -> None:
    found = study(problems={"source": "file", "path": "train.jsonl"})
    assert (found.problems.source, found.problems.files) == ("file", ["train.jsonl"])
    assert study(problems={"families": {"one-step": 3}}).problems.model_dump()["families"]["one-step"] == 3


def test_null_takes_an_entry_away() -> None:
    found = study(benchmarks={"arith-easy": None, "mine": {"source": "file", "path": "b.jsonl"}})
    assert list(found.benchmarks) == ["arith-hard", "mine"]
    assert study(exposure={"top_p": None}).exposure.top_p is None


def test_the_teacher_that_was_given_is_used() -> None:
    found = study(teachers={"mine": {"source": "file", "path": "traces.jsonl"}})
    assert found.teacher == "mine" and list(found.teachers) == ["mine", "scripted"]
    assert study(teachers={"scripted": {"draws": 5}}).teacher == "scripted"


def test_a_config_that_names_students_stands_alone() -> None:
    with pytest.raises(UserError, match="problems: missing; set it"):
        study(students={"s": {"model": "org/name"}})


@pytest.mark.parametrize("name", ["own-files.yaml", "all-methods.yaml", "matched.yaml", "paper.yaml"])
def test_the_examples_are_valid(name: str) -> None:
    assert load(whole_config(yaml.safe_load((ROOT / "config" / name).read_text()))).methods


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"problems": {"source": "file", "path": "x", "colums": {}}}, "problems.colums: unknown key; did you mean 'co"),
        ({"problems": {"fil": 3}}, "problems.fil: unknown key; known keys: families, numbers, seed, source"),
        ({"benchmarks": {"file": {"source": "file", "pth": "x"}}}, "benchmarks.file.pth: unknown key; did you mean"),
        ({"methods": {"m": {"stages": [LABELS | {"match": ["orin"]}]}}}, "match 'orin' is no method of this study"),
        ({"methods": {"m": {"stages": [LABELS | {"match": ["vanilla"]}]}}}, "match 'vanilla' trains nothing"),
        ({"problems": {"source": "file"}}, "problems: source: file needs 'path'"),
        ({"teachers": {"t": {"source": "file", "path": "x", "columns": {"respnse": "y"}}}}, "t.columns.respnse"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named_as_it_was_written(over: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as error:
        study(**over)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"methods": ["vanila"]}, "tables.main.methods: there is no 'vanila'; there are vanilla, sft-label"),
        ({"decoding": "best"}, "tables.main.decoding: there is no 'best'; there are sampled"),
        ({"methods": ["vanilla"], "reference": "orion"}, "tables.main.reference: there is no 'orion'; there are vanil"),
        (
            {"majority": [9]},
            "tables.main: k 9 needs as many draws, 'sampled' has 4; raise evaluation.decodings.sampled",
        ),
    ],
)
def test_what_a_table_lacks_is_said_when_it_is_asked_for(table: dict[str, Any], said: str) -> None:
    found = Specs(study(tables={"main": table}, methods={"orion-no-error": None}))
    with pytest.raises(UserError) as error:
        found.table("main")
    assert said in str(error.value)
