"""What the transformers engine promises: the same answer whatever is asked beside it, as soon as it is there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from orion.complete import complete, parse
from orion.errors import UserError
from orion.store import Store
from orion.students import adapter_digest
from orion.types import Record, Request, Sampling
from tests.engines.conftest import QUESTIONS, Make, ask

SAMPLED = Sampling(0.8, 24, top_p=0.95, repetition_penalty=1.05)


def texts(records: Any) -> dict[str, str]:
    return {record.key: record.raw["text"] for record in records}


def test_an_answer_does_not_depend_on_what_is_asked_beside_it(engine: Make) -> None:
    together = engine(slots=64)
    requests = ask(together, SAMPLED)
    expected = texts(together.complete(requests))
    assert len(expected) == len(requests)
    assert texts(engine(slots=3).complete(requests[::-1])) == expected, "few slots, other order"
    assert texts(engine(slots=8, memory=1).complete(requests)) == expected, "rows that had to wait for memory"
    alone = engine()
    assert {
        k: v for request in requests[:4] for k, v in texts(alone.complete([request])).items()
    }.items() <= expected.items()


def test_the_same_request_gives_the_same_text_and_another_draw_another(engine: Make) -> None:
    first, second = engine(), engine()
    requests = ask(first, SAMPLED, draws=4, questions=QUESTIONS[:2])
    assert texts(first.complete(requests)) == texts(second.complete(requests))
    assert len(set(texts(first.complete(requests)).values())) == len(requests)


@pytest.mark.parametrize("penalty", [None, 1.3])
def test_greedy_text_is_that_of_generate(engine: Make, penalty: float | None) -> None:
    ours = engine(slots=4)
    requests = ask(ours, Sampling(0.0, 20, repetition_penalty=penalty), draws=1)
    found = texts(ours.complete(requests))
    for request in requests:
        ids = torch.tensor([ours.chat.prompt(request.messages)])
        whole = ours.loaded.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=20,
            do_sample=False,
            repetition_penalty=penalty or 1.0,
        )
        assert found[request.key] == ours.chat.decode(whole[0, ids.shape[1] :].tolist())


def test_a_cut_off_answer_says_so_and_counts_its_tokens(engine: Make) -> None:
    ours = engine()
    records = list(ours.complete(ask(ours, Sampling(1.5, 300), draws=3)))
    by_end: dict[str, list[Record]] = {"stop": [], "length": []}
    for record in records:
        by_end[record.raw["finish_reason"]].append(record)
    assert by_end["stop"], "with 300 tokens of 258 kinds, some answer ends by itself"
    assert all(r.raw["completion_tokens"] == 300 for r in by_end["length"])
    assert all("<|im_end|>" not in r.raw["text"] for r in records)
    assert parse(next(iter(ours.complete(ask(ours, Sampling(1.0, 2), 1))))).truncated


def test_a_stop_string_ends_the_text_before_it(engine: Make) -> None:
    ours = engine()
    [request] = ask(ours, Sampling(0.0, 30), 1, QUESTIONS[:1])
    [whole] = ours.complete([request])
    stop = whole.raw["text"][5:8]
    [cut] = ours.complete(ask(ours, Sampling(0.0, 30, stop=(stop,)), 1, QUESTIONS[:1]))
    assert cut.raw["text"] == whole.raw["text"][: whole.raw["text"].index(stop)]
    assert cut.raw["finish_reason"] == "stop" and cut.raw["completion_tokens"] < whole.raw["completion_tokens"]


def test_what_was_interrupted_goes_on_with_the_missing_requests_only(engine: Make, tmp_path: Path) -> None:
    requests = ask(engine(), SAMPLED)
    store = Store(tmp_path / "store")
    iterator = engine(slots=2).complete(requests)
    for _ in range(5):
        store.append(next(iterator))
    iterator.close()  # type: ignore[attr-defined]
    asked: list[Request] = []

    class Watched:
        def complete(self, wanted: Any) -> Any:
            asked.extend(wanted)
            yield from engine().complete(wanted)

    responses = complete(requests, Watched(), Store(tmp_path / "store"))
    assert len(asked) == len(requests) - 5
    assert [r.text for r in responses] == [texts(engine().complete(requests))[q.key] for q in requests]


def test_the_model_is_not_loaded_where_nothing_is_asked(engine: Make) -> None:
    ours = engine()
    assert list(ours.complete([])) == []
    assert ours.model and ours.provenance["revision"]
    assert "loaded" not in vars(ours) and "chat" not in vars(ours)


def test_a_prompt_that_leaves_no_room_is_an_error_record_and_not_an_answer(engine: Make) -> None:
    ours = engine()
    requests = ask(ours, Sampling(0.0, 4), 1, ["x" * 600, "fine"])
    by_id = {record.request["id"]: record for record in ours.complete(requests)}
    assert by_id["p0"].status == "too-long" and "512" in str(parse(by_id["p0"]).error)
    assert by_id["p1"].status == "ok"


def test_a_context_that_ends_before_max_tokens_cuts_the_answer_off(engine: Make) -> None:
    ours = engine()
    [record] = ours.complete(ask(ours, Sampling(0.0, 4000), 1, ["x" * 400]))
    assert record.raw["prompt_tokens"] + record.raw["completion_tokens"] <= 512
    assert record.raw["finish_reason"] == "length" or record.raw["completion_tokens"] < 112


def test_requests_for_another_policy_are_refused(engine: Make) -> None:
    with pytest.raises(UserError, match="engine of"):
        list(engine().complete([Request("other", ask(engine(), SAMPLED)[0].messages, SAMPLED)]))


@pytest.fixture
def adapter(engine: Make, tmp_path: Path) -> Path:
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(1)
    config = LoraConfig(r=4, target_modules=["q_proj", "v_proj", "down_proj"], init_lora_weights=False)
    get_peft_model(engine().loaded, config).save_pretrained(str(tmp_path / "adapter"))
    return tmp_path / "adapter"


def test_an_adapter_changes_the_name_and_the_text_as_peft_would(engine: Make, adapter: Path) -> None:
    from peft import PeftModel

    plain, ours = engine(), engine(adapter)
    assert ours.model == f"{plain.model}+{adapter_digest(adapter)}"
    requests = ask(ours, Sampling(0.0, 16), draws=1)
    found = texts(ours.complete(requests))
    assert set(found.values()) != set(texts(plain.complete(ask(plain, Sampling(0.0, 16), draws=1))).values())
    reference: Any = PeftModel.from_pretrained(engine().loaded, str(adapter))
    for request in requests[:3]:
        ids = torch.tensor([ours.chat.prompt(request.messages)])
        whole = reference.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=16, do_sample=False
        )
        assert found[request.key] == ours.chat.decode(whole[0, ids.shape[1] :].tolist())


def test_an_adapter_is_named_by_its_weights_and_settings_and_not_by_its_place(adapter: Path, tmp_path: Path) -> None:
    digest = adapter_digest(adapter)
    moved = tmp_path / "elsewhere"
    shutil.copytree(adapter, moved)
    config = json.loads((moved / "adapter_config.json").read_text())
    (moved / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": "/else/where"}))
    assert adapter_digest(moved) == digest
    (moved / "adapter_config.json").write_text(json.dumps(config | {"lora_alpha": 1}))
    assert adapter_digest(moved) != digest
