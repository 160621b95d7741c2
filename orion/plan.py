"""`python -m orion.plan`: what a study will take, before it starts: jobs, requests, tokens, money, GPU hours, disk.

It asks nothing, downloads nothing and needs nothing but the config. Counts follow from it; token lengths, shares and
speeds are assumptions, printed beside the result: give better ones with --assume, or speeds measured in an earlier run
with --measured (its results/tables/cost.csv). `about` goes by the assumed lengths, `at most` by every limit. What
the stages `analysis` (new samples of all methods on problems with errors) and `judge` take, only the figures need;
that models read training sets for them is a small part of the training, and not counted.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import Field

from orion import cli
from orion.config.base import Part
from orion.config.judge import Judge
from orion.config.problems import ArithmeticSource, ProblemSource
from orion.config.study import Study, load
from orion.config.teacher import Teacher
from orion.errors import UserError
from orion.judge import inputs as judged
from orion.methods import DATA
from orion.progress import quantity
from orion.tables import inputs
from orion.teacher.needs import needs_of
from orion.workflow import default_config, read_yaml, whole_config

CALLS = {"wot": (6, 9), "self-correct": (3, 4)}  # of a solver for an answer: about, and at most
STAGES = ("teacher", "exposure", "refinement", "training", "evaluation", "analysis", "judge")


class Assumptions(Part):
    """What a config does not say. Defaults are for 7B and 8B students, competition problems and one H100 a job."""

    prompt_tokens: float = Field(200, ge=0, description="of a problem with its prompt")
    teacher_tokens: float = Field(6000, ge=0, description="of a teacher's response, reasoning included")
    student_tokens: float = Field(800, ge=0, description="of a student's own solution")
    refined_tokens: float = Field(2500, ge=0, description="of a rewritten CoT")
    evaluation_tokens: float = Field(2500, ge=0, description="of an answer to a benchmark, over all methods")
    judgement_tokens: float = Field(400, ge=0, description="of a judgement, its reason included")
    solved: float = Field(0.7, gt=0, le=1, description="share of the teacher's draws that are right")
    wrong: float = Field(0.4, ge=0, le=1, description="share of a student's samples that are distinct errors")
    kept: float = Field(0.6, ge=0, le=1, description="share of the rewrites that become training rows")
    sampling_rate: float = Field(2500, gt=0, description="completion tokens a second and GPU")
    training_rate: float = Field(4000, gt=0, description="trained and prompt tokens a second and GPU")
    model_gb: float = Field(16, ge=0, description="of a student's files in the hub's cache")
    adapter_gb: float = Field(0.17, ge=0, description="of an adapter; it lies in results and on the shelf")
    bytes_per_token: float = Field(8, gt=0, description="of a completion, in the store and in its artifact")


class Row(NamedTuple):
    """`most` fields go by the limits of the config, the others by the assumptions. GPU hours are of one GPU each."""

    stage: str
    jobs: int = 0
    requests: float = 0
    most_requests: float = 0
    prompt_tokens: float = 0
    tokens: float = 0  # completion tokens; of a training: tokens that go through the model
    most_tokens: float = 0
    gpu_hours: float = 0
    most_gpu_hours: float = 0
    money: float | None = None
    most_money: float | None = None
    disk_gb: float = 0


def read_study(path: Path | None) -> Study:
    """A config as Snakemake reads it: whole if it names students, else laid over the embedded default.

    Raises:
        UserError: no such file, no YAML, or a wrong key.
    """
    return load(whole_config(read_yaml(path) if path else {}), str(path or default_config()))


def size(source: ProblemSource, name: str) -> int:
    """How many problems an entry has, at most.

    Raises:
        UserError: only the data itself would tell.
    """
    if isinstance(source, ArithmeticSource):
        return sum(source.families.values())
    if source.sample:
        return source.sample
    if source.rows:
        return source.rows
    if source.path and Path(source.path).exists():
        from orion.benchmarks.read import read_rows

        return sum(1 for _ in read_rows(Path(source.path)))
    if source.source == "known":
        from orion.benchmarks.known import KNOWN, known_name

        if known := known_name(source.name or name):
            return KNOWN[known].rows
    raise UserError(f"{name}: how many problems it has stands only in the data; set its `rows` or `sample`")


def plan(study: Study, assumed: Assumptions) -> list[Row]:
    """A row a stage, in the order of the pipeline."""
    return list(_rows(study, assumed))


def _rows(study: Study, assumed: Assumptions) -> Iterator[Row]:
    train = size(study.problems, "problems")
    needed = inputs.completions(study)
    artifacts: dict[str, list[str]] = {}
    for path in needed:
        if path.startswith("teacher/"):
            _, name, artifact = path.split("/", 2)
            artifacts.setdefault(name, []).append(artifact)
    corrected = inputs.corrected(study)
    for training in corrected:
        artifacts.setdefault(study.teacher_of(training.stage), []).extend(("locations", "corrections"))
    if artifacts:
        asked = [_teacher(study, assumed, train, name, found) for name, found in artifacts.items()]
        row = _total(asked)._replace(stage="teacher")
        if any(one.money is None for one in asked):  # what one costs is not known, so neither is the sum
            row = row._replace(money=None, most_money=None)
        yield row

    def sampled(stage: str, jobs: int, most: float, share: float, length: float, limit: int, extra: float = 0) -> Row:
        tokens, most_tokens = most * share * min(length, limit), most * limit
        return Row(
            stage, jobs, most * share, most, most * share * (assumed.prompt_tokens + extra), tokens, most_tokens,
            tokens / assumed.sampling_rate / 3600, most_tokens / assumed.sampling_rate / 3600,
            disk_gb=2 * tokens * assumed.bytes_per_token / 1e9,
        )  # fmt: skip

    exposure, refinement = study.exposure, study.refinement
    jobs = sum("/base/train/" in path for path in needed)
    staged = study.stage_exposure
    again = len(corrected) * len(staged.temperatures)
    exposures = [
        sampled("", jobs, jobs * train * exposure.draws, 1, assumed.student_tokens, exposure.max_tokens),
        sampled("", again, again * train * staged.draws, 1, assumed.student_tokens, staged.max_tokens),
    ]
    yield _total(exposures)._replace(stage="exposure")

    with_error = sum(path.endswith("refined/error-and-cot") for path in needed)
    without = sum(path.endswith("refined/cot") for path in needed)
    samples = train * exposure.draws * len(exposure.temperatures)
    rewrites = [
        sampled("", count, count * most * refinement.tries, share, assumed.refined_tokens, refinement.max_tokens,
                assumed.teacher_tokens + extra)
        for count, most, share, extra in (
            (with_error, samples, assumed.wrong, assumed.student_tokens), (without, train, 1.0, 0.0)
        )
    ]  # fmt: skip
    rewrites.append(
        sampled("", len(corrected), again * train * staged.draws, assumed.wrong, assumed.student_tokens,
                study.correcting.student_max_tokens, assumed.student_tokens)
    )  # fmt: skip
    yield _total(rewrites)._replace(stage="refinement")
    yield _training(study, assumed, train, samples)

    calls = [CALLS.get(study.methods[method].solver or "", (1, 1)) for _, method, _ in inputs.policies(study)]
    about, most = (sum(numbers) for numbers in zip(*calls, strict=True))
    problems = sum(size(source, name) for name, source in study.benchmarks.items())
    evaluations = [
        sampled("", len(calls) * len(study.benchmarks), most * problems * decoding.draws, about / most,
                assumed.evaluation_tokens, decoding.max_tokens)
        for decoding in study.evaluation.decodings.values()
    ]  # fmt: skip
    yield _total(evaluations)._replace(stage="evaluation")
    if (wanted := judged.errors(study)) and study.untrained and wanted.problems == "train":
        headline = study.evaluation.decodings[study.evaluation.headline]
        again = most * min(2 * wanted.limit, train) * headline.draws
        yield sampled("analysis", len(calls), again, about / most, assumed.evaluation_tokens, headline.max_tokens)
    if study.judge:
        yield _judge(study, study.judge, assumed, train, problems)


def _teacher(study: Study, assumed: Assumptions, train: int, name: str, artifacts: list[str]) -> Row:
    """All that one teacher is asked for."""
    teacher = study.teachers[name]
    if teacher.source == "file":
        disk = train * assumed.teacher_tokens * assumed.bytes_per_token / 1e9
        return Row("teacher", 1, disk_gb=disk, money=0, most_money=0)
    asked = [needs_of(study, assumed, train, teacher, artifact) for artifact in artifacts]
    prompt, most_prompt = sum(one.about * one.prompt for one in asked), sum(one.most * one.prompt for one in asked)
    tokens = sum(one.about * min(assumed.teacher_tokens, one.limit) for one in asked)
    most_tokens = sum(one.most * one.limit for one in asked)
    row = Row(
        "teacher", len(asked), sum(one.about for one in asked), sum(one.most for one in asked), prompt, tokens,
        most_tokens, disk_gb=2 * train * len(asked) * assumed.teacher_tokens * assumed.bytes_per_token / 1e9,
    )  # fmt: skip
    return _priced(row, teacher, most_prompt)


def _priced(row: Row, teacher: Teacher, most_prompt_tokens: float) -> Row:
    """With what its tokens cost; unknown where nobody named a price."""
    prices = teacher.endpoint.prices if teacher.endpoint else None
    if teacher.source == "embedded":
        return row._replace(money=0, most_money=0)
    if prices is None:
        return row
    share = prices.batch_discount if teacher.source == "batch" else 1.0
    money = share * (row.prompt_tokens * prices.input + row.tokens * prices.output) / 1e6
    most_money = share * (most_prompt_tokens * prices.input + row.most_tokens * prices.output) / 1e6
    return row._replace(money=money, most_money=most_money)


def _judge(study: Study, judge: Judge, assumed: Assumptions, train: int, problems: int) -> Row:
    """Judgements, for each student: choices among all CoTs and pairs of them, and types of errors; on as many problems
    as the config allows, of which all methods may have fewer."""
    jobs, requests, prompt = 0, 0.0, 0.0
    cot = (assumed.teacher_tokens + assumed.refined_tokens) / 2
    if preference := judged.preference(study):
        methods, shared = len(judged.compared(study)), min(preference.problems, train)
        choices = shared * preference.orders
        pairs = shared * methods * (methods - 1) if preference.pairs else 0
        jobs, requests = 1, choices + pairs
        prompt = requests * assumed.prompt_tokens + cot * (methods * choices + 2 * pairs)
    if errors := judged.errors(study):
        cases = min(errors.limit, train if errors.problems == "train" else problems)
        jobs, requests = jobs + 1, requests + cases
        prompt += cases * (assumed.prompt_tokens + assumed.student_tokens)
    students = len(study.students)
    requests, prompt = students * requests, students * prompt
    tokens, most = requests * min(assumed.judgement_tokens, judge.max_tokens), requests * judge.max_tokens
    row = Row("judge", students * jobs, requests, requests, prompt, tokens, most)
    return _priced(row._replace(disk_gb=2 * tokens * assumed.bytes_per_token / 1e9), judge.teacher, prompt)


def _training(study: Study, assumed: Assumptions, train: int, samples: int) -> Row:
    """Rows of a training set are at most those of its source; steps are epochs or `max_steps`."""
    tokens, most_tokens = 0.0, 0.0
    trainings = inputs.trainings(study)
    for item in trainings:
        training = item.stage.training.over(study.training) if item.stage.training else study.training
        rows, most, length = train * assumed.solved, float(train), assumed.teacher_tokens
        if item.stage.data == "labels":
            rows, length = float(train), assumed.student_tokens
        elif item.stage.data == "refined":
            most = samples * study.refinement.tries if item.stage.feedback == "error-and-cot" else float(train)
            rows = most * assumed.kept * (assumed.wrong if item.stage.feedback == "error-and-cot" else 1)
            if study.refinement.max_per_problem:
                rows, most = (min(count, train * study.refinement.max_per_problem) for count in (rows, most))
            length = assumed.refined_tokens
        if item.stage.limit:
            rows, most = (min(count, item.stage.limit) for count in (rows, most))
        seen = (training.max_steps * training.rows_per_step) if training.max_steps else None
        prompt = assumed.prompt_tokens * (1 if DATA[item.stage.data].prompts == ("question",) else 5)
        tokens += (seen or rows * training.epochs) * (prompt + length)
        most_tokens += (seen or most * training.epochs) * (training.max_length or prompt + 4 * length)
    return Row(
        "training", len(trainings), tokens=tokens, most_tokens=most_tokens,
        gpu_hours=tokens / assumed.training_rate / 3600, most_gpu_hours=most_tokens / assumed.training_rate / 3600,
        disk_gb=2 * assumed.adapter_gb * len(trainings),
    )  # fmt: skip


def _total(rows: list[Row]) -> Row:
    def added(values: tuple[Any, ...]) -> Any:
        known = [value for value in values if value is not None]
        return sum(known) if known else None

    return Row("all", *(added(values) for values in list(zip(*rows, strict=True))[1:])) if rows else Row("all")


def measured(path: Path) -> dict[str, float]:
    """Speeds of an earlier run, from its table of costs.

    Raises:
        UserError: it is no such table.
    """
    found: dict[str, list[float]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                training = row["stage"] == "training"
                if training or row["stage"] in ("exposure", "refinement", "evaluation"):
                    total = found.setdefault("training_rate" if training else "sampling_rate", [0.0, 0.0])
                    total[0] += float(row["trained tokens" if training else "completion tokens"] or 0)
                    total[1] += float(row["hours"] or 0) * 3600
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"{path}: not the cost.csv of an earlier run ({error})") from None
    return {name: tokens / seconds for name, (tokens, seconds) in found.items() if tokens and seconds}


def text_of(study: Study, rows: list[Row], assumed: Assumptions) -> str:
    """The plan for people."""
    head = ("stage", "jobs", "requests", "tokens", "at most", "GPU hours", "at most", "money", "at most", "disk GB")
    lines: list[tuple[str, ...]] = [head]
    for row in [*rows, _total(rows)]:
        money = ["unknown" if value is None and row.stage in ("teacher", "judge") else f"{value or 0:,.0f}"
                 for value in (row.money, row.most_money)]  # fmt: skip
        lines.append((
            row.stage, f"{row.jobs:,}", quantity(row.requests), quantity(row.tokens), quantity(row.most_tokens),
            f"{row.gpu_hours:,.1f}", f"{row.most_gpu_hours:,.1f}", *money, f"{row.disk_gb:,.1f}",
        ))  # fmt: skip
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    table = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    hub = sum(not (student.is_pypi or student.is_local) for student in study.students.values())
    told = ", ".join(f"{name} {value:g}" for name, value in assumed.model_dump().items())
    table += ["", f"models of a hub: {hub}, about {hub * assumed.model_gb:,.0f} GB in its cache", f"assumed: {told}"]
    budget = (endpoint := study.teachers[study.teacher].endpoint) and endpoint.max_cost
    return "\n".join([*table, *([f"budget: {budget:,.2f}; nothing is sent that could exceed it"] if budget else [])])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.plan", description=__doc__)
    parser.add_argument("--configfile", type=Path, help="the study; default: the embedded one")
    parser.add_argument("--assume", default="{}", help="JSON (or @FILE): see the printed names")
    parser.add_argument("--measured", type=Path, help="results/tables/cost.csv of an earlier run, for its speeds")
    parser.add_argument("--json", action="store_true", help="for programs: a list with an object a stage")
    arguments = parser.parse_args()
    study = read_study(arguments.configfile)
    speeds = measured(arguments.measured) if arguments.measured else {}
    given = yaml.safe_load(cli.read_spec(arguments.assume)) or {}
    assumed = Assumptions.parse(json.dumps(speeds | given))
    rows = plan(study, assumed)
    print(json.dumps([row._asdict() for row in rows]) if arguments.json else text_of(study, rows, assumed))


if __name__ == "__main__":
    cli.run(main)
