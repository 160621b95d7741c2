"""A stand-in for a teacher of BIG-Bench Hard: it is told the answers, and says them over HTTP. Neither a model nor a
solver: it exists so that the pipeline around a real teacher can be run on problems that no script can solve."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


def _number(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


class StandIn:
    """Answers chat completions; `answers` are by the problem's text. One in three problems it gets wrong at first."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers = dict(answers)
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                prompt = body["messages"][-1]["content"]
                outer.asked.append(prompt)
                said = outer.say(prompt)
                usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": len(said.split())}
                choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
                answer = {"id": "x", "object": "chat.completion", "model": body["model"], "choices": [choice]}
                data = json.dumps(answer | {"usage": usage}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def other(self, answer: str) -> str:
        """Another answer of the same form."""
        others = [
            found for found in sorted(set(self.answers.values())) if found != answer and len(found) == len(answer)
        ]
        return others[_number(answer) % len(others)] if others else f"not {answer}"

    def solution(self, problem: str, answer: str) -> str:
        words = problem.split()
        return (
            f"We are asked about {' '.join(words[:6])}. I look at every part in turn, the last being {words[-1]}. "
            f"Taken together this gives {answer}. So the answer is \\boxed{{{answer}}}."
        )

    def say(self, prompt: str) -> str:
        last = max(prompt.rfind(problem) for problem in self.answers)
        problem = next((p for p in sorted(self.answers, key=len) if prompt.rfind(p) == last >= 0), None)
        if problem is None:
            return "I was not told about this problem."
        answer = self.answers[problem]
        if "Kind: logic" in prompt:  # a judgement: the first word's hash decides, as no one looks at the solutions here
            return f"I name a kind by chance.\nKind: {('logic', 'knowledge', 'calculation')[_number(problem) % 3]}"
        if match := re.search(r"Hint: the correct answer is (.*?)\.\n", prompt):
            return self.solution(problem, match[1])
        if "Right solution: " in prompt:
            return self.solution(problem, self.other(answer))
        return self.solution(problem, answer if _number(f"first {problem}") % 3 else self.other(answer))
