"""The fault part of `bench.client`: requests that an endpoint received for each row that was kept, ours beside curator.

100 prompts against the fault server of the tests, whose answers go wrong in one way at a time. Rows are kept when a
response with text came back; a refused or cut-off row is no kept row, but costs its requests all the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

ROWS = 100


class Profile(NamedTuple):
    """`script` is what every tenth prompt meets; `runs` one number of prompts a run; the first run is killed after
    `kill` requests."""

    name: str
    script: str = "ok"
    runs: tuple[int, ...] = (ROWS,)
    kill: int | None = None
    storm: float = 0.0


PROFILES = [
    Profile("no fault"),
    Profile("the same again", runs=(ROWS, ROWS)),
    Profile("one row appended", runs=(ROWS, ROWS + 1)),
    Profile("10% answer 500 once", script="500, ok"),
    Profile("10% break off once", script="reset_mid, ok"),
    Profile("10% always 400", script="400"),
    Profile("10% cut off", script="length"),
    Profile("10% without choices", script="no_choices"),
    Profile("429 storm of 3 s, Retry-After: 1", storm=3.0),
    Profile("kill -9 half-way, then again", runs=(ROWS, ROWS), kill=ROWS // 2),
]

OURS = """
import json, sys
from orion.complete import Gaps, complete
from orion.config.endpoint import Endpoint
from orion.engines.api import ApiEngine
from orion.store import Store
from orion.types import Message, Request, Sampling
url, folder, concurrency, most = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
prompts = json.load(sys.stdin)
endpoint = Endpoint(base_url=url, key_variable="", concurrency=concurrency)
requests = [Request("m", (Message("user", p),), Sampling(0.6, most), id=p) for p in prompts]
with Store(folder) as store:
    try:
        got = complete(requests, ApiEngine(endpoint, store=store), store)
    except Gaps as gaps:
        got = gaps.responses
print(json.dumps({"kept": sum(1 for r in got if r is not None and r.text and not r.truncated)}))
"""


def clients() -> dict[str, list[str]]:
    found = {"ours": [sys.executable, "-c", OURS]}
    if os.environ.get("CURATOR_PYTHON"):
        found["curator"] = [os.environ["CURATOR_PYTHON"], str(Path(__file__).with_name("curator.py"))]
    return found


def get(url: str) -> Any:
    with urlopen(url) as answer:
        return json.load(answer)


def measure(command: list[str], profile: Profile) -> str:
    server = subprocess.Popen([sys.executable, "-m", "tests.api.faults", "--latency", "0.05"], stdout=subprocess.PIPE)
    assert server.stdout is not None
    root = f"http://127.0.0.1:{int(server.stdout.readline())}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            kept = 0
            if profile.storm:
                urlopen(f"{root}/storm/seconds/{profile.storm}").close()
            for run, count in enumerate(profile.runs):
                prompts = [f"p{i}" + (f" ~ {profile.script}" if i % 10 == 0 else "") for i in range(count)]
                process = subprocess.Popen(
                    [*command, f"{root}/v1", folder, "8", "100"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                )
                assert process.stdin is not None
                process.stdin.write(json.dumps(prompts))
                process.stdin.close()
                process.stdin = None
                if profile.kill and run == 0:
                    while get(f"{root}/count") < profile.kill and process.poll() is None:
                        time.sleep(0.01)
                    process.kill()
                try:
                    out, _ = process.communicate(timeout=90)
                except subprocess.TimeoutExpired:
                    process.kill()
                    return "no end within 90 s"
                kept = json.loads(out.splitlines()[-1])["kept"] if out.strip() else 0
        log = get(f"{root}/log")
    finally:
        server.kill()
        server.wait()
    text = f"{len(log)} requests, {kept} kept" + (f" ({len(log) / kept:.2f})" if kept else "")
    if profile.storm:
        text += f", {early(log)} too early"
    return text


def early(log: list[dict[str, Any]]) -> int:
    """Requests sent although an earlier answer had asked for silence until later (0.1 s for what was on its way)."""
    quiet, told, count = 0.0, 0.0, 0
    for entry in sorted(log, key=lambda entry: float(entry["time"])):
        count += told + 0.1 < entry["time"] < quiet - 0.1
        if entry["how"].startswith("429"):
            told = entry["time"] if entry["time"] > quiet - 0.1 else told
            quiet = max(quiet, entry["time"] + entry["wait"])
    return count


def faults() -> None:
    names = clients()
    print("requests that the endpoint received and rows kept (requests a kept row)")
    print("| profile | " + " | ".join(names) + " |\n| --- |" + " --- |" * len(names))
    for profile in PROFILES:
        cells = [measure(command, profile) for command in names.values()]
        print(f"| {profile.name} | " + " | ".join(cells) + " |", flush=True)
