"""How far a stage is: one line that rewrites itself on a terminal, plain lines now and then in a log file."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from orion import responses
from orion.types import Record


class Progress:
    """Counts records as they come. Times are in seconds; `note` tells something in between (a back-off, a limit)."""

    TERMINAL_EVERY, LOG_EVERY = 0.2, 30.0

    def __init__(self, label: str = "completions", stream: TextIO | None = None) -> None:
        self.label = label
        self.stream: TextIO | None = sys.stderr if stream is None else stream
        self.total = self.done = self.failed = self.prompt_tokens = self.completion_tokens = 0
        self.cost = 0.0
        self._begun = self._shown = time.monotonic()
        self._width = 0

    @classmethod
    def silent(cls) -> Progress:
        progress = cls("")
        progress.stream = None
        return progress

    def start(self, total: int) -> None:
        """`total` more requests are to be asked."""
        if not self.total:
            self._begun = time.monotonic()
        self.total += total
        self._show()

    def add(self, record: Record) -> None:
        self.cost += float(record.meta.get("cost") or 0.0)
        if isinstance(record.raw, dict):
            prompt, completion = responses.usage(record.raw)
            self.prompt_tokens += prompt or 0
            self.completion_tokens += completion or 0
        if not record.meta.get("again"):  # an attempt that will be repeated is no result yet
            self.done += 1
            self.failed += record.status != "ok"
        if time.monotonic() - self._shown >= (self.TERMINAL_EVERY if self._terminal() else self.LOG_EVERY):
            self._show()

    def note(self, text: str) -> None:
        """Say something that a waiting person wants to know."""
        self._write(f"{self.label}: {text}", last=True)

    def finish(self) -> None:
        if self.total:
            self._show(last=True)

    def line(self) -> str:
        """Done, rate, time left, tokens and cost, as people read them."""
        seconds = max(time.monotonic() - self._begun, 1e-9)
        parts = [f"{self.label}: {self.done:,}/{self.total:,}"]
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        if self.done:
            parts.append(_rate(self.done / seconds))
            if self.done < self.total:
                parts.append(f"{duration(seconds / self.done * (self.total - self.done))} left")
            else:
                parts.append(f"in {duration(seconds)}")
        if self.prompt_tokens or self.completion_tokens:
            parts.append(f"{quantity(self.prompt_tokens)} tokens in, {quantity(self.completion_tokens)} out")
        if self.cost:
            parts.append(f"cost {self.cost:.4f}" if self.cost < 1 else f"cost {self.cost:,.2f}")
        return ", ".join(parts)

    def _terminal(self) -> bool:
        return self.stream is not None and self.stream.isatty()

    def _show(self, last: bool = False) -> None:
        self._shown = time.monotonic()
        self._write(self.line(), last)

    def _write(self, text: str, last: bool) -> None:
        if self.stream is None:
            return
        if self._terminal():
            self.stream.write("\r" + text.ljust(self._width) + ("\n" if last else ""))
            self._width = 0 if last else len(text)
        else:
            self.stream.write(text + "\n")
        self.stream.flush()


def _rate(per_second: float) -> str:
    return f"{per_second:,.1f}/s" if per_second >= 1 else f"{per_second * 60:,.1f}/min"


def quantity(number: float) -> str:
    """1234567 -> '1.23 M'."""
    for size, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:.3g}{name}"
    return f"{number:.0f}"


def duration(seconds: float) -> str:
    """Seconds as '12 s', '3 min 20 s', '5 h 10 min' or '2 d 4 h'."""
    whole = round(seconds)
    for size, name, part, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {name} {whole % size // part} {small}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
