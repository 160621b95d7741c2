"""`python -m orion.explorer`: a page in which the traces of a study can be read, `results/report/traces.html`.

For a training problem it shows the student's wrong solution, the teacher's CoT and the rewrite side by side; for a
benchmark problem what every method answered. Open the file in a browser; it needs neither server nor network.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from orion import cli
from orion.explorer.spec import ExplorerSpec


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.explorer", description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON (or @FILE): students, methods, labels, base")
    parser.add_argument("--problems", required=True, type=Path, help="parquet of training problems")
    parser.add_argument("--cots", nargs="*", type=Path, default=[], help="parquet of the teacher's CoTs")
    parser.add_argument("--errors", nargs="*", type=Path, default=[], help="results/{student}/errors.parquet")
    parser.add_argument("--refined", nargs="*", type=Path, default=[], help="results/{student}/refined/*.parquet")
    parser.add_argument("--benchmarks", nargs="*", type=Path, default=[], help="parquet of each benchmark's problems")
    parser.add_argument("--samples", nargs="*", type=Path, default=[], help="answers of every policy")
    parser.add_argument("--sets", nargs="*", type=Path, default=[], help="training sets: which trace trained whom")
    parser.add_argument(
        "--judged", nargs="*", type=Path, default=[], help="results/analysis/{student}/judged/errors.parquet"
    )
    parser.add_argument("--room", type=int, help="bytes of text in the page; beyond, it shows fewer draws of a policy")
    parser.add_argument("--output", required=True, type=Path, help="the page")
    parser.add_argument("--excerpt", type=Path, help="beside it a page that is small enough for a report")
    arguments = parser.parse_args()
    spec = ExplorerSpec.parse(cli.read_spec(arguments.spec))

    from orion.explorer.excerpt import excerpt
    from orion.explorer.items import ROOM, benchmark_items, draws_that_fit, judgements, training_items
    from orion.explorer.page import page
    from orion.files import read_table, replacing, write_text

    judged = judgements(arguments.judged)
    problems = read_table(arguments.problems)
    taught = (arguments.cots, arguments.errors, arguments.refined)
    items = training_items(problems, *taught, spec.students, arguments.sets, judged)
    used = sum(len(t["text"].encode("utf-8", "replace")) for item in items for t in item.traces)
    draws = draws_that_fit(arguments.samples, max(0, (arguments.room or ROOM) - used))
    items += benchmark_items(arguments.benchmarks, arguments.samples, spec.students, draws, judged)
    note = (
        "" if draws is None else f"The first {draws} draws of every policy for a problem stand here; shares count all."
    )
    with replacing(arguments.output) as part, part.open("w", encoding="utf-8") as file:
        for piece in page(items, spec, note):
            file.write(piece)
    if arguments.excerpt:
        write_text(arguments.excerpt, excerpt(items, spec, note))
    traces = sum(len(item.traces) for item in items)
    print(f"{len(items)} problems, {traces} traces, {arguments.output.stat().st_size / 1e6:.1f} MB: {arguments.output}")
    if note:
        print(note)


if __name__ == "__main__":
    cli.run(main)
