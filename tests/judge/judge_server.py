"""A judge behind a real socket, which answers as a test tells it: `reply(prompt)` gives (text, finish reason)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[[str], tuple[str, str]]


class JudgeServer:
    def __init__(self, reply: Reply) -> None:
        self.prompts: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.prompts.append(body["messages"][-1]["content"])
                text, finish = reply(outer.prompts[-1])
                choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
                usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
                answer: dict[str, Any] = {"id": "1", "object": "chat.completion", "model": "m", "usage": usage}
                data = json.dumps(answer | {"choices": [choice]}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def endpoint(self) -> str:
        url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        prices = {"input": 1000.0, "output": 1000.0}
        return json.dumps({"base_url": url, "key_variable": "", "stream": False, "attempts": 1, "prices": prices})

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serving(reply: Reply) -> Iterator[JudgeServer]:
    server = JudgeServer(reply)
    server.start()
    try:
        yield server
    finally:
        server.stop()
