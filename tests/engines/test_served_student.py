"""A student behind a compatible server: the server's names on the wire, our own in every record."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from orion.complete import parse
from orion.config.student import Student
from orion.engines.served import ServedStudent
from orion.errors import UserError
from orion.students import adapter_digest
from orion.types import Sampling
from tests.engines.conftest import Make, ask


class Served:
    """A server that knows some models and echoes the question; `bodies` is what it was sent, `about` what it says of
    itself, by path."""

    def __init__(self) -> None:
        self.models: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.about: dict[str, Any] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                pages = {"/v1/models": {"data": [{"id": name} for name in outer.models]}} | outer.about
                if self.path in pages:
                    self.give(pages[self.path], "application/json")
                else:
                    self.send_error(404)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.bodies.append(body)
                said = {"content": f"echo {body['messages'][-1]['content']}"}
                usage = {"prompt_tokens": 3, "completion_tokens": 4}
                chunk = {"choices": [{"index": 0, "delta": said, "finish_reason": "stop"}], "usage": usage}
                self.give(chunk, "text/event-stream")

            def give(self, value: Any, kind: str) -> None:
                text = json.dumps(value)
                data = (f"data: {text}\n\ndata: [DONE]\n\n" if "event" in kind else text).encode()
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.server.shutdown()


def test_a_sample_has_the_same_key_whichever_engine_makes_it(
    served: Served, folder: Path, student: Student, engine: Make
) -> None:
    api = student.model_copy(update={"engine": "api", "base_url": served.url, "system_prompt": "Be brief."})
    served.models = [student.model]
    ours = ServedStudent(folder, None, api)
    requests = ask(ours, Sampling(0.6, 8, top_p=0.9), questions=["a", "b"])
    records = {record.key: record for record in ours.complete(requests)}
    assert set(records) == {request.key for request in ask(engine(), Sampling(0.6, 8, top_p=0.9), questions=["a", "b"])}
    assert {parse(record).text for record in records.values()} == {"echo a", "echo b"}
    assert all(record.request["model"] == ours.model for record in records.values())
    assert {body["model"] for body in served.bodies} == {student.model}
    assert {body["seed"] for body in served.bodies} == {request.seed for request in requests}
    assert all(body["messages"][0] == {"role": "system", "content": "Be brief."} for body in served.bodies)
    assert all(body["chat_template_kwargs"] == {"enable_thinking": False} for body in served.bodies)


def test_an_adapter_goes_by_its_digest_and_the_error_says_how_to_serve_it(
    served: Served, folder: Path, student: Student, tmp_path: Path
) -> None:
    (tmp_path / "adapter_model.safetensors").write_bytes(b"weights")
    api = student.model_copy(update={"engine": "api", "base_url": served.url})
    ours = ServedStudent(folder, tmp_path, api)
    name = f"adapter-{adapter_digest(tmp_path)}"
    requests = ask(ours, Sampling(0.0, 8), draws=1, questions=["a"])
    with pytest.raises(UserError, match=f"--lora-modules {name}={tmp_path}"):
        list(ours.complete(requests))
    served.models = [student.model, name]
    [record] = ours.complete(requests)
    assert record.key == requests[0].key and served.bodies[0]["model"] == name


def test_a_server_that_is_not_there_is_named(folder: Path, student: Student) -> None:
    ours = ServedStudent(
        folder, None, student.model_copy(update={"engine": "api", "base_url": "http://127.0.0.1:9/v1"})
    )
    with pytest.raises(UserError, match=r"127\.0\.0\.1:9"):
        list(ours.complete(ask(ours, Sampling(0.0, 8), draws=1)))


@pytest.mark.parametrize(
    ("about", "version"),
    [
        ({"/version": {"version": "0.32.0"}}, "0.32.0"),  # vLLM
        ({"/server_info": {"version": "0.5.4", "tp_size": 1}}, "0.5.4"),  # SGLang
        ({"/version": ["what?"]}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_what_a_server_is_stands_in_the_metadata(
    served: Served, folder: Path, student: Student, about: dict[str, Any], version: str
) -> None:
    served.about = about
    ours = ServedStudent(folder, None, student.model_copy(update={"engine": "api", "base_url": served.url}))
    assert ours.provenance["engine_version"] == f"{version} (the server's)"


class NoHttp(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(1024)
        self.request.sendall(b"220 mail here\r\n")


def test_a_server_of_something_else_is_named(folder: Path, student: Student) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), NoHttp) as mail:
        threading.Thread(target=mail.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{mail.server_address[1]}/v1"
        ours = ServedStudent(folder, None, student.model_copy(update={"engine": "api", "base_url": url}))
        assert ours.provenance["engine_version"] == "unknown (the server's)"
        with pytest.raises(UserError, match="no list of models from there"):
            list(ours.complete(ask(ours, Sampling(0.0, 8), draws=1)))
        mail.shutdown()
