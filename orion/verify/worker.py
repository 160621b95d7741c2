"""The process in which symbolic comparisons run: sympy and math-verify are imported here and nowhere else.

It reads one JSON task a line and answers one JSON line each, under a limit on its address space and, for each task,
on its processor time. The kernel enforces both, so code that never returns to Python is stopped too: whoever started
this process sees it die and goes on. Nothing here is imported by the rest of the package.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from typing import Any


def _peak() -> int:
    """The largest address space so far, in bytes; 0 where the system does not tell."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123
            return next((int(line.split()[1]) << 10 for line in status if line.startswith("VmPeak")), 0)
    except OSError:
        return 0


def main() -> None:
    memory = int(sys.argv[1]) * 2**20
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    null = os.open(os.devnull, os.O_WRONLY)  # what libraries print must not mix with the answers
    os.dup2(null, 1)
    os.dup2(null, 2)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # the default is to die
    sys.set_int_max_str_digits(0)

    from orion.verify.symbolic import equal, plain

    base = _peak()
    answers.write(json.dumps({"ready": True}) + "\n")
    answers.flush()
    for line in sys.stdin:
        task: dict[str, Any] = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, task["timeout"])
        result: dict[str, Any]
        try:
            compare = plain if task.get("plain") else equal
            result = {"equal": compare(task["gold"], task["answer"])}
        except MemoryError:
            result = {"equal": None, "reason": f"the comparison needed more than {memory >> 20} MB"}
        except RecursionError:
            result = {"equal": None, "reason": "the expression is nested too deeply"}
        except ValueError as error:
            result = {"equal": None, "reason": str(error)[:200]}
        except Exception as error:
            result = {"equal": None, "reason": f"the comparison failed ({type(error).__name__})"}
        signal.setitimer(signal.ITIMER_PROF, 0)
        if result["equal"] is False and _peak() > base + (memory - base) / 3:
            # libraries swallow the exception that running out of memory raises, and then say False
            reason = f"the comparison needed more memory than its share of {memory >> 20} MB"
            result = {"equal": None, "reason": reason, "last": True}
        answers.write(json.dumps(result) + "\n")
        answers.flush()
        if "last" in result:
            return


if __name__ == "__main__":
    main()
