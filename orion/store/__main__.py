"""`python -m orion.store`: look into a store, check it, copy from it, tidy it."""

from __future__ import annotations

import argparse
import fcntl
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orion import responses
from orion.cli import run
from orion.errors import UserError
from orion.files import replacing
from orion.progress import quantity
from orion.store import Kind, Store
from orion.store.segments import LAYOUT, MAGIC, encode, read_index, scan
from orion.store.store import Place
from orion.types import Record


def main() -> int | None:
    parser = argparse.ArgumentParser(prog="python -m orion.store", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("store", type=Path, help="the store's folder")
        return sub

    for name, text in (
        ("ls", "One line a record: key, status, tokens, cost, time, model, id."),
        ("export", "The records as JSON lines on standard output."),
        ("prune", "Drop records for good. Without --yes it only says what it would drop."),
    ):
        sub = command(name, text)
        sub.add_argument("--status", help="only records of this status (ok, http-400, timeout, ...)")
        sub.add_argument("--model", help="only records of this model")
        sub.add_argument("--id", help="only records of this problem")
        if name == "export":
            sub.add_argument(
                "--best", action="store_true", help="only records that answer a request; no failed attempts"
            )
        if name == "prune":
            sub.add_argument(
                "--failed", action="store_true", help="drop failed attempts (their cost leaves the account)"
            )
            sub.add_argument("--yes", action="store_true", help="do it")
    sub = command("show", "A record in full, by its key or the beginning of it.")
    sub.add_argument("key")
    sub.add_argument("--raw", action="store_true", help="the stored JSON as it is")
    command("stats", "Records, tokens and money by model and status.")
    sub = command("verify", "Read every line, compare it with its index, say what is torn or damaged.")
    sub.add_argument(
        "--repair", action="store_true", help="make missing or wrong indexes anew; lines are never changed"
    )
    options = parser.parse_args()
    if not options.store.is_dir():
        raise UserError(f"{options.store}: no such store (a folder is wanted)")
    handler = {"ls": ls, "show": show, "stats": stats, "export": export, "prune": prune, "verify": verify}
    try:
        return handler[options.command](options)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise UserError(f"{options.store}: {error.strerror}; nothing that was there has changed") from None


def chosen(store: Store, options: argparse.Namespace) -> Iterator[tuple[Place, Record]]:
    for place in sorted(store.places(), key=lambda p: (p.segment, p.entry.offset)):
        record = store.read(place)
        wanted = ((options.status, record.status), (options.model, record.request.get("model")))
        if all(want is None or want == has for want, has in (*wanted, (options.id, record.request.get("id")))):
            yield place, record


def ls(options: argparse.Namespace) -> None:
    for place, record in chosen(Store(options.store), options):
        prompt, completion = responses.usage(record.raw) if isinstance(record.raw, dict) else (None, None)
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(place.entry.time)) if place.entry.time else "-"
        fields = [record.key[:12], record.status, Kind(place.entry.kind).name.lower(), prompt, completion]
        fields += [f"{place.entry.cost:.6f}", when, record.request.get("model"), record.request.get("id")]
        print("\t".join("-" if field in (None, "") else str(field) for field in fields))


def show(options: argparse.Namespace) -> int:
    store = Store(options.store)
    found = [place for place in store.places() if place.entry.key.hex().startswith(options.key.lower())]
    for place in found:
        record = store.read(place)
        if options.raw:
            print(encode(record).decode())
            continue
        print(f"== {record.key}  {record.status}  {place.segment.name} at byte {place.entry.offset}")
        print(json.dumps({"sampling": record.request.get("sampling"), **record.meta}, ensure_ascii=False))
        for message in record.request.get("messages", ()):
            print(f"-- {message['role']}\n{message['content']}")
        response = responses.parse(record)
        if response.reasoning is not None:
            print(f"-- reasoning\n{response.reasoning}")
        print(f"-- response ({response.finish_reason})\n{response.text or response.error or ''}")
    if not found:
        raise UserError(f"{options.store}: no record whose key begins with {options.key!r}; `ls` lists them")
    return 0


def stats(options: argparse.Namespace) -> None:
    groups: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0, 0, 0, 0.0])
    for record in Store(options.store).records():
        group = groups[(str(record.request.get("model")), record.status)]
        prompt, completion = responses.usage(record.raw) if isinstance(record.raw, dict) else (0, 0)
        for i, amount in enumerate((1, prompt or 0, completion or 0, float(record.meta.get("cost") or 0.0))):
            group[i] += amount
    print("model\tstatus\trecords\ttokens in\ttokens out\tcost")
    for (model, status), (count, prompt_sum, completion_sum, cost) in sorted(groups.items()):
        print(f"{model}\t{status}\t{count:.0f}\t{quantity(prompt_sum)}\t{quantity(completion_sum)}\t{cost:.4f}")


def export(options: argparse.Namespace) -> None:
    for place, record in chosen(Store(options.store), options):
        if not options.best or place.entry.kind != Kind.FAILED:
            sys.stdout.buffer.write(encode(record))


def prune(options: argparse.Namespace) -> None:
    if not (options.failed or options.status or options.model or options.id):
        raise UserError("prune: say what to drop: --failed, --status, --model or --id")
    store = Store(options.store)
    drop: dict[Path, set[int]] = defaultdict(set)
    cost = 0.0
    for place, _ in chosen(store, options):
        if not options.failed or place.entry.kind == Kind.FAILED:
            drop[place.segment].add(place.entry.offset)
            cost += place.entry.cost
    count = sum(map(len, drop.values()))
    if not options.yes:
        print(f"would drop {count} records (paid: {cost:.4f}) from {len(drop)} files; --yes does it")
        return
    for segment, offsets in drop.items():
        _rewrite(segment, offsets)
    print(f"dropped {count} records from {len(drop)} files")


def _rewrite(segment: Path, offsets: set[int]) -> None:
    """Write a segment anew without the lines at `offsets`. One that a process still writes is refused."""
    with segment.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{segment}: a running process writes it; wait until it has ended") from None
        with replacing(segment) as part, part.open("wb") as out:
            for entry, line in scan(segment):
                if entry is not None and entry.offset not in offsets:
                    out.write(line)
        segment.with_suffix(".idx").unlink(missing_ok=True)
    _write_index(segment)


def _write_index(segment: Path) -> None:
    with replacing(segment.with_suffix(".idx")) as part, part.open("wb") as out:
        out.write(MAGIC)
        out.writelines(LAYOUT.pack(*entry) for entry, _ in scan(segment) if entry is not None)


def verify(options: argparse.Namespace) -> int:
    """0 when every line is whole and every index right; 1 otherwise."""
    faults: list[str] = []
    count = 0
    for segment in sorted(options.store.glob("*.jsonl")):
        whole: list[Any] = []
        for entry, line in scan(segment):
            if entry is not None:
                whole.append(entry)
            elif line.endswith(b"\n"):
                faults.append(f"{segment.name}: a damaged line of {len(line)} bytes; it is left out")
            else:
                faults.append(f"{segment.name}: a torn last line of {len(line)} bytes (a crash); it is left out")
        count += len(whole)
        if read_index(segment.with_suffix(".idx")) != whole:
            faults.append(f"{segment.name}: the index does not fit the lines")
            if options.repair:
                _write_index(segment)
                faults[-1] += "; made anew"
    print(f"{count} whole records in {options.store}")
    print("\n".join(faults) or "nothing is torn or damaged")
    return 1 if faults else 0


if __name__ == "__main__":
    run(main)
