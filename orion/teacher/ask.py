"""Sends prompts to a teacher, whatever they are for: CoTs, duals, templates, corrections, judgements.

The one place that puts a teacher's endpoint, store, budget and gaps together:

    with Asking(teacher, store, label="judge") as asking:
        responses = asking.complete([asking.request(messages, id=...) for ...])
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from signal import SIGTERM
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from types import TracebackType
from typing import Any

from orion.complete import Gaps, complete, missing, parse
from orion.config.endpoint import Endpoint
from orion.config.teacher import Teacher
from orion.engines import make_engine
from orion.errors import UserError
from orion.progress import Progress
from orion.store import Store
from orion.types import Engine, Message, Record, Request, Response

PROBES = 3  # first responses that must show some reasoning between them


def unusable(response: Response) -> str | None:
    """Why a response is no answer to what was asked, whatever it says; None where it ended by itself."""
    if response.error is not None:
        return response.error.split(":", 1)[0]
    if response.finish_reason != "stop":
        return "cut-off" if response.truncated else response.finish_reason
    return None


class Asking:
    """A teacher with its store. Nothing is started before something is missing from the store."""

    def __init__(
        self,
        teacher: Teacher,
        store: Path,
        *,
        endpoint: Endpoint | None = None,
        label: str = "teacher",
        offline: bool = False,
        reasoning: bool = False,
    ) -> None:
        if teacher.source == "file":
            raise UserError("a teacher of source 'file' has recorded traces and answers no new questions")
        self.teacher = teacher
        self.store = Store(store)
        self.offline = offline
        self.gaps: dict[str, str] = {}
        self.ended: str | None = None
        self._progress = Progress(label)
        self._endpoint = endpoint or teacher.endpoint or Endpoint()
        self._must_reason = reasoning
        self._engine: Engine | None = None
        self._server: Embedded | None = None

    def request(self, messages: Sequence[Message], *, id: str = "", draw: int = 0, **sampling: Any) -> Request:
        """A request to this teacher; `sampling` may set `temperature` and `max_tokens` anew."""
        teacher = self.teacher
        return Request(teacher.name, tuple(messages), teacher.sampling(**sampling), draw, teacher.extra or {}, id)

    def complete(self, requests: Sequence[Request]) -> list[Response | None]:
        """Responses in order. None stands at a gap; `settle` says at the end whether gaps are an error."""
        try:
            return list(complete(requests, self._made(), self.store, progress=self._progress, offline=self.offline))
        except Gaps as gaps:
            self.gaps.update({f"{r.id} (draw {r.draw})": gaps.why.get(r.key, "not asked") for r in gaps.requests})
            self.ended = gaps.note or self.ended
            return gaps.responses

    def settle(self) -> None:
        """Raise for what could not be had, unless the teacher tolerates gaps.

        Raises:
            UserError: names how many responses are missing, which and why.
        """
        if self.gaps and not self.teacher.tolerate_gaps:
            reasons: dict[str, list[str]] = {}
            for name, why in self.gaps.items():
                reasons.setdefault(why, []).append(name)
            parts = [
                f"{len(names)} {why}: {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}"
                for why, names in reasons.items()
            ]
            raise UserError(
                f"{len(self.gaps)} responses of {self.teacher.name} are missing ({'; '.join(parts)}). "
                + (f"{self.ended[0].upper()}{self.ended[1:]}. " if self.ended else "")
                + "What was received is kept; run again to ask for the missing ones only, or set tolerate_gaps"
            )

    def missing(self, requests: Sequence[Request]) -> list[Request]:
        return missing(requests, self.store)

    def __enter__(self) -> Asking:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.store.close()
        if self._server is not None:
            self._server.stop()

    def _made(self) -> Engine:
        if self._engine is None:
            if self.teacher.source == "embedded":
                self._engine = self._server = Embedded(self._endpoint, self.store)
            else:
                self._engine = make_engine(
                    self.teacher.source, endpoint=self._endpoint, store=self.store, note=self._progress.note
                )
            if self._must_reason:
                self._engine = Reasoned(self._engine, self.teacher.name, self._probe())
        return self._engine

    def _probe(self) -> Engine | None:
        """What the first few requests go to: for a batch, which may take a day, the same endpoint's direct way; unless
        a batch is under way, which was tried when it began."""
        if self.teacher.source != "batch":
            return self._engine
        open_batches = (self.store.path / "batches").glob("*.json")
        return None if any(open_batches) else make_engine("api", endpoint=self._endpoint, store=self.store)


class Reasoned:
    """An engine of which reasoning is expected: the first few requests go alone, and if none of their responses holds
    any reasoning, that is the end of it, before the rest is paid for."""

    def __init__(self, engine: Engine, name: str, probe: Engine | None) -> None:
        self._engine = engine
        self._name = name
        self._probe = probe or engine
        self._sure = probe is None

    def complete(self, requests: Sequence[Request]) -> Iterator[Record]:
        rest, seen = list(requests), 0
        while rest and not self._sure:  # responses may fail to come: then the next few have the word
            probes, rest = rest[:PROBES], rest[PROBES:]
            reasoned = False
            for record in self._probe.complete(probes):
                yield record
                if record.status == "ok":
                    response = parse(record)
                    seen += 1
                    reasoned |= bool(response.reasoning and response.reasoning.strip())
            self._sure = reasoned
            if seen and not reasoned:
                raise UserError(
                    f"{self._name} does not reason: the first {seen} responses have no reasoning in any known field "
                    "(reasoning, reasoning_content, reasoning_details, <think>). Check the model and the server's "
                    "reasoning parser, or set `reasoning: false` for a teacher that does not think"
                )
        if rest:
            yield from self._engine.complete(rest)


class Embedded:
    """The scripted teacher as an engine: its server starts at the first request and runs until `stop`."""

    def __init__(self, endpoint: Endpoint, store: Store) -> None:
        self._endpoint = endpoint
        self._store = store
        self._server: Popen[str] | None = None

    def complete(self, requests: Sequence[Request]) -> Iterator[Record]:
        if self._server is None:
            self._start()
        yield from make_engine("api", endpoint=self._endpoint, store=self._store).complete(requests)

    def _start(self) -> None:
        self._server = Popen(
            [sys.executable, "-m", "orion.teacher.scripted", "--port", "0"],
            stdout=PIPE,
            stdin=DEVNULL,
            text=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        assert self._server.stdout is not None
        said = self._server.stdout.readline().strip()
        prefix = "listening on "
        if not said.startswith(prefix):
            raise UserError(f"the scripted teacher did not start (it said {said!r}); see the lines above")
        here = {"base_url": said.removeprefix(prefix), "key_variable": "", "send_seed": True}
        self._endpoint = self._endpoint.model_copy(update=here)

    def stop(self) -> None:
        if self._server is not None:
            self._server.terminate()
            try:
                self._server.wait(5)
            except TimeoutExpired:
                self._server.kill()
                self._server.wait()


def _die_with_parent() -> None:
    """Ask Linux to end the server when we are killed, however that happens."""
    import ctypes

    ctypes.CDLL(None).prctl(1, SIGTERM)  # PR_SET_PDEATHSIG
