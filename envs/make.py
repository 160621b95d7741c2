"""`python -m envs.make`: the conda environments of the rules, from pyproject's groups and the lock.

Python and pip come from conda-forge, everything else from PyPI at the lock's versions: one source of versions, whether
or not conda is used.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GROUPS: dict[str, list[str]] = {"base": [], "teacher": ["teacher"], "models": ["models"], "report": ["report"]}
HEAD = "# Made by `python -m envs.make` from pyproject.toml and requirements.lock: edit those.\n"


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower()


def _locked() -> dict[str, list[str]]:
    """Lines of the lock by package; one that differs by Python version has several."""
    lines: dict[str, list[str]] = {}
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        lines.setdefault(_name(line), []).append(line)
    return lines


def environments() -> dict[str, str]:
    """File name -> content, for every group."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = _locked()
    files = {}
    for name, groups in GROUPS.items():
        wanted = list(project["dependencies"])
        for group in groups:
            wanted += project["optional-dependencies"][group]
        pins = sorted({line for requirement in wanted for line in locked[_name(requirement)]})
        # A line with a marker holds `;` and quotes; YAML wants it quoted.
        items = "".join(f"      - {line!r}\n" if ";" in line else f"      - {line}\n" for line in pins)
        from_conda = f"  - python {project['requires-python']}\n  - pip\n"
        files[f"{name}.yaml"] = f"{HEAD}channels:\n  - conda-forge\ndependencies:\n{from_conda}  - pip:\n{items}"
    return files


def main() -> None:
    for name, text in environments().items():
        (ROOT / "envs" / name).write_text(text)


if __name__ == "__main__":
    main()
