"""What every stage program shares: how errors reach the user, and how a spec is read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
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


def add_policy_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments by which a stage is told which policy answers, and where its responses are kept."""
    parser.add_argument("--model", required=True, type=Path, help="manifest.json of the student")
    parser.add_argument("--adapter", type=Path, help="folder of a trained adapter; without it the untrained student")
    parser.add_argument("--store", required=True, type=Path, help="folder that keeps every response for good")
    parser.add_argument("--threads", type=int, help="CPU threads; changes no result, only the speed")
    parser.add_argument("--offline", action="store_true", help="generate nothing; fail and list what the store lacks")


def notes(pairs: Sequence[str]) -> dict[str, str]:
    """`KEY=VALUE` arguments as a dict."""
    for pair in pairs:
        if "=" not in pair:
            raise UserError(f"--note {pair}: write KEY=VALUE")
    return dict(pair.split("=", 1) for pair in pairs)
