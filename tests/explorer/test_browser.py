"""The page in a real browser: it loads, filters, follows links, renders maths, obeys the keyboard, and model output
does nothing but stand there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("selenium")
from selenium.webdriver.common.keys import Keys

from tests.analysis.folder import write_study
from tests.explorer.browser import CHROMIUM, DRIVER, Page, browser
from tests.explorer.pages import make_page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no chromium and chromedriver here (apt: chromium-driver)"),
]

HOSTILE = [
    "</script><script>window.owned = 1</script>",
    "<img src=x onerror='window.owned = 2'><svg onload='window.owned = 3'><a href='javascript:window.owned = 4'>x</a>",
    "<b><table><tr><!-- <style>* { display: none }</style> </textarea></body></html>",
    "\u202egnirts desrever\u202c \u2066isolated \u200b\u200f\u0000\u0007\x1b[31m",
    r"\(\href{javascript:window.owned=5}{x}\) $\htmlData{onclick=window.owned=6}{x}$ \[\rule{99999em}{99999em}\]",
    r"$\def\a{\a\a}\a$ \boxed{\boxed{ $$ \[ \( $ {{{{ " * 50,
    "${alert(1)} {{constructor.constructor('window.owned = 7')()}} `;window.owned = 8//",
    "one line " * 120_000,
    "x" * 1_000_000,
    "{" * 5000 + "\\boxed{" * 500,
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("explorer")
    make_page(write_study(folder), folder / "traces.html")
    with browser(folder / "traces.html", folder / "profile") as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_console_error(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "page" in request.fixturenames:
        assert request.getfixturevalue("page").console() == []


def test_it_lists_every_problem_and_opens_without_a_server(page: Page):
    page.open()
    assert page.driver.current_url.startswith("file://")
    assert page.count() == 7
    assert len(page.all(".row")) == 7


def test_a_training_problem_shows_error_teacher_and_rewrite_side_by_side(page: Page):
    page.open("#trace=student/train/train-0")
    page.shows("train-0")
    assert [column.text.split("\n")[0] for column in page.all(".column")] == [
        "The student's wrong solution",
        "The teacher's CoT",
        "The student's rewrite",
    ]
    assert len({column.location["y"] for column in page.all(".column")}) == 1
    assert "Wait, yes" in page.text("mark.gone ~ mark.gone, .column:nth-child(2) .prose")
    assert page.all(".column:nth-child(2) mark.gone"), "what the rewrite left out is marked"
    assert "temperature 1" in page.text(".column:nth-child(1)")
    assert "kept" in page.text(".column:nth-child(3)") and "refined0" in page.text(".lineage")


def test_maths_is_rendered(page: Page):
    page.open("#trace=student/train/train-0")
    page.shows("train-0")
    assert page.all(".problem .katex .sqrt")
    assert page.all(".column .katex .boxed, .column .katex .fbox")
    assert not page.all(".katex-error")
    fonts = "return document.fonts.ready.then(() => document.fonts.check('16px KaTeX_Main'))"
    assert page.script(fonts) is True


def test_a_benchmark_problem_shows_every_methods_answers(page: Page):
    page.open("#trace=student/bench/bench-2")
    page.shows("bench-2")
    assert [column.text.split(" sampled")[0] for column in page.all(".column")] == ["Vanilla", "SFT(Long-CoT)", "ORION"]
    assert "0 of 2 right" in page.all(".column")[0].text and "2 of 2 right" in page.all(".column")[2].text
    page.all(".column:nth-child(3) .draw")[1].click()
    assert page.all(".column:nth-child(3) .draw[aria-pressed=true]")[0].text.startswith("1")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"set": "bench"}, 4),
        ({"set": "train"}, 3),
        ({"method": "orion"}, 4),
        ({"method": "orion", "verdict": "right"}, 2),
        ({"method": "orion", "verdict": "wrong"}, 2),
        ({"change": "gained"}, 1),
        ({"change": "lost", "method": "orion"}, 1),
        ({"verdict": "kept"}, 1),
        ({"verdict": "dropped"}, 1),
        ({"min": "10"}, 3),
        ({"q": "bench-3"}, 1),
        ({"q": "Sum it up"}, 3),  # stands in answers only: all texts are searched
        ({"q": "nowhere-to-be-found"}, 0),
    ],
    ids=str,
)
def test_filters_leave_what_fits(page: Page, filters: dict[str, str], expected: int):
    page.open()
    for name, value in filters.items():
        page.choose(name, value)
    page.until(lambda: "searched" not in page.text("#count") and page.count() == expected)
    page.driver.find_element("id", "clear").click()
    page.until(lambda: page.count() == 7)


def test_a_link_leads_to_the_same_view(page: Page):
    page.open()
    page.choose("method", "orion")
    page.all(".row")[1].click()
    page.shows("bench-1")
    link = page.driver.current_url.partition("#")[2]
    page.open()
    assert page.text("#trace h2") == ""
    page.open(f"#{link}")
    page.shows("bench-1")
    assert page.count() == 4
    page.driver.back()


def test_a_link_to_nothing_says_so(page: Page):
    page.open("#trace=student/bench/<img src=x>")
    page.until(lambda: "no trace student/bench/<img src=x>" in page.text("#trace"))


def test_it_is_usable_by_keyboard_alone(page: Page):
    page.open()
    page.press("j")
    page.shows("train-0")
    page.press("j", "j")
    page.shows("train-2")
    page.press("k")
    page.shows("train-1")
    assert page.all("mark")
    page.press("d")
    page.until(lambda: not page.all(".column mark"))
    page.press("/")
    page.press("bench-2", Keys.ESCAPE)
    page.until(lambda: page.count() == 1)
    page.press("j")
    page.shows("bench-2")
    page.press("?")
    page.until(lambda: page.all("dialog[open]"))
    page.press(Keys.ESCAPE)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_output_stands_there_as_text(tmp_path: Path, number: int):
    said = HOSTILE[number]
    make_page(write_study(tmp_path, [said]), tmp_path / "traces.html")
    with browser(tmp_path / "traces.html", tmp_path / "profile") as page:
        for id in ("train/train-0", "bench/bench-2"):
            page.open(f"#trace=student/{id}")
            page.shows(id.split("/")[1])
            assert page.script("return window.owned") is None
            assert page.all("#trace img, #trace script, #trace svg[onload], #trace [onclick], #trace table") == []
            assert page.all("#trace a[href^='javascript']") == []
            wide = "return [...document.querySelectorAll('.prose')].every(e => e.scrollWidth < 3000)"
            assert page.script(wide), "nothing breaks the layout"
            text = page.script("return document.querySelector('.prose').textContent")
            assert not set(text) & set("\u202e\u2066\u200b\u0000\u0007\x1b")
            if len(said) > 20_000:
                assert len(text) < 21_000
                page.all(".prose button")[0].click()
                page.until(
                    lambda: page.script("return document.querySelector('.prose').textContent.length") == len(said)
                )
        page.press("j")
        page.until(lambda: page.text("#trace h2"))
        assert page.count() == 7
        assert page.console() == []
