"""`python -m bench.verify`: how fast and how alike we and plain math-verify grade the same real outputs.

The outputs are teachers' responses of the public data beside the repository (ORION_SHARED points elsewhere). Printed:
pairs a second of both on one core and on all, our latency, the time that 50 poison rows cost, start-up time and memory,
and the table of agreement with the reason for each difference. math-verify runs in worker processes of ours, one call
at a time as its documentation shows.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from orion.verify import Grading, verify
from orion.verify.grader import Item, grade
from orion.verify.peer import math_verify, report
from orion.verify.pool import POOL, available_cores

SHARED = Path(os.environ.get("ORION_SHARED", Path(__file__).resolve().parents[1].parent / "shared"))
POISON = [
    *("9^{9^{9^9}}", "(10^{10^8})!", "\\sum_{k=1}^{10^9} \\sin(k)", "(x+y+z)^{3000}", "\\binom{10^{12}}{10^{11}}"),
    *("2^{2^{2^{2^{2^2}}}}", "\\int_0^1 \\sin(\\cos(\\tan(x^x)))\\,dx", "\\prod_{k=1}^{10^7} k^k", "((((9!)!)!)!)!"),
    "\\sqrt{" * 60 + "2" + "}" * 60,
]


def load(limit: int) -> list[Item]:
    """The teachers' responses as items, those of a file that was cut off included."""
    items = []
    for path in sorted((SHARED / "data" / "teacher").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines()[: limit or None]:
            row = json.loads(line)
            items.append(Item(row["response"] or "", row["answer"]))
    return items


def clear(workers: bool = True) -> None:
    """Forget everything that an earlier round left in memory, started workers included."""
    from orion.verify import cascade, expression, forms, tokens

    for cache in (cascade._normal, expression.parse, forms.read, tokens.tokenize):
        cache.cache_clear()
    if workers:
        POOL.close()


class Rate(NamedTuple):
    """Pairs a second of wall clock, and a second of processor time (which other load does not blur)."""

    wall: float
    processor: float


def processor_time() -> float:
    """Seconds that this process and the workers have used."""
    import psutil

    workers = [psutil.Process(worker.process.pid).cpu_times() for worker in POOL._workers]
    return time.process_time() + float(sum(times.user + times.system for times in workers))


def rate(run: Callable[[], object], count: int) -> Rate:
    start, used = time.perf_counter(), processor_time()
    run()
    return Rate(count / (time.perf_counter() - start), count / max(processor_time() - used, 1e-9))


def ours(items: list[Item], workers: int, start: bool) -> Rate:
    """The median of three rounds without anything cached; with or without the start of workers."""
    rates = []
    for _ in range(3):
        clear(workers=start)
        rates.append(rate(lambda: grade(items, Grading(), workers), len(items)))
    return sorted(rates)[1]


def theirs(items: list[Item], workers: int) -> tuple[Rate, list[str]]:
    """The rate of math-verify with its workers already started, and its verdicts."""
    clear()
    math_verify(items[: 4 * workers], workers)
    verdicts: list[str] = []
    return rate(lambda: verdicts.extend(math_verify(items, workers)), len(items)), verdicts


def latencies(items: list[Item]) -> list[float]:
    """Seconds of single calls, warm, as a notebook makes them."""
    verify("\\boxed{\\int_0^1 x\\,dx}", "1")
    found = []
    for item in items:
        start = time.perf_counter()
        verify(item.text or "", item.gold)
        found.append(time.perf_counter() - start)
    return sorted(found)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.verify", description=__doc__)
    parser.add_argument("--limit", type=int, default=100, help="rows of each file (100; 0: all)")
    parser.add_argument("--differences", type=int, default=60, help="differing rows to print")
    arguments = parser.parse_args()
    items = load(arguments.limit)
    if not items:
        sys.exit(f"no public data under {SHARED / 'data' / 'teacher'}; set ORION_SHARED")
    length = statistics.mean(len(item.text or "") for item in items)
    print(f"{len(items)} real outputs, {length:.0f} characters on average, {available_cores()} cores")

    cores = sorted({1, available_cores()})
    verdicts: list[str] = []
    for workers in cores:
        cold = ours(items, workers, start=True)
        own = ours(items, workers, start=False)
        other, verdicts = theirs(items, workers)
        for name, what in (("wall clock", 0), ("processor time", 1)):
            print(
                f"{workers} core(s), pairs/s of {name}: ours {own[what]:.0f} ({cold[what]:.0f} with workers' start), "
                f"math-verify {other[what]:.0f}: {own[what] / other[what]:.0f}x ({cold[what] / other[what]:.0f}x)"
            )
    times = latencies(items)
    share = {name: times[int(len(times) * part)] * 1e3 for name, part in (("p50", 0.5), ("p99", 0.99))}
    print(f"latency of one call: p50 {share['p50']:.3f} ms, p99 {share['p99']:.2f} ms, most {times[-1] * 1e3:.0f} ms")

    poison = [Item(f"\\boxed{{{POISON[k % len(POISON)]}+{k}}}", "42") for k in range(50)]
    for name, run in (
        ("ours", lambda: [v.verdict for v in grade(poison, Grading())]),
        ("math-verify", lambda: math_verify(poison)),
    ):
        clear()
        start = time.perf_counter()
        found = run()
        counts = dict(Counter(found))
        print(f"50 poison rows, {name}: {time.perf_counter() - start:.1f} s, {counts}")

    start = time.perf_counter()
    code = "import orion.verify, resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)"
    memory = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    print(
        f"import orion.verify: {time.perf_counter() - start:.2f} s with the interpreter's start, {memory} MB;", end=" "
    )
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")

    clear()
    print(report(items, grade(items, Grading()), verdicts, arguments.differences))


if __name__ == "__main__":
    main()
