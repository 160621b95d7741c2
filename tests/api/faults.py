"""A chat endpoint that misbehaves as told: `python -m tests.api.faults` prints its port, then serves raw sockets.

A prompt says how it is to be answered: `NAME ~ A, B, C` gets behaviour A the first time, B the second, and C from then
on; a prompt without `~` is answered well. Behaviours are the methods of `Answer`, with arguments after colons
(`429:2` = 429 with `Retry-After: 2`). `GET /log` returns what came and what was sent, `GET /storm/FORM/SECONDS` answers
everything with 429 for so long. Latency in seconds: `--latency`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import struct
import time
from collections import Counter
from email.utils import formatdate
from typing import Any

LONG = "word " * 200


def completion(prompt: str, **changes: Any) -> dict[str, Any]:
    message = {
        "role": "assistant",
        "reasoning_content": f"thinking about {prompt}",
        "content": f"to {prompt}: \\boxed{{4}}",
    }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "m",
        "choices": [{"index": 0, "message": message | changes.pop("message", {}), "finish_reason": "stop"} | changes],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
    }


class Faults:
    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.log: list[dict[str, Any]] = []
        self.asked: Counter[str] = Counter()
        self.storm_until = self.storm_for = 0.0
        self.storm_form = "seconds"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                method, path, _ = lines[0].split(" ", 2)
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
                data = await reader.readexactly(int(headers.get("content-length", 0)))
                if method == "GET":
                    self.control(path, writer)
                    continue
                body = json.loads(data)
                if not body.get("messages"):  # some clients knock first, to read the headers of the answer
                    writer.write(b"HTTP/1.1 400 X\r\nContent-Length: 2\r\n\r\n{}")
                    continue
                await Answer(self, body, headers, writer).give()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def control(self, path: str, writer: asyncio.StreamWriter) -> None:
        if path.startswith("/storm"):
            _, _, self.storm_form, seconds = path.split("/")
            self.storm_for = float(seconds)  # from the first request on
        body = json.dumps(len(self.log) if path == "/count" else self.log).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


class Answer:
    """One answer to one request."""

    def __init__(self, server: Faults, body: dict[str, Any], headers: dict[str, str], writer: asyncio.StreamWriter):
        self.server, self.body, self.headers, self.writer = server, body, headers, writer
        self.prompt: str = body["messages"][-1]["content"]
        self.stream = bool(body.get("stream"))
        self.entry = {"prompt": self.prompt, "time": time.time(), "body": body, "how": "", "wait": 0.0}

    async def give(self) -> None:
        server = self.server
        name, _, script = self.prompt.partition("~")
        turn = server.asked[self.prompt]
        server.asked[self.prompt] += 1
        server.log.append(self.entry)
        if server.storm_for:
            server.storm_until, server.storm_for = time.time() + server.storm_for, 0.0
        if time.time() < server.storm_until:
            how = {"seconds": "429:1", "date": "429date:1", "none": "429"}[server.storm_form]
        else:
            behaviours = [part.strip() for part in script.split(",")] if script else ["ok"]
            how = behaviours[min(turn, len(behaviours) - 1)]
            await asyncio.sleep(server.latency)
        self.entry["how"] = how
        word, *arguments = how.split(":")
        self.name = name.strip()
        if word[0].isdigit():
            self.refuse(word, *arguments)
        else:
            await getattr(self, word.replace("-", "_"))(*arguments)
        self.entry["answered"] = time.time()
        await self.writer.drain()

    # What goes over the wire

    def send(self, data: bytes, status: int = 200, kind: str = "application/json", headers: str = "") -> None:
        self.writer.write(self.head(len(data), status, kind, headers) + data)

    def head(self, length: int, status: int = 200, kind: str = "application/json", headers: str = "") -> bytes:
        return f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{headers}\r\n".encode()

    def whole(self, body: Any) -> bytes:
        """The bytes of a well-sent body, whole or streamed as the client asked; `choices` decides nothing else."""
        return events(body) if self.stream else json.dumps(body).encode()

    def answer(self, body: Any) -> None:
        self.send(self.whole(body), kind="text/event-stream" if self.stream else "application/json")

    def reset(self) -> None:
        """Close with RST, as a dying proxy does."""
        connection: socket.socket = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    # Behaviours

    async def ok(self, seconds: str = "0") -> None:
        await asyncio.sleep(float(seconds))
        self.answer(completion(self.name))

    def refuse(self, word: str, wait: str = "") -> None:
        status, headers = int(word[:3]), ""
        if wait and word.endswith("date"):
            headers = f"Retry-After: {formatdate(time.time() + float(wait), usegmt=True)}\r\n"
        elif wait:
            headers = f"Retry-After: {wait}\r\n"
        self.entry["wait"] = float(wait or 0)
        said = f"status {status} for {self.headers.get('authorization', 'no key')}"
        self.send(json.dumps({"error": {"message": said, "code": None}}).encode(), status, headers=headers)

    async def quota(self) -> None:
        body = {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}
        self.send(json.dumps(body).encode(), 429)

    async def filtered(self) -> None:
        body = {"error": {"message": "Content Exists Risk", "code": "invalid_request_error"}}
        self.send(json.dumps(body).encode(), 400)

    async def content_filter(self) -> None:
        self.answer(
            completion(self.name, message={"content": "", "reasoning_content": None}, finish_reason="content_filter")
        )

    async def empty(self) -> None:
        self.send(b"")

    async def blank(self) -> None:
        """Keep-alive lines, then the body, as DeepSeek sends under load."""
        body = self.whole(completion(self.name))
        keep_alive = b": keep-alive\n\n" if self.stream else b"\n"
        self.writer.write(self.head(len(body) + 5 * len(keep_alive), kind=self.kind()))
        for _ in range(5):
            self.writer.write(keep_alive)
            await asyncio.sleep(0.02)
        self.writer.write(body)

    def kind(self) -> str:
        return "text/event-stream" if self.stream else "application/json"

    async def blank_only(self) -> None:
        self.send(b"\n\n\n")

    async def malformed(self) -> None:
        self.send(b'{"choices": [{"message": {"con', kind="application/json")

    async def html(self) -> None:
        self.send(b"<html>bad gateway</html>", kind="text/html")

    async def no_choices(self) -> None:
        self.answer({"id": "x", "choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 20}})

    async def no_usage(self) -> None:
        body = completion(self.name)
        del body["usage"]
        self.answer(body)

    async def null_content(self) -> None:
        self.answer(completion(self.name, message={"content": None, "reasoning_content": None}))

    async def null_thinking(self) -> None:
        """Cut off while it thought: no content, and that is an answer."""
        self.answer(completion(self.name, message={"content": None}, finish_reason="length"))

    async def length(self) -> None:
        body = completion(self.name, finish_reason="length")
        body["usage"]["completion_tokens"] = self.body["max_tokens"]
        self.answer(body)

    async def error_body(self, code: str) -> None:
        self.send(json.dumps({"error": {"message": "provider is down", "code": int(code)}}).encode())

    async def given_up(self) -> None:
        self.answer(completion(self.name, finish_reason="insufficient_system_resource"))

    async def plain(self) -> None:
        """A response without any reasoning."""
        self.answer(completion(self.name, message={"reasoning_content": None}))

    async def field(self, name: str) -> None:
        """Reasoning in the field of that name."""
        parts = [{"type": "reasoning.text", "text": "thinking "}, {"type": "reasoning.text", "text": "more"}]
        message: dict[str, Any] = {"reasoning_content": None}
        if name == "think":
            message["content"] = "<think>\nthinking more\n</think>\n\nto 4"
        elif name == "unopened":
            message["content"] = "thinking more\n</think>\n\nto 4"
        else:
            message |= {name: parts if name == "reasoning_details" else "thinking more", "content": "to 4"}
        self.answer(completion(self.name, message=message))

    async def reset_before(self) -> None:
        self.reset()

    async def reset_mid(self) -> None:
        body = self.whole(completion(self.name))
        self.writer.write(self.head(len(body), kind=self.kind()) + body[: len(body) // 2])
        await self.writer.drain()
        await asyncio.sleep(0.05)
        self.reset()

    async def cut_stream(self) -> None:
        """Ends in good order, in the middle of a sentence: no finish reason, no [DONE]."""
        whole = self.whole(completion(self.name))
        data = (
            whole.split(b'data: {"choices": [{"index": 0, "delta": {}')[0] if self.stream else whole[: len(whole) // 2]
        )
        self.send(data, kind=self.kind())

    async def reset_after(self) -> None:
        self.answer(completion(self.name))
        await self.writer.drain()
        await asyncio.sleep(0.05)
        self.reset()

    async def stall(self) -> None:
        self.writer.write(self.head(1000, kind=self.kind()))
        await self.writer.drain()
        await asyncio.sleep(600)

    async def stall_mid(self) -> None:
        body = self.whole(completion(self.name))
        self.writer.write(self.head(len(body), kind=self.kind()) + body[: len(body) // 2])
        await self.writer.drain()
        await asyncio.sleep(600)

    async def drip(self, seconds: str) -> None:
        body = self.whole(completion(self.name))
        self.writer.write(self.head(len(body), kind=self.kind()))
        step = max(len(body) // 20, 1)
        for start in range(0, len(body), step):
            self.writer.write(body[start : start + step])
            await self.writer.drain()
            await asyncio.sleep(float(seconds) / 20)


def events(body: dict[str, Any]) -> bytes:
    """A body as server-sent events: texts in pieces, then the finish reason, then the usage, then [DONE]."""
    chunks: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": {"role": "assistant"}}]}]
    for choice in body["choices"]:
        for field, value in choice["message"].items():
            if isinstance(value, str) and field != "role":
                pieces: list[Any] = [value[i : i + 7] for i in range(0, len(value), 7)]
            elif isinstance(value, list):
                pieces = [[part] for part in value]
            else:
                pieces = []
            chunks += [{"choices": [{"index": 0, "delta": {field: piece}}]} for piece in pieces]
        chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    if "usage" in body:
        chunks.append({"choices": [], "usage": body["usage"]})
    if not body["choices"]:
        chunks = [{"choices": [], "usage": body["usage"]}]
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.01)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    server = await asyncio.start_server(Faults(arguments.latency).serve, "127.0.0.1", arguments.port, limit=2**24)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
