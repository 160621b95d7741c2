"""The README's pictures of the trace explorer, of a finished study: `python -m bench.screenshots --help`.

python -m bench.screenshots --page results/report/traces.html --output report/images
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from bench.browser import Page, browser

SIZE = (1400, 880)


def settled(page: Page) -> None:
    """Wait until formulas are set and differences marked."""
    page.until(lambda: page.all("#trace .card .prose"))
    time.sleep(1)


def training(page: Page, id: str | None) -> None:
    """A problem whose kept rewrite was made with an error in view; the first one where none is named."""
    page.open("#set=train&verdict=kept")
    page.press("j")
    settled(page)
    while id is not None and page.text("#trace h2") != id:
        page.press("j")
        settled(page)
    while id is None and not page.all(".card:nth-child(1) .badge"):
        page.press("j")
        settled(page)


def benchmark(page: Page, method: str) -> None:
    """The first problem on which a method went from wrong to right."""
    page.open(f"#change=gained&method={method}")
    page.press("j")
    settled(page)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.screenshots", description=__doc__)
    parser.add_argument("--page", type=Path, default=Path("results/report/traces.html"))
    parser.add_argument("--training", help="id of the training problem to show")
    parser.add_argument("--method", default="orion", help="whose gains on a benchmark are shown")
    parser.add_argument("--output", type=Path, default=Path("report/images"))
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, browser(arguments.page, Path(folder) / "profile", SIZE) as page:
        training(page, arguments.training)
        page.driver.save_screenshot(str(arguments.output / "traces-training.png"))
        benchmark(page, arguments.method)
        page.driver.save_screenshot(str(arguments.output / "traces-benchmark.png"))
        if said := page.console():
            raise SystemExit(f"the browser complained: {said}")


if __name__ == "__main__":
    main()
