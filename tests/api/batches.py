"""A batch endpoint over a real socket: files, batches and their results, done after a number of looks at them."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.api.faults import completion


class BatchServer:
    """`looks`: how often a batch is looked at before it is done. `drop_create`: batches are made, and the connection
    dies before the answer. A prompt that begins with `bad` gets 400, with `late` expires, `busy` 429."""

    def __init__(self, looks: int = 1, drop_create: int = 0, fail: str | None = None) -> None:
        self.looks, self.drop_create, self.fail = looks, drop_create, fail
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.bought: list[str] = []
        self.direct: list[str] = []
        self.keys: set[str] = set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments: Any) -> None:
                pass

            def do_GET(self) -> Any:
                server.keys.add(self.headers["Authorization"])
                path = self.path.partition("?")[0]
                if found := re.fullmatch(r"/v1/files/(.*)/content", path):
                    return self.reply(server.files[found[1]])
                if path == "/v1/batches":
                    data = [server.look(id, peek=True) for id in server.batches]
                    return self.reply({"object": "list", "data": data, "has_more": False})
                return self.reply(server.look(path.rpartition("/")[2]))

            def do_POST(self) -> Any:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/v1/files":
                    return self.reply({"id": server.upload(data), "object": "file"})
                if self.path == "/v1/chat/completions":
                    body = json.loads(data)
                    server.direct.append(body["messages"][0]["content"])
                    return self.reply(completion(server.direct[-1]))
                batch = server.create(json.loads(data))
                if server.drop_create:
                    server.drop_create -= 1
                    self.close_connection = True
                    return self.connection.close()
                return self.reply(batch)

            def reply(self, body: Any) -> None:
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def upload(self, data: bytes) -> str:
        id = f"file-{len(self.files)}"
        lines = [line for line in data.split(b"\n") if line.startswith(b'{"custom_id"')]
        self.files[id] = b"\n".join(line.strip() for line in lines)
        return id

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        id = f"batch_{len(self.batches)}"
        self.batches[id] = {
            "id": id,
            "object": "batch",
            "completion_window": "24h",
            "created_at": 1,
            "looks": 0,
            **body,
        }
        return self.look(id, peek=True)

    def look(self, id: str, peek: bool = False) -> dict[str, Any]:
        batch = self.batches[id]
        batch["looks"] += not peek
        if self.fail:
            return batch | {"status": "failed", "errors": {"data": [{"message": self.fail}]}}
        if batch["looks"] <= self.looks:
            return batch | {"status": "in_progress"}
        if "output_file_id" not in batch:
            self._work(batch)
        return batch | {"status": "completed"}

    def _work(self, batch: dict[str, Any]) -> None:
        good: list[Any] = []
        bad: list[Any] = []
        for line in self.files[batch["input_file_id"]].splitlines():
            request = json.loads(line)
            prompt = request["body"]["messages"][0]["content"]
            result: dict[str, Any] = {"custom_id": request["custom_id"], "response": None, "error": None}
            if prompt.startswith("late"):
                bad.append(result | {"error": {"code": "batch_expired", "message": "too late"}})
                continue
            status = 400 if prompt.startswith("bad") else 429 if prompt.startswith("busy") else 200
            body = completion(prompt) if status == 200 else {"error": {"message": f"status {status}"}}
            if status == 200:
                self.bought.append(prompt)
            (good if status == 200 else bad).append(result | {"response": {"status_code": status, "body": body}})
        for name, lines in (("output_file_id", reversed(good)), ("error_file_id", bad)):
            self.files[f"{batch['id']}-{name}"] = "\n".join(map(json.dumps, lines)).encode()
            batch[name] = f"{batch['id']}-{name}"
