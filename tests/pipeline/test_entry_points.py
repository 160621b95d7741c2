"""The stage programs answer quickly asked questions, and bad input with one clear sentence."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from orion.config.reference import page
from orion.config.study import load
from orion.errors import UserError
from tests.pipeline.workspace import ROOT, merged

STAGES = [
    "problems", "students", "teacher", "sample", "error_set", "refinement", "methods.build", "training", "scores",
    "tables", "verify", "store", "compare", "decontamination", "teacher.duals", "teacher.templates",
    "teacher.locations", "teacher.corrections", "own_corrections", "show",
    "explorer", "tables.page", "analysis.likelihood", "analysis.perplexity", "analysis.lengths", "figures",
    "analysis.self_correction", "analysis.locating", "analysis.stability", "analysis.subjects",
]  # fmt: skip
HEAVY = {"torch", "transformers", "polars", "openai", "vllm", "peft", "datasets", "sympy", "scipy"}

DEFAULT = yaml.safe_load((ROOT / "config/config.yaml").read_text())


@pytest.mark.parametrize("stage", STAGES)
def test_help_needs_no_heavy_import(stage):
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['x', '--help']\n"
        "try:\n"
        f"    runpy.run_module('orion.{stage}', run_name='__main__')\n"
        "except SystemExit: pass\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert "usage:" in done.stdout
    assert done.stderr.strip().splitlines()[-1] == "[]"


def refused(**over):
    with pytest.raises(UserError) as error:
        load(merged(DEFAULT, over))
    return str(error.value)


def test_the_default_config_is_valid():
    assert list(load(DEFAULT).methods) == list(DEFAULT["methods"])


def test_the_reference_of_the_config_is_up_to_date():
    assert (ROOT / "config/README.md").read_text() == page(), "run: python -m orion.config.reference > config/README.md"


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"exposure": {"temperatur": 1}}, "exposure.temperatur: unknown key; did you mean 'temperatures'?"),
        ({"students": {"smollm2": {"modell": "x"}}}, "students.smollm2.modell: unknown key; did you mean 'model'?"),
        ({"students": {"smollm2": {"model": "no slash"}}}, "students.smollm2"),
        ({"training": {"learning_rate": -1}}, "training.learning_rate"),
        ({"exposure": {"temperatures": ["hot"]}}, "'hot' is no temperature"),
        ({"exposure": {"temperatures": [0.6, "0.60"]}}, "the same temperature stands there twice"),
        ({"evaluation": {"k": [99]}}, "k 99 needs as many draws"),
        ({"evaluation": {"headline": "best"}}, "headline 'best' is none of the decodings"),
        ({"methods": {"orion": {"stages": [{"objective": "sft", "data": "refined"}]}}}, "feedback"),
        ({"methods": {"x": {"stages": [{"objective": "sgd", "data": "labels"}]}}}, "methods.x.stages.0.objective"),
        ({"methods": {"x": {"stages": [{"objective": "dpo", "data": "corrections"}]}}}, "put a stage before it"),
        ({"methods": {"x": {"stages": [{"objective": "sft", "data": "corrections"}]}}}, "put a stage before it"),
        ({"problems": {"source": "nowhere"}}, "problems"),
        ({"prompts": {"question": "no hole"}}, "prompts.question"),
        ({"teachers": {"scripted": {"api_key": "sk-1"}}}, "secrets do not stand in the config"),
        ({"judge": {"teacher": {"source": "file", "path": "x"}}}, "recorded traces judge nothing"),
        ({"judge": {"preference": None, "errors": None}}, "nothing to judge: add `preference: {}`"),
        ({"judge": {"preference": {"methods": ["orion", "vanilla"]}}}, "'vanilla' is none of the methods that train"),
        (
            {"judge": {"errors": {"problems": "benchmarks"}}, "methods": {"vanilla": None}},
            "add a method without stages",
        ),
        ({"judge": {"preference": {"order": 1}}}, "judge.preference.order: unknown key; did you mean 'orders'?"),
        ({"students": {"tables": {"model": "a/b"}}}, "'tables' is a folder of results/"),
    ],
)
def test_a_wrong_key_is_named_with_its_value_and_remedy(over, said):
    message = refused(**over)
    assert said in message
    assert "sk-1" not in message


def test_a_malformed_problems_file_is_refused_with_file_row_and_column(tmp_path: Path):
    path = tmp_path / "train.jsonl"
    path.write_text('{"id": "1", "problem": "1 + 1?", "answer": "2"}\n{"id": "2", "problem": "2 + 2?"}\n')
    spec = json.dumps({"problems": {"source": "file", "path": str(path)}})
    command = [sys.executable, "-m", "orion.problems", "--spec", spec, "--name", "train", "--output", "out.parquet"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert "train.jsonl" in done.stderr and "2" in done.stderr and "answer" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (ROOT / "out.parquet").exists()
