"""`python -m orion.teacher.scripted`: run the scripted teacher until it is stopped."""

from __future__ import annotations

import argparse
import socket

from orion import cli
from orion.teacher.scripted.tasks import perform
from orion.teacher.scripted.voice import Answer

LOST = Answer(
    "I have read this twice. It is not one of the arithmetic stories that I know how to solve.",
    "I can only solve the arithmetic word problems of the embedded default.",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.teacher.scripted", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one; the first line printed names it")
    parser.add_argument("--slip-rate", type=float, default=0.05, help="share of answers with one miscalculated step")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds to wait before answering")
    arguments = parser.parse_args()

    from aiohttp import web

    from orion.teacher.scripted.server import CHAT, JUDGE, Server

    def speak(model: str, messages: list[dict[str, str]], seed: int) -> Answer:
        straight = model == CHAT
        answer = perform(messages[-1]["content"], seed, arguments.slip_rate, straight) or LOST
        return answer._replace(reasoning="") if straight or model == JUDGE else answer

    listener = socket.create_server((arguments.host, arguments.port))
    print(f"listening on http://{arguments.host}:{listener.getsockname()[1]}/v1", flush=True)
    web.run_app(Server(speak, arguments.latency).app(), sock=listener, print=None, access_log=None)


if __name__ == "__main__":
    cli.run(main)
