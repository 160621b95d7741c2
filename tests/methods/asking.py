"""A teacher that says what a test wants."""

from __future__ import annotations

from orion.types import Message, Request, Response, Sampling


class Asking:
    """Stands where `orion.teacher.ask.Asking` does; `asked` keeps the texts, in order."""

    def __init__(self, *says: str | Response | None) -> None:
        self.says, self.asked = list(says), []

    def request(self, messages: tuple[Message, ...], *, id: str = "", **sampling) -> Request:
        return Request("teacher", messages, Sampling(**sampling), 0, {}, id)

    def complete(self, requests: list[Request]) -> list[Response | None]:
        self.asked += [request.messages[0].content for request in requests]
        said = [self.says.pop(0) for _ in requests]
        return [Response(text, "stop", 10, 7, None, 0.5) if isinstance(text, str) else text for text in said]
