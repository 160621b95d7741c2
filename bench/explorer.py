"""How the trace explorer does with many traces: `python -m bench.explorer --help`.

Makes a study of `--samples` traces (bench.explorer_study), its page, and opens that from the disk in a headless
chromium. Prints as JSON: the page's size and what making it took; times to the first paint, until one can work, until
all data has arrived; a filter; a search of all texts to its first hit and to its end; opening a problem; scrolling and
stepping; the longest the page ever kept one waiting (a task of the browser's main thread); memory of the page.

    python -m bench.explorer --samples 50000 --traces my/traces.jsonl
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.browser import Page, browser
from bench.explorer_study import METHODS, write_study

WATCH = """
window.waits = [];
new PerformanceObserver((list) => list.getEntries().forEach((entry) => waits.push(Math.round(entry.duration))))
  .observe({ type: "longtask", buffered: true });
"""
WAITS = "const found = waits; waits = []; return Math.max(0, ...found)"
# Until what an action asked for is painted.
PAINTED = "const done = arguments[0], begun = performance.now(); {action}; \
requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)))"


def make(results: Path, output: Path) -> dict[str, Any]:
    spec = {"students": ["student"], "methods": METHODS, "labels": {}, "base": "vanilla"}
    own = results / "student"
    command = [sys.executable, "-m", "orion.explorer", "--spec", json.dumps(spec), "--output", output]
    command += ["--problems", results / "problems/train.parquet", "--benchmarks", results / "problems/bench.parquet"]
    command += ["--cots", results / "teacher/recorded/cots.parquet", "--errors", own / "errors.parquet"]
    command += ["--refined", own / "refined/error-and-cot.parquet", "--samples", *own.glob("*/seed0/bench/*.parquet")]
    begun = time.monotonic()
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return {
        "page, MB": round(output.stat().st_size / 1e6, 1),
        "made in, s": round(time.monotonic() - begun, 1),
        "made in, peak MB": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1000,
    }


def memory(page: Page) -> int:
    """MB of the page's process that no other process shares."""
    import psutil

    children = psutil.Process(page.driver.service.process.pid).children(recursive=True)
    own = [child for child in children if "--type=renderer" in child.cmdline()]
    bytes_used: int = max(child.memory_full_info().uss for child in own)
    return bytes_used // 1_000_000


def look(page: Page, words: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    page.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    begun = time.monotonic()
    page.driver.get(page.path.resolve().as_uri())
    found["all data there, s"] = round(time.monotonic() - begun, 2)
    page.until(lambda: page.script("return document.body.dataset.ready") == "yes")
    found["first paint, ms"] = round(
        page.script("return performance.getEntriesByName('first-contentful-paint')[0].startTime")
    )
    found["one can work, ms"] = round(page.script("return performance.getEntriesByName('ready')[0].startTime"))
    found["longest wait while loading, ms"] = page.script(WAITS)
    found["memory after loading, MB"] = memory(page)

    def painted(action: str) -> int:
        return int(page.driver.execute_async_script(PAINTED.replace("{action}", action)))

    change = "const e = document.getElementById('change'); e.value = 'gained'; e.dispatchEvent(new Event('change'))"
    found["filter, ms"] = painted(change)
    found["all again, ms"] = painted("document.getElementById('clear').click()")
    found["to the end of the list, ms"] = painted("document.getElementById('list').scrollTop = 1e9")
    found["open a problem, ms"] = opened(page, "End")
    page.script(WAITS)
    for _ in range(40):
        page.press("k")
    time.sleep(1)
    found["longest wait while stepping, ms"] = page.script(WAITS)

    begun, first = time.monotonic(), None
    page.choose("q", words)
    page.until(lambda: "searched" in page.text("#count"))
    while "searched" in (count := page.text("#count")):
        if first is None and not count.startswith("0 "):
            first = round(1000 * (time.monotonic() - begun))
        time.sleep(0.01)
    found["search, whole, s"] = round(time.monotonic() - begun, 2)
    found["search, first hit, ms"] = first
    found["hits"] = page.count()
    found["longest wait while searching, ms"] = page.script(WAITS)
    found["memory after all, MB"] = memory(page)
    found["console"] = page.console()
    return found


def opened(page: Page, key: str) -> int:
    """Milliseconds from a key to the text of the problem."""
    code = """
    const done = arguments[0], begun = performance.now(), wait = () =>
      document.querySelector(".card .prose") ? setTimeout(() => done(performance.now() - begun))
        : requestAnimationFrame(wait);
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "KEY" }));
    wait();
    """
    return int(page.driver.execute_async_script(code.replace("KEY", key)))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.explorer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=50_000)
    parser.add_argument("--traces", type=Path, nargs="*", default=[], help="JSONL: problem, reasoning, response")
    parser.add_argument("--words", default="alternatively suppose because", help="what is searched for")
    parser.add_argument("--keep", type=Path, help="where the page is kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results"
        output = arguments.keep or Path(folder) / "traces.html"
        write_study(results, arguments.samples, arguments.traces)
        found = {"samples": arguments.samples} | make(results, output)
        with browser(output, Path(folder) / "profile") as page:
            page.driver.set_script_timeout(60)
            found |= look(page, arguments.words)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
