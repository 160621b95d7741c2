"""The scripted teacher's HTTP side: an R1-style chat-completions endpoint on a socket.

It serves two models: `scripted-r1` reasons before it answers, `scripted-chat` answers at once.
`POST /v1/chat/completions` (streamed or whole) answers with `reasoning_content` and `content`, `usage` and
`finish_reason`; bad requests get the error bodies that such endpoints send. Tokens are words and punctuation marks.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from aiohttp import web

from orion.teacher.scripted.voice import Answer

REASONER, CHAT, JUDGE = MODELS = ("scripted-r1", "scripted-chat", "scripted-judge")
Speaker = Callable[[str, list[dict[str, str]], int], Answer]


def tokens(text: str) -> list[str]:
    """The text cut into what this server counts as tokens; joined they give the text back."""
    return re.findall(r"\s*\w+|\s*[^\w\s]|\s+$", text)


def _error(status: int, message: str, kind: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": kind, "code": None}}, status=status)


class Server:
    """Serves `speak(model, messages, seed) -> Answer`. Without a `seed` in the body, the same question asked again gets
    another draw, as from a sampling endpoint."""

    def __init__(self, speak: Speaker, latency: float = 0.0) -> None:
        self._speak = speak
        self._latency = latency
        self._asked: Counter[str] = Counter()
        self._number = 0

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", self._models)
        return app

    async def _models(self, request: web.Request) -> web.Response:
        data = [{"id": model, "object": "model", "owned_by": "orion"} for model in MODELS]
        return web.json_response({"object": "list", "data": data})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.json()
            messages = [{"role": str(m["role"]), "content": str(m["content"])} for m in body["messages"]]
            limit = int(body.get("max_tokens") or body.get("max_completion_tokens") or 2**31)
        except (ValueError, KeyError, TypeError) as error:
            return _error(400, f"malformed request: {error!r}", "invalid_request_error")
        if (model := body.get("model")) not in MODELS:
            return _error(404, f"model {model!r} does not exist; this server has {', '.join(MODELS)}", "not_found")
        question = json.dumps(messages, sort_keys=True)
        seed = body.get("seed")
        if seed is None:
            seed = self._asked[question]
            self._asked[question] += 1
        await asyncio.sleep(self._latency)
        return await self._send(request, body, messages, self._speak(str(model), messages, int(seed)), limit)

    async def _send(
        self, request: web.Request, body: dict[str, Any], messages: list[dict[str, str]], answer: Answer, limit: int
    ) -> web.StreamResponse:
        thought, said = tokens(answer.reasoning), tokens(answer.response)
        finish = "stop" if len(thought) + len(said) <= limit else "length"
        thought, said = thought[:limit], said[: max(limit - len(thought), 0)]
        self._number += 1
        head = {"id": f"chatcmpl-{self._number}", "created": int(time.time()), "model": body["model"]}
        asked, answered = sum(len(tokens(m["content"])) for m in messages), len(thought) + len(said)
        usage = {
            "prompt_tokens": asked,
            "completion_tokens": answered,
            "total_tokens": asked + answered,
            "completion_tokens_details": {"reasoning_tokens": len(thought)},
        }
        if not body.get("stream"):
            message = {"role": "assistant", "content": "".join(said)}
            if thought:
                message["reasoning_content"] = "".join(thought)
            choice = {"index": 0, "message": message, "finish_reason": finish}
            return web.json_response({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)

        async def chunk(delta: dict[str, str] | None, reason: str | None = None) -> None:
            choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
            data = {**head, "object": "chat.completion.chunk", "choices": choices}
            if delta is None:
                data["usage"] = usage
            await stream.write(f"data: {json.dumps(data)}\n\n".encode())

        for field, text in (("reasoning_content", thought), ("content", said)):
            for start in range(0, len(text), 32):
                await chunk({field: "".join(text[start : start + 32])})
        await chunk({}, finish)
        if (body.get("stream_options") or {}).get("include_usage"):
            await chunk(None)
        await stream.write(b"data: [DONE]\n\n")
        await stream.write_eof()
        return stream
