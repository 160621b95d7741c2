"""What every part of the config shares: unknown keys are refused, and a part dumps to canonical JSON.

A stage's `--spec` is such a part: the rule passes `part.spec()`, the stage parses it with `Part.parse(text)`.
Options that were not set (None) are not dumped, so that an option added later changes no spec.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from orion.config.messages import explain
from orion.errors import UserError
from orion.types import canonical


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def spec(self) -> str:
        """Canonical JSON of all that is set."""
        return canonical(self.model_dump(mode="json", exclude_none=True))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a spec (JSON or YAML text).

        Raises:
            UserError: names each wrong key, its value and the remedy.
        """
        try:
            return cls.model_validate(yaml.safe_load(text))
        except yaml.YAMLError as error:
            raise UserError(f"--spec: not valid JSON or YAML: {error}") from None
        except ValidationError as error:
            raise UserError(explain(error, cls, "--spec")) from None


def _temperature(value: Any) -> Any:
    """`0.60`, `0.6` and `"0.6"` are the same temperature, written `0.6`: it is part of file names."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{value!r} is no temperature; write a number such as 0.6")
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"{value!r} is no temperature; write a number such as 0.6") from None
    if not 0 <= number <= 5:
        raise ValueError(f"{value!r} is outside [0, 5]")
    return f"{number:g}"


Temperature = Annotated[str, BeforeValidator(_temperature)]
