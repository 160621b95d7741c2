"""One test cluster for the session, and a study of a tiny student that runs on it with the real SLURM profile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.slurm import TestCluster, why_not
from tests.pipeline.workspace import Workspace
from tests.training.tiny import write_model

# The embedded default at its smallest, with a random student of two layers in the place of SmolLM2: what happens here
# is between Snakemake, SLURM and the stages, and waits for no model.
STUDY: dict[str, Any] = {
    "problems": {"source": "arithmetic", "families": {"one-step": 8, "two-step": None}, "numbers": [2, 12]},
    "benchmarks": {
        "arith-easy": {"source": "arithmetic", "families": {"one-step": 4}, "numbers": [2, 12], "seed": 1},
        "arith-hard": None,
    },
    "exposure": {"temperatures": ["1.0"], "draws": 1, "max_tokens": 160, "keep_unfinished": True},
    "refinement": {"tries": 1, "max_tokens": 16},
    "training": {"max_steps": 2, "accumulation": 4},
    "evaluation": {
        "decodings": {"sampled": None, "greedy": {"temperature": "0", "max_tokens": 16}},
        "headline": "greedy",
        "k": [1],
    },
    "tables": {"main": {"paper": None}, "ablation": None},
    "methods": {name: None for name in ("sft-long-cot", "orion", "orion-no-error", "orion-no-reflection")},
}
# The machine has two cores, whatever it claims; and a status check is due at once.
HERE = [
    "--jobs", "4", "--latency-wait", "5", "--slurm-init-seconds-before-status-checks", "1",
    "--set-threads", "sample_exposure=1", "refine_cots=1", "sample_benchmark=1", "train_adapter=1",
]  # fmt: skip


class Cluster:
    """A study on the test cluster: `workspace` holds it, `slurm` runs it."""

    def __init__(self, slurm: TestCluster, workspace: Workspace) -> None:
        self.slurm, self.workspace = slurm, workspace
        self.profile = workspace.repo / "profiles/slurm"

    def start(self, *arguments: str, program: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """The head process; `program` other than Snakemake gets the same arguments."""
        workspace = self.workspace
        command = [*(program or (sys.executable, "-m", "snakemake", "--workflow-profile", str(self.profile)))]
        command += [*arguments, "--snakefile", str(workspace.repo / "Snakefile")]
        command += ["--configfile", str(workspace.configfile), "--directory", str(workspace.work), *HERE]
        environment = os.environ | {
            "ORION_PARTITION": "cpu",
            "ORION_GPU_PARTITION": "gpu",
            "OMP_WAIT_POLICY": "passive",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        environment.pop("PYTHONPATH", None)
        # Into a file: the jobs of a killed head keep its pipes open.
        self.output = tempfile.TemporaryFile("w+")  # noqa: SIM115
        return subprocess.Popen(
            command, cwd=workspace.work, env=environment, stdout=self.output, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip

    def said(self) -> str:
        self.output.seek(0)
        return self.output.read()

    def finish(self, head: subprocess.Popen[str]) -> str:
        assert head.wait(timeout=800) == 0, self.said()[-6000:]
        return self.said()

    def stored(self, name: str) -> dict[tuple[str, int], str]:
        """(key, number of the record) -> when it was generated: what the store holds."""
        from orion.store import Store

        folder = self.workspace.work / "store" / name
        if not folder.exists():
            return {}
        store = Store(folder)
        found = {}
        for number, place in enumerate(store.places()):
            record = store.read(place)
            found[record.key, number] = str(record.raw)
        return found

    def generated(self, name: str, temperature: str) -> int:
        """How many responses of a temperature the store holds."""
        from orion.store import Store

        folder = self.workspace.work / "store" / name
        found = Store(folder).records() if folder.exists() else iter(())
        return sum(record.request["sampling"]["temperature"] == float(temperature) for record in found)


@pytest.fixture(scope="session")
def slurm() -> Iterator[TestCluster]:
    if reason := why_not():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="orion-slurm-") as folder:
        cluster = TestCluster(Path(folder))
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture(scope="session")
def cluster(slurm: TestCluster, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    folder = tmp_path_factory.mktemp("on-slurm")
    write_model(folder / "tiny")
    students = {"smollm2": None, "tiny": {"model": str(folder / "tiny"), "engine": "transformers"}}
    return Cluster(slurm, Workspace(folder / "study", STUDY | {"students": students}))


def kill(head: subprocess.Popen[str]) -> None:
    """As the kernel or an administrator would: nothing is cleaned up."""
    os.killpg(head.pid, signal.SIGKILL)
    head.wait()
