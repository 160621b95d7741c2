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


def _walk(root: type[BaseModel], location: tuple[int | str, ...]) -> tuple[list[str], list[type[BaseModel]]]:
    """(the keys as a user wrote them, the models that the last of them could be a key of).

    pydantic puts the branch of a union into the location: its name, or the value of the key that tells branches apart
    (`problems.file.path` where a user wrote `problems: {source: file, path: ...}`). A user never wrote that.
    """
    models: list[type[BaseModel]] = [root]
    path: list[str] = []
    for place, part in enumerate(location):
        branch = [model for model in models if len(models) > 1 and _is_tagged(model, part)]
        if branch or (isinstance(part, str) and ("[" in part or part == "-")):
            models = branch or models
            continue
        path.append(str(part))
        if place < len(location) - 1:
            found = [
                m for model in models if part in _fields(model) for m in _models_in(_fields(model)[part].annotation)
            ]
            models = found or models  # a name of the user's own or an index: the models stay
    return path, models


def _is_tagged(model: type[BaseModel], tag: int | str) -> bool:
    """Whether a key of this branch of a union may hold nothing but some words, of which `tag` is one."""
    return any(tag in get_args(field.annotation) for field in _fields(model).values() if field.is_required())


def _sentence(error: ErrorDetails, root: type[BaseModel]) -> str:
    keys, models = _walk(root, error["loc"])
    path = ".".join(keys) or "(top level)"
    if error["type"] == "extra_forbidden":
        known = sorted({key for model in models for key in _fields(model)})
        near = get_close_matches(keys[-1], known, n=1)
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
