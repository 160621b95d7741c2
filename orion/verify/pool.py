"""Worker processes for symbolic comparisons: started when first needed, killed when they exceed their limits.

Nothing here uses alarms or forks the calling process, so it works off the main thread, in notebooks, and inside
Snakemake and SLURM jobs. A worker that dies or overstays costs its own comparison and no other.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_START = 120.0  # seconds of wall clock a worker may take to import sympy on a busy machine
_TASKS = 2000  # comparisons after which a worker is replaced: sympy's caches only grow
_ROOT = Path(__file__).resolve().parents[2]


class Outcome(NamedTuple):
    """`equal` is None where the comparison could not be decided; then `reason` says why."""

    equal: bool | None
    reason: str | None = None


def available_cores() -> int:
    """Cores this process may use: what a cluster job was given, not what the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Worker:
    def __init__(self, memory_mb: int) -> None:
        path = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self.memory_mb = memory_mb
        self.process = subprocess.Popen(
            [sys.executable, "-m", "orion.verify.worker", str(memory_mb)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | threads | {"PYTHONPATH": path},
            start_new_session=True,  # ctrl-C is the caller's to handle
        )
        assert self.process.stdin and self.process.stdout
        self.input, self.output = self.process.stdin, self.process.stdout
        os.set_blocking(self.output.fileno(), False)
        self.buffer = b""
        self.task: int | None = None
        self.ready = False
        self.tasks = 0
        self.timeout = 0.0
        self.deadline = time.monotonic() + _START

    def send(self, index: int, gold: str, answer: str, timeout: float, plain: bool) -> None:
        self.task, self.timeout, self.tasks = index, timeout, self.tasks + 1
        self.deadline = time.monotonic() + 10 * timeout + 10  # of wall clock; processor time ends it first
        self.input.write(
            json.dumps({"gold": gold, "answer": answer, "timeout": timeout, "plain": plain}).encode() + b"\n"
        )
        self.input.flush()

    def receive(self) -> dict[str, object] | None:
        """The next answer if it is complete. Raises EOFError when the process has died."""
        while b"\n" not in self.buffer:
            part = self.output.read(65536)
            if part is None:
                return None
            if not part:
                raise EOFError
            self.buffer += part
        line, self.buffer = self.buffer.split(b"\n", 1)
        answer: dict[str, object] = json.loads(line)
        return answer

    def death(self) -> str:
        """Why the process died, for people."""
        code = self.close()
        if code == -signal.SIGPROF:
            return f"the comparison took more than {self.timeout:g} s"
        if code == -signal.SIGKILL:
            return f"the comparison took more than {10 * self.timeout + 10:g} s of wall clock, or the memory ran out"
        return f"the comparison ended its worker process (exit code {code})"

    def close(self) -> int:
        self.process.kill()
        for stream in (self.input, self.output):
            with contextlib.suppress(OSError):
                stream.close()
        return self.process.wait()


class Pool:
    """A set of workers that outlives a call, so that single comparisons need not start a process each."""

    def __init__(self) -> None:
        self._workers: list[_Worker] = []
        self._lock = threading.Lock()

    def compare(
        self,
        pairs: Sequence[tuple[str, str]],
        *,
        timeout: float,
        memory_mb: int,
        workers: int | None = None,
        plain: bool = False,
    ) -> list[Outcome]:
        """Whether gold and answer are equal, for each pair, in order. `plain`: whether math-verify by itself says that
        gold and (whole) output are, to compare with."""
        results: list[Outcome | None] = [None] * len(pairs)
        with self._lock:
            try:
                self._run(pairs, results, timeout, memory_mb, min(workers or available_cores(), len(pairs)), plain)
            except BaseException:
                self.close()
                raise
        return [result or Outcome(None, "the comparison was not run") for result in results]

    def _run(
        self,
        pairs: Sequence[tuple[str, str]],
        results: list[Outcome | None],
        timeout: float,
        memory_mb: int,
        size: int,
        plain: bool,
    ) -> None:
        waiting = list(range(len(pairs)))[::-1]
        failed_starts = 0
        for worker in [w for w in self._workers if w.memory_mb != memory_mb or w.process.poll() is not None]:
            self._drop(worker)
        while waiting or any(worker.task is not None for worker in self._workers):
            while len(self._workers) < min(size, len(waiting) + sum(w.task is not None for w in self._workers)):
                self._workers.append(_Worker(memory_mb))
            for worker in [w for w in self._workers if w.ready and w.task is None][: len(waiting)]:
                if waiting:
                    index = waiting.pop()
                    try:
                        worker.send(index, *pairs[index], timeout, plain)
                    except OSError:
                        worker.death()
                        self._workers.remove(worker)
                        waiting.append(index)
            for worker, event in self._events():
                if isinstance(event, str):
                    self._workers.remove(worker)
                    if worker.task is not None:
                        results[worker.task] = Outcome(None, event)
                    else:
                        failed_starts += 1
                elif not worker.ready:
                    worker.ready = True
                elif worker.task is not None:
                    equal, reason = event.get("equal"), event.get("reason")
                    known = equal if isinstance(equal, bool) else None
                    results[worker.task] = Outcome(known, str(reason) if reason else None)
                    worker.task = None
                    if worker.tasks >= _TASKS or "last" in event:
                        self._drop(worker)
            if failed_starts > 3:
                for index in waiting:
                    results[index] = Outcome(None, f"no symbolic worker could be started with {memory_mb} MB")
                waiting.clear()

    def _events(self) -> list[tuple[_Worker, dict[str, object] | str]]:
        """Wait until workers have something to say, have died or are overdue: their answers, or why they are gone."""
        busy = [worker for worker in self._workers if worker.task is not None or not worker.ready]
        with selectors.DefaultSelector() as selector:
            for worker in busy:
                selector.register(worker.output, selectors.EVENT_READ, worker)
            selector.select(max(0.0, min(worker.deadline for worker in busy) - time.monotonic()))
        events: list[tuple[_Worker, dict[str, object] | str]] = []
        for worker in busy:
            try:
                answer = worker.receive()
            except (EOFError, ValueError):
                events.append((worker, worker.death()))
                continue
            if answer is not None:
                events.append((worker, answer))
            elif time.monotonic() > worker.deadline:
                events.append((worker, worker.death()))
        return events

    def _drop(self, worker: _Worker) -> None:
        worker.close()
        self._workers.remove(worker)

    def close(self) -> None:
        """End all workers."""
        for worker in list(self._workers):
            self._drop(worker)

    def forget(self) -> None:
        """In a forked child: the workers belong to the parent."""
        self._workers = []
        self._lock = threading.Lock()


POOL = Pool()
atexit.register(POOL.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=POOL.forget)
