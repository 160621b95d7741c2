"""`python -m bench.rulegraph`: put the graph of the rules, as Snakemake sees it, into the README."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCK = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)


def graph() -> str:
    """The rules behind the main table as a Mermaid chart, without Snakemake's colours."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "mermaid-js", "--", "results/tables/main.csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=README.parent)
    lines = done.stdout[done.stdout.index("flowchart") :].splitlines()
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", done.stdout))
    arrows = {tuple(names[side] for side in line.split(" --> ")) for line in map(str.strip, lines) if " --> " in line}
    chart = "\n".join(f"    {left} --> {right}" for left, right in sorted(arrows))
    return f"```mermaid\nflowchart LR\n{chart}\n```\n"


def main() -> None:
    text = README.read_text()
    assert BLOCK.search(text), "the README has no ```mermaid block to replace"
    README.write_text(BLOCK.sub(lambda _: graph(), text, count=1))


if __name__ == "__main__":
    main()
