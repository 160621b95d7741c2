"""One small real run of the whole pipeline, shared by the tests that look at it."""

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
