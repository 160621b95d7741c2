"""Symbolic comparisons are contained: whatever they do, the batch goes on, on any thread and in any process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from orion.types import Verdict
from orion.verify import verify, verify_batch
from orion.verify.pool import POOL, Pool

ROOT = Path(__file__).resolve().parents[2]
HANGS = "\\sum_{k=1}^{10^9} \\sin(k)"  # minutes of work for sympy
DECIDED_BY_ALGEBRA = ("\\boxed{\\int_0^1 x\\,dx}", "\\frac{1}{2}")


def test_a_comparison_that_takes_too_long_is_unverified_with_a_reason_and_the_rest_is_graded() -> None:
    pairs = [(f"\\boxed{{{HANGS}}}", "5"), DECIDED_BY_ALGEBRA, ("\\boxed{5}", "5")]
    verdicts = verify_batch(pairs, timeout=1.0)
    assert [verdict.verdict for verdict in verdicts] == ["unverified", "correct", "correct"]
    assert verdicts[0].reason == "the comparison took more than 1 s"


def test_a_worker_that_is_stuck_in_c_code_is_killed() -> None:
    pool = Pool()
    try:
        outcome = pool.compare([("1", "(10^{7})^{(10^{8})}+x")], timeout=1.0, memory_mb=2048)[0]
        assert outcome.equal is not True
        again = pool.compare([("\\frac{1}{2}", "\\int_0^1 x\\,dx")], timeout=30.0, memory_mb=2048)[0]
        assert again.equal is True
    finally:
        pool.close()


@pytest.mark.slow
def test_memory_is_limited_and_its_end_is_unverified() -> None:
    verdict = verify("\\boxed{\\sum_{k=1}^{5} 2^{2^{34+k}}}", "5", memory_mb=700, timeout=20.0)
    assert verdict.verdict == "unverified"
    assert verdict.reason


def test_too_little_memory_to_start_is_unverified_and_says_so() -> None:
    pool = Pool()
    outcomes = pool.compare([("x", "\\int_0^1 x dx")], timeout=1.0, memory_mb=20)
    assert outcomes[0].equal is None
    assert "could be started" in str(outcomes[0].reason)


def test_a_worker_killed_from_outside_is_replaced() -> None:
    assert verify(*DECIDED_BY_ALGEBRA).verdict == "correct"
    for worker in POOL._workers:
        worker.process.kill()
        worker.process.wait()
    assert verify("\\boxed{\\int_0^1 2x\\,dx}", "1").verdict == "correct"


def test_it_works_on_many_threads_at_once() -> None:
    verdicts: list[Verdict] = []
    threads = [threading.Thread(target=lambda: verdicts.append(verify(*DECIDED_BY_ALGEBRA))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [verdict.verdict for verdict in verdicts] == ["correct"] * 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_gets_workers_of_its_own() -> None:
    verify(*DECIDED_BY_ALGEBRA)
    child = os.fork()
    if child == 0:
        os._exit(0 if verify(*DECIDED_BY_ALGEBRA).verdict == "correct" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert verify(*DECIDED_BY_ALGEBRA).verdict == "correct"


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_sympy_is_never_imported_by_the_grader_itself() -> None:
    code = f"""
import sys
from orion.verify import verify
assert verify({DECIDED_BY_ALGEBRA[0]!r}, {DECIDED_BY_ALGEBRA[1]!r}).verdict == "correct"
print([name for name in ("sympy", "math_verify", "polars", "torch") if name in sys.modules])
"""
    result = run(code)
    assert (result.stdout.strip(), result.stderr) == ("[]", "")


def test_cheap_comparisons_start_no_worker() -> None:
    code = """
from orion.verify import verify_batch
from orion.verify.pool import POOL
verify_batch([("\\\\boxed{0.5}", "1/2"), ("\\\\boxed{(x+1)^2}", "x^2+2x+1"), ("none", "5")])
print(len(POOL._workers))
"""
    assert run(code).stdout.strip() == "0"


def test_workers_end_with_their_parent() -> None:
    code = f"""
import os, signal
from orion.verify import verify
from orion.verify.pool import POOL
verify({DECIDED_BY_ALGEBRA[0]!r}, {DECIDED_BY_ALGEBRA[1]!r})
print(POOL._workers[0].process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    pid = int(run(code).stdout)
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        threading.Event().wait(0.1)
    raise AssertionError("the worker outlived its parent")
