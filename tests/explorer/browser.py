"""A real browser on a page of the explorer: Debian's chromium, headless, without network."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --window-size=1400,900"
).split()


class Page:
    """The explorer in a browser."""

    def __init__(self, driver: Any, path: Path) -> None:
        self.driver, self.path = driver, path

    def open(self, link: str = "") -> None:
        self.driver.get("about:blank")  # a link that differs after # only would not load the page again
        self.driver.get(f"{self.path.resolve().as_uri()}{link}")
        self.until(lambda: self.script("return document.body.dataset.ready") == "yes")

    def until(self, condition: Callable[[], Any]) -> Any:
        return WebDriverWait(self.driver, 90, 0.1).until(lambda _: condition())

    def script(self, code: str, *arguments: Any) -> Any:
        return self.driver.execute_script(code, *arguments)

    def text(self, css: str) -> str:
        return str(self.script("return document.querySelector(arguments[0])?.innerText ?? ''", css))

    def all(self, css: str) -> list[Any]:
        return list(self.driver.find_elements(By.CSS_SELECTOR, css))

    def count(self) -> int:
        """How many problems the filters leave."""
        return int(self.text("#count").split(" of ")[0].replace(",", ""))

    def choose(self, name: str, value: str) -> None:
        code = "const e = document.getElementById(arguments[0]); e.value = arguments[1];"
        self.script(code + "e.dispatchEvent(new Event(e.tagName === 'SELECT' ? 'change' : 'input'))", name, value)

    def press(self, *keys: str) -> None:
        """Keys as a person presses them, wherever the focus is."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def shows(self, id: str) -> None:
        """Wait until the item of that id is open."""
        self.until(lambda: self.text("#trace h2").startswith(id))

    def console(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]


@contextmanager
def browser(path: Path, profile: Path) -> Iterator[Page]:
    options = Options()
    options.binary_location = str(CHROMIUM)
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    try:
        yield Page(driver, path)
    finally:
        driver.quit()
