"""The plan counts what the study will ask: against a config whose numbers one can count by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from orion.config.study import load
from orion.errors import UserError
from orion.plan import Assumptions, Row, measured, plan, read_study
from tests.pipeline.workspace import merged

ROOT = Path(__file__).resolve().parents[2]
ASSUMED = Assumptions(
    prompt_tokens=100, teacher_tokens=1000, student_tokens=10, evaluation_tokens=50, solved=0.5, wrong=0.5, kept=1
)

# 120 problems, 2 x 50 benchmark problems, 4 draws and a greedy one; 3 temperatures and 6 policies as in the default
SIZE: dict[str, Any] = {
    "problems": {"families": {"one-step": 60, "two-step": 60}},
    "benchmarks": {"arith-easy": {"families": {"one-step": 50}}, "arith-hard": {"families": {"two-step": 50}}},
    "evaluation": {"decodings": {"greedy": {"temperature": "0", "max_tokens": 160}}},
}


def rows(**over: Any) -> dict[str, Row]:
    config = merged(yaml.safe_load((ROOT / "config/config.yaml").read_text()), SIZE)
    return {row.stage: row for row in plan(load(merged(config, over)), ASSUMED)}


API = {
    "source": "api", "model": "m", "draws": 2, "max_tokens": 4000,
    "endpoint": {"prices": {"input": 1.0, "output": 2.0}},
}  # fmt: skip


def test_requests_are_those_of_the_config() -> None:
    found = rows(refinement={"tries": 1})
    assert (found["exposure"].jobs, found["exposure"].most_requests) == (3, 360)
    assert (found["evaluation"].jobs, found["evaluation"].most_requests) == (24, 6 * 100 * (4 + 1))
    # half of the samples are errors, each rewritten once; and every problem once without an error
    assert (found["refinement"].requests, found["refinement"].most_requests) == (180 + 120, 360 + 120)
    assert found["exposure"].tokens == 360 * 10


def test_money_is_that_of_the_price_table() -> None:
    teacher = rows(teachers={"scripted": None, "paid": API})["teacher"]
    assert (teacher.requests, teacher.most_requests) == (120 + 60, 240)
    assert teacher.money == pytest.approx(180 * (100 * 1 + 1000 * 2) / 1e6)
    assert teacher.most_money == pytest.approx(240 * (100 * 1 + 4000 * 2) / 1e6)
    batch = rows(teachers={"scripted": None, "paid": API | {"source": "batch"}})["teacher"]
    assert batch.money == pytest.approx(teacher.money / 2)


RIVALS: dict[str, Any] = {
    "edit": {"stages": [{"objective": "krsl", "data": "duals", "choose": {"mistakes": "logic"}}]},
    "edited": {"stages": [{"objective": "sft", "data": "edited", "passes": ["verify", "structure"]}]},
    "wot": {"solver": "wot"},
}


def test_what_the_rivals_ask_of_the_teacher_is_counted() -> None:
    prices = {"scripted": None, "paid": API}
    plain, more = (rows(teachers=prices, methods=methods) for methods in ({}, RIVALS))
    # a dual a problem, its label (kept: 1), two passes over the right half
    assert more["teacher"].requests - plain["teacher"].requests == 120 + 120 + 2 * 60
    assert more["teacher"].most_requests - plain["teacher"].most_requests == 2 * 120 + 2 * 120 + 2 * 120
    added = 120 * (1100 + 2 * 1000) + 120 * (2100 + 2 * 1000) + 120 * (1100 + 2 * 1000)
    assert more["teacher"].money - plain["teacher"].money == pytest.approx(added / 1e6)
    # two trained methods more, and one that takes up to nine calls
    added_most = more["evaluation"].most_requests - plain["evaluation"].most_requests
    assert added_most == (2 + 9) * 100 * (4 + 1)


def test_what_supercorrect_asks_is_counted_once_for_each_policy() -> None:
    stages = [{"objective": "sft", "data": "templates"}, {"objective": "dpo", "data": "corrections"}]
    methods = {"sc": {"stages": stages}, "sc-again": {"stages": stages, "solver": "self-correct"}}
    over = {"teachers": {"scripted": None, "paid": API}, "refinement": {"tries": 1}}
    plain, more = rows(**over), rows(**over | {"methods": methods})
    assert more["exposure"].requests - plain["exposure"].requests == 120 * 3
    errors = 120 * 3 / 2
    assert more["refinement"].requests - plain["refinement"].requests == errors
    # templates are written and inspected; an error is located, its correction judged, another written and inspected
    assert more["teacher"].requests - plain["teacher"].requests == 2 * 120 + errors + 3 * errors
    assert more["teacher"].most_requests - plain["teacher"].most_requests == 6 * 120 + 360 + 7 * 360
    added = more["evaluation"].most_requests - plain["evaluation"].most_requests
    assert added == (1 + 4) * 100 * (4 + 1)


def test_money_that_nobody_named_a_price_for_is_unknown() -> None:
    assert rows(teachers={"scripted": None, "paid": API | {"endpoint": None}})["teacher"].money is None


def test_judgements_are_counted_and_priced() -> None:
    judge = {
        "teacher": API,
        "preference": {"problems": 30, "orders": 2, "methods": ["sft-label", "sft-long-cot", "orion"]},
        "errors": {"limit": 20},
    }
    found = rows(judge=judge)
    # 30 problems: 2 orders of three CoTs, three pairs in both orders; 20 errors
    choices, pairs, errors = 30 * 2, 30 * 3 * 2, 20
    assert (found["judge"].jobs, found["judge"].requests) == (2, choices + pairs + errors)
    cot = (1000 + 2500) / 2
    prompts = (choices + pairs + errors) * 100 + cot * (3 * choices + 2 * pairs) + errors * 10
    assert found["judge"].prompt_tokens == prompts
    assert found["judge"].money == pytest.approx((prompts * 1 + (choices + pairs + errors) * 400 * 2) / 1e6)
    # every policy anew on 20 problems with errors and 20 without, 4 draws each
    assert (found["analysis"].jobs, found["analysis"].most_requests) == (6, 6 * 40 * 4)
    assert "analysis" not in rows(judge=judge | {"errors": None}) and "judge" not in rows(judge=None)


def test_a_fixed_number_of_steps_bounds_the_training() -> None:
    steps = rows(training={"max_steps": 10}, methods={name: None for name in ("orion", "orion-no-error",
                 "orion-no-reflection", "sft-long-cot")})["training"]  # fmt: skip
    assert steps.tokens == 10 * 8 * (100 + 10)


def test_what_no_method_needs_is_not_asked() -> None:
    only = {name: None for name in ("sft-long-cot", "orion", "orion-no-error", "orion-no-reflection")}
    found = rows(methods=only)
    assert "teacher" not in found
    assert found["exposure"].requests == found["refinement"].requests == 0


def test_a_dataset_of_unknown_size_is_named() -> None:
    hub = {"source": "hub", "hub": "org/name", "families": None, "numbers": None}
    with pytest.raises(UserError, match=r"problems: .*`rows` or `sample`"):
        rows(problems=hub)


def test_speeds_come_from_an_earlier_run(tmp_path: Path) -> None:
    table = tmp_path / "cost.csv"
    table.write_text(
        "stage,hours,completion tokens,trained tokens\nexposure,1,3600,\nevaluation,1,10800,\ntraining,2,,7200\n"
    )
    assert measured(table) == {"sampling_rate": 2.0, "training_rate": 1.0}
    table.write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match=r"not the cost\.csv"):
        measured(table)


def test_a_config_that_names_no_students_is_laid_over_the_default(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("exposure: {draws: 2}\n")
    study = read_study(mine)
    assert (study.exposure.draws, list(study.students)) == (2, ["smollm2"])


def test_the_program_plans_the_paper() -> None:
    command = [sys.executable, "-m", "orion.plan", "--configfile", "config/paper.yaml", "--json"]
    found = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    by_stage = {row["stage"]: row for row in found}
    assert by_stage["evaluation"]["jobs"] == 744
    assert by_stage["evaluation"]["most_requests"] == 93 * 1889 * 11
    assert by_stage["teacher"]["money"] == 0
