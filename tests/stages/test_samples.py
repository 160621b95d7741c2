"""A sample's row says when it was made and what it took, whichever run made it."""

import json
from pathlib import Path

from orion import samples
from orion.responses import parse
from orion.sample import trained_on
from orion.types import Message, Record, Request, Sampling, Verdict

REQUEST = Request("m", (Message("user", "1 + 1?"),), Sampling(0.6, 10), id="p")


def record(**meta: float) -> Record:
    raw = {"text": "2", "finish_reason": "stop", "prompt_tokens": 3, "completion_tokens": 1}
    return Record(REQUEST.key, 10, "text", "ok", raw, {}, meta)


def test_a_row_has_the_day_and_the_gpu_time_of_its_record() -> None:
    # 30 answers at once keep two GPUs up for 3 s: each record has a thirtieth of it
    response = parse(record(time=1_795_564_799.0, busy=0.1, gpus=2, seconds=3.0))
    row = samples.row(REQUEST, response, Verdict("correct", "2"))
    assert (row["made"], row["gpu_seconds"]) == ("2026-11-24", 0.2)


def test_what_was_not_recorded_is_not_made_up() -> None:
    row = samples.row(REQUEST, parse(record()), Verdict("correct", "2"))
    assert (row["made"], row["gpu_seconds"]) == (None, 0.0)


def test_the_same_words_at_another_time_are_the_same_response() -> None:
    assert parse(record(time=1.0, busy=1.0, gpus=1)) == parse(record(time=2.0))


def test_samples_say_what_their_adapter_was_trained_on(tmp_path: Path) -> None:
    made = {"problems": {"count": 2, "digest": "ab"}, "rows": {"in": 4, "out": 3}, "steps": 7}
    (tmp_path / "training.json").write_text(json.dumps(made))
    assert trained_on(tmp_path) == {"training": {"problems": made["problems"], "rows": 3, "steps": 7}}
    assert trained_on(None) == {} == trained_on(tmp_path / "elsewhere")
