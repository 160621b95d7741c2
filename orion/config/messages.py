"""Turns pydantic's validation errors into sentences that name the key, its value and the remedy."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def _fields(model: Any) -> dict[str, Any]:
    return dict(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else {}


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The pydantic models that an annotation can hold (through Optional, list, dict, unions)."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


def _known_keys(root: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys that could stand where the last part of `location` does."""
    models: list[type[BaseModel]] = [root]
    for part in location[:-1]:
        found = [m for model in models if part in _fields(model) for m in _models_in(_fields(model)[part].annotation)]
        models = found or models  # a name of the user's own, an index or a union's tag: the models stay
    return sorted({key for model in models for key in _fields(model)})


def _sentence(error: ErrorDetails, root: type[BaseModel]) -> str:
    # pydantic names the branch of a union inside the location; a user never wrote that.
    location = tuple(part for part in error["loc"] if not (isinstance(part, str) and ("[" in part or part == "-")))
    path = ".".join(str(part) for part in location) or "(top level)"
    if error["type"] == "extra_forbidden":
        known = _known_keys(root, location)
        near = get_close_matches(str(location[-1]), known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}"
        return f"{path}: unknown key; {hint}"
    if error["type"] == "missing":
        return f"{path}: missing; set it"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    given = error.get("input")
    shown = "" if isinstance(given, dict | list) or repr(given) in message else f" (given: {given!r})"
    return f"{path}: {message[:1].lower() + message[1:]}{shown}"


def explain(error: ValidationError, root: type[BaseModel], where: str) -> str:
    """One line per wrong key, headed by the file or argument it stands in."""
    lines = [f"{where}: {_sentence(detail, root)}" for detail in error.errors(include_url=False)]
    return "\n       ".join(lines)
