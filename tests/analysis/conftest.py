"""The tiny student of the training tests, for analyses that read with a model."""

from __future__ import annotations

import pytest

from tests.training.tiny import Tiny


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return Tiny(tmp_path_factory.mktemp("tiny"))
