"""A study on a real SLURM, a test cluster on this machine: it runs, and whatever goes wrong, nothing is made twice."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import polars as pl
import pytest

from tests.cluster.conftest import Cluster, kill
from tests.cluster.slurm import wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("slurm"),
    pytest.mark.timeout(1200),
]
GPU_RULES = {"sample_exposure", "refine_cots", "sample_benchmark", "train_adapter"}
BASE = "tiny/base"
TARGETS = ["results/tables/main.csv", "results/tiny/refined/error-and-cot.parquet"]
# Long enough to be caught in the middle, short enough to wait for.
DRAWS, PROBLEMS, STEPS = 40, 8, 400
LONG: dict[str, Any] = {
    "exposure": {"temperatures": ["0.2", "0.4", "0.6", "0.8"], "draws": DRAWS},
    "methods": {"long": {"stages": [{"objective": "sft", "data": "labels", "training": {"max_steps": STEPS}}]}},
}
ADAPTER, TRAINING_LOG = "results/tiny/long/seed0/sft/adapter", "logs/tiny/long/seed0/sft.log"


def exposure(temperature: str) -> str:
    return f"results/tiny/base/train/t{temperature}.parquet"


def none_twice(cluster: Cluster, before: dict[tuple[str, int], str], draws: int) -> None:
    """The store holds what it held `before`, and of each of the `draws` requested since exactly one response."""
    after = cluster.stored(BASE)
    assert before.items() <= after.items(), "a response was lost or changed"
    assert len(after) == len(before) + draws
    assert max(Counter(key for key, _ in after).values()) == 1, "a response was generated twice"


@pytest.fixture(scope="module")
def study(cluster: Cluster) -> Cluster:
    """The study, run to its end on the cluster."""
    cluster.finish(cluster.start(*TARGETS))
    return cluster


def test_the_study_runs_and_gpu_stages_see_a_device_that_cpu_stages_do_not(study: Cluster) -> None:
    assert all((study.workspace.work / target).exists() for target in TARGETS)
    states = {(job["rule"], job["JobState"]) for job in study.slurm.jobs()}
    assert {state for _, state in states} == {"COMPLETED"}
    devices = study.slurm.devices()
    assert devices.keys() == {rule for rule, _ in states} >= GPU_RULES, "every stage was a job"
    for rule, seen in devices.items():
        assert (seen <= {"0", "1"}) if rule in GPU_RULES else seen == {""}, rule
    training = next(job for job in study.slurm.jobs() if job["rule"] == "train_adapter")
    assert (training["Partition"], training["NumCPUs"]) == ("gpu", "1")
    assert all(job["JobName"].startswith("orion_") for job in study.slurm.jobs())


def test_the_rerun_contract_holds_on_the_cluster(study: Cluster) -> None:
    profile = ["--workflow-profile", str(study.profile)]
    sites = {"ORION_PARTITION": "cpu", "ORION_GPU_PARTITION": "gpu"}

    def planned() -> set[str]:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in sites.items():
                patch.setenv(name, value)
            return study.workspace.planned(*TARGETS, *profile)

    assert planned() == set()
    assert study.workspace.planned(*TARGETS) == set(), "whatever the profile"
    with study.workspace.code("profiles/slurm/config.yaml", "runtime: 720 * attempt", "runtime: 100 * attempt"):
        assert planned() == set(), "how a job runs changes no result"
    with study.workspace.edited(methods={"sft-label": {"label": "Ours"}}):
        assert planned() == {"make_tables main"}
    with study.workspace.edited(training={"learning_rate": 2e-3}):
        policy = "tiny sft-label 0"
        behind = {
            f"train_adapter {policy} sft",
            f"sample_benchmark {policy} arith-easy greedy",
            f"score_policy {policy}",
        }
        assert planned() == behind | {"make_tables main"}
    with study.workspace.code("orion/refinement.py", '"copies-reference"', '"copy"'):
        assert planned() == {"refine_cots tiny error-and-cot"}
    with study.workspace.edited(teachers={"scripted": {"endpoint": {"concurrency": 3}}}):
        assert planned() == set()


class Storm(NamedTuple):
    """What was done to which job, and what the store held before."""

    cluster: Cluster
    cancelled: str
    requeued: str
    hung: str
    training: str
    before: dict[tuple[str, int], str]


@pytest.fixture(scope="module")
def storm(study: Cluster) -> Iterator[Storm]:
    """One run of four long jobs: one is cancelled from outside, one requeued in the middle of its sampling and one in
    the middle of its training, and one hangs until its time is over."""
    slurm, work = study.slurm, study.workspace.work
    before = study.stored(BASE)
    with study.workspace.edited(**LONG):
        limits = ["--set-resources", "sample_exposure:runtime=attempt", "--retries", "9"]
        head = study.start(exposure("0.2"), exposure("0.4"), exposure("0.6"), ADAPTER, *limits)

        def catch(rule: str, values: str, begun: Callable[[], bool]) -> str:
            def found() -> list[str]:
                return [job["JobId"] for job in slurm.jobs() if job["rule"] == rule and job["JobState"] == "RUNNING"
                        and values in job["Comment"]]  # fmt: skip

            wait_for(f"{rule} {values} runs", found, 300)
            wait_for(f"{rule} {values} has begun", begun, 300)
            return found()[0]

        def sampled(temperature: str) -> Callable[[], bool]:
            return lambda: study.generated(BASE, temperature) > 0

        hung = catch("sample_exposure", "0.6", (work / "logs/tiny/base/train/t0.6.log").exists)
        slurm.ask("scancel", "--signal=STOP", hung)  # before it has a model, as on a file system that does not answer
        cancelled = catch("sample_exposure", "0.2", sampled("0.2"))
        slurm.ask("scancel", cancelled)
        requeued = catch("sample_exposure", "0.4", sampled("0.4"))
        slurm.ask("scontrol", "requeue", requeued)  # as after a pre-emption or a node's failure
        log = work / TRAINING_LOG
        training = catch("train_adapter", "long", lambda: log.exists() and "step 20/" in log.read_text())
        slurm.ask("scontrol", "requeue", training)
        study.finish(head)
        yield Storm(study, cancelled, requeued, hung, training, before)


def test_a_job_over_its_time_limit_gets_more_time(storm: Storm) -> None:
    jobs = storm.cluster.slurm.jobs()
    assert {job["JobId"]: job["JobState"] for job in jobs}[storm.hung] == "TIMEOUT"
    limits = [job["TimeLimit"] for job in jobs if job["rule"] == "sample_exposure" and "0.6" in job["Comment"]]
    assert limits == sorted(limits) and len(set(limits)) == len(limits) > 1


def test_a_job_that_was_cancelled_from_outside_is_submitted_again(storm: Storm) -> None:
    jobs = storm.cluster.slurm.jobs()
    states = {job["JobId"]: job["JobState"] for job in jobs if "0.2" in job["Comment"]}
    assert states.pop(storm.cancelled) == "CANCELLED"
    assert "COMPLETED" in states.values()


def test_a_requeued_job_stays_the_same_job(storm: Storm) -> None:
    restarts = {job["JobId"]: (job["Restarts"], job["JobState"]) for job in storm.cluster.slurm.jobs()}
    assert restarts[storm.training] == ("1", "COMPLETED")
    assert restarts[storm.requeued][0] == "1"


def test_no_response_is_lost_or_generated_twice(storm: Storm) -> None:
    none_twice(storm.cluster, storm.before, 3 * DRAWS * PROBLEMS)
    for temperature in ("0.2", "0.4", "0.6"):
        samples = pl.read_parquet(storm.cluster.workspace.work / exposure(temperature))
        assert len(samples) == DRAWS * PROBLEMS


def test_a_requeued_training_goes_on_after_its_last_step(storm: Storm) -> None:
    log = (storm.cluster.workspace.work / TRAINING_LOG).read_text()
    resumed = re.search(r"^going on after step (\d+)$", log, re.MULTILINE)
    assert resumed and int(resumed[1]) >= 20
    assert f"step {resumed[1]}/" not in log and f"step {int(resumed[1]) + 1}/{STEPS} " in log
    steps = pl.read_parquet(storm.cluster.workspace.work / f"{ADAPTER}/../training_log.parquet")["step"].to_list()
    assert steps == list(range(1, STEPS + 1))


# What the profile says of two nodes, here with two tasks of one node, without GPUs.
TEAM = [
    "train_adapter:mpi='srun'", "train_adapter:tasks=2", "train_adapter:tasks_per_gpu=0", "train_adapter:gpu=0",
    "train_adapter:launcher='srun --ntasks 2 torchrun --nnodes 2 --nproc-per-node 1 --rdzv-backend c10d "
    "--rdzv-endpoint $(hostname):29577'",
]  # fmt: skip


def test_a_training_is_shared_by_the_tasks_of_a_job(study: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    recipe = {"stages": [{"objective": "sft", "data": "labels", "training": {"max_steps": 3}}]}
    with study.workspace.edited(methods={"shared": recipe}):
        study.finish(study.start("results/tiny/shared/seed0/sft/adapter", "--retries", "0", "--set-resources", *TEAM))
    made = json.loads((study.workspace.work / "results/tiny/shared/seed0/sft/adapter/training.json").read_text())
    assert made["processes"] == 2
    job = [job for job in study.slurm.jobs() if "shared" in job["Comment"] and job["rule"] == "train_adapter"][-1]
    assert (job["NumTasks"], job["JobState"]) == ("2", "COMPLETED")


def test_after_a_killed_head_restart_leaves_no_job_behind_and_none_runs_twice(study: Cluster) -> None:
    before, slurm = study.stored(BASE), study.slurm
    with study.workspace.edited(**LONG):
        head = study.start(exposure("0.8"))
        wait_for("responses", lambda: study.generated(BASE, "0.8"), 300)
        kill(head)
        orphan = slurm.running("sample_exposure")[0]
        stranger = slurm.ask(
            "sbatch", "--parsable", "--job-name=orion_other", "--chdir=/", "--wrap", "sleep 600"
        ).strip()
        said = study.finish(study.start(exposure("0.8"), program=("bash", str(study.profile / "restart"))))
    assert "cancelling 1 jobs" in said
    states = {job["JobId"]: job["JobState"] for job in slurm.jobs()}
    assert states[orphan] == "CANCELLED"
    assert states[stranger] == "RUNNING", "another study's job is not ours to cancel"
    slurm.ask("scancel", stranger)
    none_twice(study, before, DRAWS * PROBLEMS)


def test_what_does_not_depend_on_a_failed_job_goes_on(study: Cluster) -> None:
    more = {
        "students": {"missing": {"model": "/no/such/folder", "engine": "transformers"}},
        "benchmarks": {"more": study.workspace.config["benchmarks"]["arith-easy"] | {"seed": 7}},
    }
    with study.workspace.edited(**more):
        targets = ["results/models/missing/manifest.json", "results/problems/more.parquet"]
        head = study.start(*targets, "--retries", "0")
        assert head.wait(timeout=600) == 1
    assert "no model folder" in study.said(), "the failed stage's own words are shown"
    assert (study.workspace.work / "results/problems/more.parquet").exists()


def test_a_request_that_no_node_can_meet_ends_the_run_and_says_so(study: Cluster) -> None:
    with study.workspace.edited(benchmarks={"huge": {"source": "arithmetic", "families": {"one-step": 2}}}):
        target = "results/problems/huge.parquet"
        head = study.start(target, "--set-resources", "make_problems:mem_mb=99000000", "--retries", "1")
        assert head.wait(timeout=300) == 1
    assert "Memory specification can not be satisfied" in study.said() or "not available" in study.said()
    assert not (study.workspace.work / target).exists()


def test_a_missing_setting_of_the_site_is_named(study: Cluster) -> None:
    unset = ("env", "-u", "ORION_PARTITION", "-u", "ORION_GPU_PARTITION")
    snakemake = (sys.executable, "-m", "snakemake", "--workflow-profile", str(study.profile))
    head = study.start("tables", program=(*unset, *snakemake))
    assert head.wait(timeout=300) == 1
    said = study.said()
    assert "ORION_PARTITION" in said and "ORION_GPU_PARTITION" in said and "Traceback" not in said
