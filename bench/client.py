"""`python -m bench.client`: requests a second against an endpoint of fixed latency, ours beside its peers.

Each client speaks in its own process to a server in another; ideal is concurrency / latency. `ours` counts only what is
durable in the store. CURATOR_PYTHON names the interpreter of an environment that has bespokelabs-curator; without it
that peer is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from bench.client_faults import faults

CURATOR = Path(__file__).with_name("curator.py")


@contextmanager
def server(latency: float, size: int) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.latency_server", str(latency), str(size)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.terminate()
        process.wait()


def body(i: int) -> dict[str, object]:
    return {"model": "m", "messages": [{"role": "user", "content": f"What is {i} + 2?"}], "max_tokens": 1000}


def raw_aiohttp(url: str, total: int, concurrency: int) -> float:
    import aiohttp

    async def run() -> float:
        numbers = iter(range(total))
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def worker() -> None:
                for i in numbers:
                    async with session.post(url + "/chat/completions", json=body(i)) as response:
                        await response.json()

            begun = time.perf_counter()
            await asyncio.gather(*(worker() for _ in range(concurrency)))
            return time.perf_counter() - begun

    return asyncio.run(run())


def openai_pool(url: str, total: int, concurrency: int) -> float:
    import openai

    async def run() -> float:
        numbers = iter(range(total))
        async with openai.AsyncOpenAI(api_key="none", base_url=url, max_retries=0) as client:

            async def worker() -> None:
                for i in numbers:
                    await client.chat.completions.create(**body(i))  # type: ignore[call-overload]

            begun = time.perf_counter()
            await asyncio.gather(*(worker() for _ in range(concurrency)))
            return time.perf_counter() - begun

    return asyncio.run(run())


def ours(url: str, total: int, concurrency: int) -> float:
    import aiohttp  # noqa: F401 (as for the peer: what a program loads once is not what it pays a request)

    import orion.engines.api  # noqa: F401
    from orion.complete import complete
    from orion.config.endpoint import Endpoint
    from orion.engines import make_engine
    from orion.store import Store
    from orion.types import Message, Request, Sampling

    endpoint = Endpoint(base_url=url, key_variable="", concurrency=concurrency, stream=False)
    requests = [
        Request("m", (Message("user", f"What is {i} + 2?"),), Sampling(0.6, 1000), id=str(i)) for i in range(total)
    ]
    with tempfile.TemporaryDirectory() as folder, Store(folder) as store:
        begun = time.perf_counter()
        responses = complete(requests, make_engine("api", endpoint=endpoint, store=store), store)
        seconds = time.perf_counter() - begun
        assert len(responses) == total and all(response.reasoning for response in responses)
    return seconds


PEERS: dict[str, Callable[[str, int, int], float]] = {
    "raw aiohttp": raw_aiohttp,
    "openai, worker pool": openai_pool,
    "ours": ours,
}


def in_own_process(name: str, url: str, total: int, concurrency: int) -> float | None:
    """Seconds that a client takes, None where it cannot run here."""
    if name == "curator":
        python = os.environ.get("CURATOR_PYTHON")
        if not python:
            return None
        with tempfile.TemporaryDirectory() as folder:
            command = [python, str(CURATOR), url, folder, str(concurrency), "1000"]
            prompts = json.dumps([f"What is {i} + 2?" for i in range(total)])
            done = subprocess.run(command, input=prompts, capture_output=True, text=True, check=False)
    else:
        command = [sys.executable, "-m", "bench.client", "--peer", name, url, str(total), str(concurrency)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return None
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def throughput(latency: float, size: int, rounds: int, concurrencies: list[int]) -> None:
    print(f"requests a second at {latency * 1000:.0f} ms, and as a share of ideal; {rounds} rounds of C requests each")
    print("| client |" + "".join(f" C={c} |" for c in concurrencies))
    print("| --- |" + " --- |" * len(concurrencies))
    print("| ideal |" + "".join(f" {c / latency:.0f} |" for c in concurrencies))
    for name in [*PEERS, "curator"]:
        cells = []
        for concurrency in concurrencies:
            with server(latency, size) as url:
                total = rounds * concurrency
                seconds = in_own_process(name, url, total, concurrency)
                with urlopen(url.removesuffix("/v1") + "/") as answer:
                    asked = int(answer.read())
            if seconds is None:
                cells.append("-")
                continue
            rate = total / seconds
            extra = "" if asked == total else f" ({asked / total:.2f} requests a row)"
            cells.append(f"{rate:.0f} ({rate * latency / concurrency:.2f}){extra}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    if not os.environ.get("CURATOR_PYTHON"):
        print("curator left out: CURATOR_PYTHON is not set")


def resume(count: int, size: int) -> None:
    """Time until a store of `count` responses has been found to lack nothing."""
    from orion.complete import missing
    from orion.store import Store
    from orion.types import Message, Record, Request, Sampling

    requests = [Request("m", (Message("user", f"What is {i} + 2?"),), Sampling(0.6, 9999)) for i in range(count)]
    raw = {"text": "x" * size, "finish_reason": "stop", "prompt_tokens": 20, "completion_tokens": size // 4}
    with tempfile.TemporaryDirectory() as folder:
        with Store(folder) as store:
            begun = time.perf_counter()
            for request in requests:
                store.append(Record(request.key, 9999, "text", "ok", raw, {"model": "m"}, {"time": 1.0}))
            store.sync()
            wrote = time.perf_counter() - begun
        megabytes = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
        begun = time.perf_counter()
        assert missing(requests, Store(folder)) == []
        seconds = time.perf_counter() - begun
    print(
        f"resume: {count:,} responses ({megabytes:,.0f} MB) found complete in {seconds:.2f} s; "
        f"written durably at {count / wrote:,.0f} a second"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.client", description=__doc__)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--bytes", type=int, default=500, help="of text in each response")
    parser.add_argument("--rounds", type=int, default=40, help="requests = rounds x concurrency")
    parser.add_argument("--concurrency", type=int, nargs="*", default=[32, 128, 512])
    parser.add_argument("--resume", type=int, default=100_000, help="responses in the store of the resume measure")
    parser.add_argument("--only", choices=["throughput", "faults", "resume"], help="one part of the measures")
    parser.add_argument("--peer", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        name, url, total, concurrency = arguments.peer
        print(json.dumps({"seconds": PEERS[name](url, int(total), int(concurrency))}))
        return
    if arguments.only in (None, "throughput"):
        throughput(arguments.latency, arguments.bytes, arguments.rounds, arguments.concurrency)
    if arguments.only in (None, "faults"):
        faults()
    if arguments.only in (None, "resume"):
        resume(arguments.resume, 20_000)


if __name__ == "__main__":
    main()
