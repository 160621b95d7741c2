"""One small real run of the whole pipeline, shared by the tests that look at it."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.pipeline.workspace import MAIN, Workspace


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The embedded default at its smallest, run to its end."""
    small = yaml.safe_load((Path(__file__).parent / "small.yaml").read_text())
    workspace = Workspace(tmp_path_factory.mktemp("study"), small)
    workspace.run(MAIN)
    return workspace


@pytest.fixture
def workspace(finished: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the finished run that a test may spoil."""
    copy = Workspace.__new__(Workspace)
    copy.repo, copy.work = tmp_path / "repo", tmp_path / "work"
    shutil.copytree(finished.repo, copy.repo)
    shutil.copytree(finished.work, copy.work)
    copy.config, copy.configfile = finished.config, copy.repo / "study.yaml"
    return copy
