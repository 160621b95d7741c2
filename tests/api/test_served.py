"""A student behind a server of one's own: the same keys as for any engine, the server's words only on the wire."""

from __future__ import annotations

from pathlib import Path

import pytest

from orion.complete import complete
from orion.config.student import Student
from orion.engines import make_engine
from orion.errors import UserError
from orion.store import Store
from orion.types import Message, Request, Sampling
from tests.api.client_helpers import Server


def test_requests_name_the_policy_and_the_server_its_model(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.setattr("orion.engines.served.read_manifest", lambda path: None)
    monkeypatch.setattr("orion.engines.served.policy_name", lambda manifest, adapter: "policy-digest")
    student = Student(model="org/model", engine="api", base_url=server.url, thinking=False, system_prompt="Be brief.")
    engine = make_engine("api", manifest="m.json", adapter=None, student=student, threads=2)
    request = Request("policy-digest", (Message("user", "p"),), Sampling(0.6, 50, repetition_penalty=1.05), id="p")
    with Store(tmp_path) as store:
        got, _ = complete([request, request], engine, store)
        assert got.text == "to p: \\boxed{4}"
        assert store.find(request) is not None
    (entry,) = server.log()
    body = entry["body"]
    assert body["model"] == "org/model"
    assert body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "p"}]
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert body["repetition_penalty"] == 1.05


def test_an_adapter_cannot_be_sent_to_a_server(tmp_path: Path) -> None:
    student = Student(model="org/model", engine="api", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(UserError, match="adapter"):
        make_engine("api", manifest="m.json", adapter=tmp_path, student=student)
