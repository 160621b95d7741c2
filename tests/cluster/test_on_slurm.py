"""A study on a real SLURM, a test cluster on this machine: it runs, and whatever goes wrong, nothing is made twice."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.cluster.conftest import Cluster, kill
from tests.cluster.slurm import wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("slurm"),
    pytest.mark.skipif(
        "ORION_TEST_SLURM" not in os.environ,
        reason="starts a real SLURM on this machine and takes a quarter of an hour: set ORION_TEST_SLURM=1",
    ),
]
GPU_RULES = {"sample_exposure", "sample_benchmark", "train_adapter"}
BASE = "tiny/base"


def exposure(temperature: str) -> str:
    return f"results/tiny/base/train/t{temperature}.parquet"


def none_twice(cluster: Cluster, before: dict[tuple[str, int], str], draws: int) -> None:
    """The store holds what it held `before`, and of each of the `draws` requested since exactly one response."""
    after = cluster.stored(BASE)
    assert before.items() <= after.items(), "a response was lost or changed"
    assert len(after) == len(before) + draws
    assert max(Counter(key for key, _ in after).values()) == 1, "a response was generated twice"


def problems(cluster: Cluster) -> int:
    return sum(cluster.workspace.config["problems"]["families"].values())


def test_the_study_runs_and_gpu_stages_see_a_device_that_cpu_stages_do_not(cluster: Cluster) -> None:
    cluster.finish(cluster.start("results/tables/main.csv"))
    assert (cluster.workspace.work / "results/tables/main.csv").exists()

    states = {(job["rule"], job["JobState"]) for job in cluster.slurm.jobs()}
    assert {state for _, state in states} == {"COMPLETED"}
    devices = cluster.slurm.devices()
    assert devices.keys() == {rule for rule, _ in states}, "every stage was a job"
    for rule, seen in devices.items():
        assert (seen <= {"0", "1"}) if rule in GPU_RULES else seen == {""}, rule
    training = next(job for job in cluster.slurm.jobs() if job["rule"] == "train_adapter")
    assert (training["Partition"], training["NumCPUs"]) == ("gpu", "2")
    assert all(job["JobName"].startswith("orion_") for job in cluster.slurm.jobs())
    assert cluster.workspace.planned("results/tables/main.csv") == set(), "nothing is left to do, whatever the profile"


def test_a_job_that_was_cancelled_from_outside_goes_on_where_it_stood(cluster: Cluster) -> None:
    before = cluster.stored(BASE)
    head = cluster.start(exposure("0.2"))
    wait_for("responses", lambda: len(cluster.stored(BASE)) > len(before), 300)
    cluster.slurm.ask("scancel", cluster.slurm.running("sample_exposure")[0])
    cluster.finish(head)
    none_twice(cluster, before, problems(cluster))


def test_a_job_that_was_requeued_goes_on_where_it_stood(cluster: Cluster) -> None:
    before = cluster.stored(BASE)
    head = cluster.start(exposure("0.4"))
    wait_for("responses", lambda: len(cluster.stored(BASE)) > len(before), 300)
    job = cluster.slurm.running("sample_exposure")[0]
    cluster.slurm.ask("scontrol", "requeue", job)  # as after a pre-emption or a node's failure
    cluster.finish(head)
    assert {job["JobId"]: job["Restarts"] for job in cluster.slurm.jobs()}[job] == "1"
    none_twice(cluster, before, problems(cluster))


def test_after_a_killed_head_restart_leaves_no_job_behind_and_none_runs_twice(cluster: Cluster) -> None:
    before = cluster.stored(BASE)
    head = cluster.start(exposure("0.6"))
    wait_for("responses", lambda: len(cluster.stored(BASE)) > len(before), 300)
    kill(head)
    orphan = cluster.slurm.running("sample_exposure")[0]
    stranger = cluster.slurm.ask("sbatch", "--parsable", "--job-name=orion_other", "--chdir=/", "--wrap", "sleep 600")

    said = cluster.finish(cluster.start(exposure("0.6"), program=("bash", str(cluster.profile / "restart"))))
    assert "cancelling 1 jobs" in said
    states = {job["JobId"]: job["JobState"] for job in cluster.slurm.jobs()}
    assert states[orphan] == "CANCELLED"
    assert states[stranger.strip()] == "RUNNING", "another study's job is not ours to cancel"
    cluster.slurm.ask("scancel", stranger.strip())
    none_twice(cluster, before, problems(cluster))


def test_a_job_over_its_time_limit_gets_more_time_and_goes_on_where_it_stood(cluster: Cluster) -> None:
    before = cluster.stored(BASE)
    head = cluster.start(exposure("0.8"), "--set-resources", "sample_exposure:runtime=attempt", "--retries", "9")
    wait_for("responses", lambda: len(cluster.stored(BASE)) > len(before), 300)
    job = cluster.slurm.running("sample_exposure")[0]
    cluster.slurm.ask("scancel", "--signal=STOP", job)  # it hangs, as on a file system that does not answer
    cluster.finish(head)
    states = {job["JobId"]: job["JobState"] for job in cluster.slurm.jobs()}
    assert states[job] == "TIMEOUT"
    limits = [job["TimeLimit"] for job in cluster.slurm.jobs() if "t0.8" in job["StdOut"] or "0.8" in job["Comment"]]
    assert limits == sorted(limits) and len(set(limits)) == len(limits) > 1
    none_twice(cluster, before, problems(cluster))


def test_what_does_not_depend_on_a_failed_job_goes_on(cluster: Cluster, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"id": "1", "problem": "What is 1 + 1?"}\n')
    config = {"benchmarks": {"broken": {"source": "file", "path": str(broken)}}}
    with cluster.workspace.edited(**config):
        targets = ["results/problems/broken.parquet", exposure("1.0")]
        head = cluster.start(*targets, "--retries", "0")
        assert head.wait(timeout=600) == 1
    assert "no column 'answer'" in cluster.said(), "the failed stage's own words are shown"
    assert (cluster.workspace.work / exposure("1.0")).exists()


def test_a_request_that_no_node_can_meet_ends_the_run_and_says_so(cluster: Cluster) -> None:
    with cluster.workspace.edited(benchmarks={"more": {"source": "arithmetic", "families": {"one-step": 2}}}):
        target = "results/problems/more.parquet"
        head = cluster.start(target, "--set-resources", "make_problems:mem_mb=99000000", "--retries", "1")
        assert head.wait(timeout=300) == 1
    assert "Memory specification can not be satisfied" in cluster.said() or "not available" in cluster.said()
    assert not (cluster.workspace.work / target).exists()


def test_a_missing_setting_of_the_site_is_named(cluster: Cluster) -> None:
    head = cluster.start("tables", program=("env", "-u", "ORION_PARTITION", "-u", "ORION_GPU_PARTITION", sys.executable,
        "-m", "snakemake", "--workflow-profile", str(cluster.profile)))  # fmt: skip
    assert head.wait(timeout=300) == 1
    said = cluster.said()
    assert "ORION_PARTITION" in said and "ORION_GPU_PARTITION" in said and "Traceback" not in said
