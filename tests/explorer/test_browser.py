"""The page in a real browser: it loads, filters, follows links, renders maths, obeys the keyboard, and model output
does nothing but stand there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("selenium")
from selenium.webdriver.common.keys import Keys

from bench.browser import CHROMIUM, DRIVER, Page, browser
from bench.explorer_study import ANSWERS, TRAINED
from bench.explorer_study import write_study as write_study_of
from tests.analysis.folder import write_study
from tests.explorer.pages import make_page, write_judged

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no chromium and chromedriver here (apt: chromium-driver)"),
]

LENGTH = "return document.querySelector('.prose').textContent.length"
HOSTILE = [
    "</script><script>window.owned = 1</script>",
    "<img src=x onerror='window.owned = 2'><svg onload='window.owned = 3'><a href='javascript:window.owned = 4'>x</a>",
    "<b><table><tr><!-- <style>* { display: none }</style> </textarea></body></html>",
    "\u202egnirts desrever\u202c \u2066isolated \u200b\u200f\u0000\u0007\x1b[31m \u3164 \u00ad \u2028 \U000e0041",
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
    results = write_study(folder)
    write_judged(results)
    make_page(results, folder / "traces.html")
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
    assert [column.text.split("\n")[0] for column in page.all(".card h3")] == [
        "The student's wrong solution",
        "The teacher's CoT scripted",
        "The student's rewrite",
    ]
    assert len({column.location["y"] for column in page.all(".card")}) == 1
    assert "temperature 1" in page.text(".card:nth-child(1)")
    assert "kept" in page.text(".card:nth-child(3)")


def test_what_the_rewrite_and_the_teacher_do_not_share_is_marked(page: Page):
    page.open("#trace=student/train/train-0")
    page.until(lambda: page.all("mark.gone ~ mark.gone, .prose mark.gone"))
    gone = page.script("return [...document.querySelectorAll('.card mark.gone')].map(e => e.textContent)")
    assert any("Wait" in text for text in gone) and not any("root of" in text for text in gone)
    assert re.fullmatch(r"The rewrite keeps \d\d% of the teacher's words.", page.text("#share"))
    page.press("d")
    page.until(lambda: not page.all(".card mark"))


def test_lineage_leads_from_the_rewrite_to_the_problem(page: Page):
    page.open("#trace=student/train/train-0")
    page.shows("train-0")
    lines = page.text(".lineage").splitlines()
    assert [line.split("\t")[0] for line in lines[1:5]] == [
        "The student's rewrite",
        "The student's error",
        "The teacher's CoT",
        "The problem",
    ]
    assert "refined0" in lines[1] and lines[1].endswith("trained ORION")
    assert re.search(r"python -m orion.show \S+/refined/error-and-cot.parquet --id refined0 --lineage", lines[-1])


def test_maths_is_rendered(page: Page):
    page.open("#trace=student/train/train-0")
    page.shows("train-0")
    page.until(lambda: page.all(".problem .katex .sqrt"))
    page.until(lambda: page.all(".card .katex .boxed, .card .katex .fbox"))
    assert not page.all(".katex-error")
    fonts = "return document.fonts.ready.then(() => document.fonts.check('16px KaTeX_Main'))"
    assert page.script(fonts) is True


def test_a_benchmark_problem_shows_every_methods_answers(page: Page):
    page.open("#trace=student/bench/bench-2")
    page.shows("bench-2")
    assert [column.text.split(" sampled")[0] for column in page.all(".card")] == ["Vanilla", "SFT(Long-CoT)", "ORION"]
    assert "0 of 2 right" in page.all(".card")[0].text and "2 of 2 right" in page.all(".card")[2].text
    page.all(".card:nth-child(3) .draws button")[1].click()
    assert page.all(".card:nth-child(3) .draws [aria-pressed=true]")[0].text.startswith("1")


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
        ({"type": "calculation"}, 1),
        ({"type": "reasoning", "set": "train"}, 1),
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


def test_a_link_leads_to_one_trace(page: Page):
    page.open("#trace=student/bench/bench-2")
    page.shows("bench-2")
    page.all(".card:nth-child(3) .draws button")[1].click()
    page.all(".card:nth-child(3) .link")[0].click()
    link = page.driver.current_url.partition("#")[2]
    assert "key=orion-2-1" in link
    page.open(f"#{link}")
    page.shows("bench-2")
    assert page.text(".card.linked h3").startswith("ORION")
    assert page.all(".card.linked .draws [aria-pressed=true]")[0].text.startswith("1")
    page.open("#trace=student/train/train-0&key=refined0")
    page.shows("train-0")
    assert page.text(".card.linked h3") == "The student's rewrite"
    page.press("j")
    page.shows("train-1")
    assert "key" not in page.driver.current_url


def test_the_judge_is_quoted_by_name_beside_the_error_it_judged(page: Page):
    page.open("#type=calculation&trace=student/bench/bench-2")
    page.shows("bench-2")
    assert page.text(".judged summary") == "Error type calculation, by scripted-judge, a script"
    page.all(".judged summary")[0].click()
    page.until(lambda: "It adds where it should not." in page.text(".judged"))
    assert page.all(".card:nth-child(1) .draws [aria-pressed=true]")[0].text.startswith("1"), "the sample it judged"


def test_what_the_filters_are_after_is_shown_first(page: Page):
    page.open("#verdict=dropped&trace=student/train/train-1")
    page.shows("train-1")
    assert "dropped: mentions-reference" in page.text(".card:nth-child(3) .facts")
    page.open("#change=gained&method=orion&trace=student/bench/bench-2")
    page.shows("bench-2")
    assert "right" in page.text(".card:nth-child(1) .badge") and "wrong" in page.text(".card:nth-child(2) .badge")


def test_a_link_to_nothing_says_so(page: Page):
    page.open("#trace=student/bench/<img src=x>")
    page.until(lambda: "no trace student/bench/<img src=x>" in page.text("#trace"))


def test_what_was_searched_for_is_shown_where_it_stands(page: Page):
    page.open("#q=Sum it&trace=student/bench/bench-3")
    page.shows("bench-3")
    found = "return [...CSS.highlights.get('found')].map(r => r.startContainer.data.slice(r.startOffset, r.endOffset))"
    assert {"Sum", "it"} <= set(page.script(found))


def test_it_is_usable_by_keyboard_alone(page: Page):
    page.open()
    page.press("j")
    page.shows("train-0")
    page.press("j", Keys.ARROW_DOWN)
    page.shows("train-2")
    page.press("k")
    page.shows("train-1")
    page.press(Keys.END)
    page.shows("bench-3")
    assert page.all(".draws [aria-pressed=true]")[0].text.startswith("0")
    page.press("n")
    assert page.all(".draws [aria-pressed=true]")[0].text.startswith("1")
    page.press(Keys.ARROW_LEFT)
    assert page.all(".draws [aria-pressed=true]")[0].text.startswith("0")
    page.press("/")
    page.press("bench-2", Keys.ESCAPE)
    page.until(lambda: page.count() == 1)
    page.press("j")
    page.shows("bench-2")
    page.press("?")
    page.until(lambda: page.all("dialog[open]"))
    page.press(Keys.ESCAPE)
    page.until(lambda: not page.all("dialog[open]"))
    reached = set()
    for _ in range(30):
        page.press(Keys.TAB)
        reached.add(page.script("return document.activeElement.id || document.activeElement.className"))
    assert {"q", "set", "method", "verdict", "change", "list", "copy", "link"} <= reached


def test_nothing_is_asked_of_the_network(page: Page):
    page.driver.get_log("performance")
    page.open("#trace=student/train/train-0")
    page.until(lambda: page.all(".formula .katex"))
    sent = [json.loads(entry["message"])["message"] for entry in page.driver.get_log("performance")]
    asked = {m["params"]["request"]["url"] for m in sent if m["method"] == "Network.requestWillBeSent"}
    assert {re.split("[:?]", url)[0] for url in asked} <= {"file", "data", "blob", "about"}
    assert len([url for url in asked if url.startswith("file")]) == 1


@pytest.mark.parametrize("mode", [False, True], ids=["light", "dark"])
def test_text_is_legible(page: Page, mode: bool):
    """WCAG AA: a contrast of 4.5 between every text and what is behind it."""
    page.dark(mode)
    for link in ("#trace=student/train/train-0", "#trace=student/bench/bench-1"):
        page.open(link)
        page.until(lambda: page.all(".card .prose"))
        page.script("document.querySelectorAll('details').forEach(e => e.open = true)")
        assert page.script((Path(__file__).parent / "contrast.js").read_text()) == []
    page.dark(False)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_output_stands_there_as_text(page: Page, tmp_path: Path, number: int):
    said = HOSTILE[number]
    results = write_study(tmp_path, [said])
    write_judged(results, said)
    make_page(results, tmp_path / "traces.html")
    page = Page(page.driver, tmp_path / "traces.html")
    for id in ("train/train-0", "bench/bench-2"):
        page.open(f"#trace=student/{id}")
        page.shows(id.split("/")[1])
        assert page.script("return window.owned") is None
        assert page.all("#trace img, #trace script, #trace svg[onload], #trace [onclick], .prose table") == []
        assert page.all("#trace a[href^='javascript']") == []
        wide = "return [...document.querySelectorAll('.prose')].every(e => e.scrollWidth < 3000)"
        assert page.script(wide), "nothing breaks the layout"
        text = page.script("return document.querySelector('.prose').textContent")
        assert not set(text) & set("\u202e\u2066\u200b\u0000\u0007\x1b\u3164\u00ad\u2028\U000e0041")
        if len(said) > 40_000:
            assert len(text) < 41_000
            page.all(".prose button")[0].click()
            page.until(lambda: page.script(LENGTH) == len(said))
    page.press("j")
    page.until(lambda: page.text("#trace h2"))
    assert page.count() == 7


def test_a_file_that_is_not_whole_says_so(page: Page, tmp_path: Path):
    text = page.path.read_bytes()
    index, script = text.index(b'id="index"') + 100, text.index(b"<script>(")
    parts = {
        "half.html": text[: text.index(b'id="chunk-0"') + 200],
        "torn.html": text[:index] + b"</script>" + text[script:],
    }
    for name, part in parts.items():
        (tmp_path / name).write_bytes(part)
        page.driver.get("about:blank")
        page.driver.get(f"{(tmp_path / name).as_uri()}#trace=student/train/train-0")
        page.until(lambda: "damaged or not whole" in page.text("#trace"))


def test_five_thousand_traces_are_listed_searched_and_read(page: Page, tmp_path: Path):
    write_study_of(tmp_path / "results", 5000)
    make_page(tmp_path / "results", tmp_path / "traces.html")
    page = Page(page.driver, tmp_path / "traces.html")
    page.open()
    problems = page.count()
    assert problems == 5000 // 2 // TRAINED + 5000 // 2 // ANSWERS
    assert page.script("return document.querySelectorAll('script[id^=chunk]').length") > 20
    for key in (Keys.END, Keys.HOME):
        page.press(key)
        page.until(lambda: page.all(".row[aria-selected=true]"))
        assert len(page.all(".row")) < 50, "only what is in sight is on the page"
    page.choose("q", "boxed{98}")
    page.until(lambda: "searched" not in page.text("#count") and page.count() < problems)
    assert page.count() > 0
    page.press("j")
    page.until(lambda: page.script("return CSS.highlights.get('found')?.size > 0 || !!document.querySelector('.fbox')"))
    page.choose("set", "bench")
    page.until(lambda: page.count() < problems / 2)
