"""`python -m orion.config.reference`: the reference of all config keys, as Markdown: `config/README.md`."""

from __future__ import annotations

from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from orion import cli
from orion.config.study import Study

HEAD = """# Config

`config.yaml` is the embedded default: it runs anywhere, without a GPU, a key or a model hub. A config of your own
needs to hold only what differs from it:

    snakemake --cores all --configfile mine.yaml

A config that names `students` is a whole study of its own and is not laid over the default. In one that is, a part with
another `source` stands alone, null takes an entry away, and teachers go in front: the first one is used.
`own-files.yaml` is an example with files of one's own, `paper.yaml` a whole study. Unknown keys are refused.
Secrets never stand here: they are environment variables (`OPENAI_API_KEY`, `HF_TOKEN`, or what `key_variable` names).
The store (`store`) keeps every response ever received: keep it, and no edit buys anything twice.

**Problems files** are JSONL or parquet with the columns `id`, `problem`, `answer` and, where there are any, `solution`,
`subject`, `level`, `kind`. **Recorded traces** have the problem's text or id and the teacher's output
(`teachers.<name>.columns`).

This page is made by `python -m orion.config.reference > config/README.md` from the models in `orion/config/`.
"""


def _type(annotation: Any) -> str:
    """A type as a reader of the config would say it."""
    if annotation is NoneType:
        return "null"
    if get_origin(annotation) is Literal:
        return " \\| ".join(f"`{value}`" for value in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    names = {str: "text", int: "integer", float: "number", bool: "true \\| false"}
    if annotation in names:
        return names[annotation]
    arguments = [a for a in get_args(annotation) if a is not NoneType and a is not Ellipsis]
    models_or_plain = [a for a in arguments if not hasattr(a, "annotation") and not callable(getattr(a, "func", None))]
    origin = get_origin(annotation)
    if origin is dict:
        return f"name: {_type(models_or_plain[-1])}"
    if origin in (list, tuple):
        return f"list of {_type(models_or_plain[0])}"
    if hasattr(annotation, "__metadata__"):  # Annotated
        return _type(models_or_plain[0])
    return " \\| ".join(dict.fromkeys(_type(a) for a in models_or_plain)) or str(annotation)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "*required*"
    value = field.get_default(call_default_factory=True) if field.default is PydanticUndefined else field.default
    if value is None:
        return ""
    if isinstance(value, BaseModel):
        return "see there"
    if isinstance(value, dict) and any(isinstance(part, BaseModel) for part in value.values()):
        return ", ".join(f"`{name}`" for name in value)
    return f"`{list(value) if isinstance(value, tuple) else value}`"


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models(argument)]


def page() -> str:
    """The whole reference."""
    parts = [HEAD]
    todo: list[type[BaseModel]] = [Study]
    seen: set[type[BaseModel]] = set()
    while todo:
        model = todo.pop(0)
        if model in seen:
            continue
        seen.add(model)
        title = "All keys" if model is Study else model.__name__
        about = (model.__doc__ or "").strip()
        rows = [
            f"| `{name}` | {_type(field.rebuild_annotation())} | {_default(field)} | {field.description or ''} |"
            for name, field in model.model_fields.items()
        ]
        head = ["| key | value | default | when to change it |", "| --- | --- | --- | --- |"]
        parts.append("\n".join([f"\n## {title}\n", " ".join(about.split()) + "\n", *head, *rows]))
        todo.extend(found for field in model.model_fields.values() for found in _models(field.rebuild_annotation()))
    return "\n".join(parts) + "\n"


def main() -> None:
    print(page(), end="")


if __name__ == "__main__":
    cli.run(main)
