"""A real browser without network, for tests and measurements of the trace explorer's page and of reports: Debian's
chromium, headless."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
# No name resolves: whatever a page asked of the network would fail and be seen in the console.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
]


class Page:
    """A file in a browser."""

    def __init__(self, driver: Any, path: Path) -> None:
        self.driver, self.path = driver, path

    def open(self, link: str = "") -> None:
        """The explorer's page, when it is ready."""
        self.driver.get("about:blank")  # a link that differs after # only would not load the page again
        self.driver.get(f"{self.path.resolve().as_uri()}{link}")
        self.until(lambda: self.script("return document.body.dataset.ready") == "yes")

    def until(self, condition: Callable[[], Any]) -> Any:
        return WebDriverWait(self.driver, 90, 0.05).until(lambda _: condition())

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
            ActionChains(self.driver).send_keys(key).perform()

    def shows(self, id: str) -> None:
        """Wait until the item of that id is open."""
        self.until(lambda: self.text("#trace h2").startswith(id))

    def dark(self, on: bool) -> None:
        feature = {"name": "prefers-color-scheme", "value": "dark" if on else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def console(self) -> list[str]:
        """What the browser complained about since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@contextmanager
def browser(path: Path, profile: Path, size: tuple[int, int] = (1400, 900)) -> Iterator[Page]:
    options = Options()
    options.binary_location = str(CHROMIUM)
    width, height = size
    for flag in [*FLAGS, f"--window-size={width},{height}", f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )
    try:
        yield Page(driver, path)
    finally:
        driver.quit()
