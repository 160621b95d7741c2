"""The fault server as a fixture, and a key in the environment that nothing may ever write down."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.api.client_helpers import KEY, Server


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    processes = []

    def start(latency: float = 0.01) -> Server:
        command = [sys.executable, "-m", "tests.api.faults", "--latency", str(latency)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
        processes.append(process)
        assert process.stdout is not None
        return Server(int(process.stdout.readline()))

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve()


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return KEY


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rules in a tenth of the time."""
    monkeypatch.setattr("orion.engines.flight.PAUSE", 0.05)
    monkeypatch.setattr("orion.engines.pacing.BackOff.FIRST", 0.05)


@pytest.fixture(params=[True, False], ids=["streamed", "whole"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)
