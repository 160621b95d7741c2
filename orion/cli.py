"""What every stage program shares: how errors reach the user, and how a spec is read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from orion.errors import UserError


def run(main: Callable[[], int | None] | Callable[[], None]) -> None:
    """Run a program's `main` and exit: code 2 and one line for bad input, 130 for ctrl-C."""
    try:
        sys.exit(main() or 0)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted; what was received is kept, run again to go on", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output left, as in `... | head`
        sys.stderr.close()
        sys.exit(141)


def read_spec(argument: str) -> str:
    """The JSON text of a `--spec` argument: the text itself, or `@FILE`."""
    if not argument.startswith("@"):
        return argument
    try:
        return Path(argument[1:]).read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"--spec {argument}: {error.strerror}") from None
