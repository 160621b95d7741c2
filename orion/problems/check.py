"""The files that a config names, looked at before anything starts: a wrong row is cheaper to hear of now than tonight.

What was already read since it last changed is not read again, so a run with nothing to do stays quick.
"""

from __future__ import annotations

from pathlib import Path

from orion.config.study import Study
from orion.errors import UserError


def check_files(study: Study, results: Path = Path("results")) -> None:
    """Read every local file of problems, benchmarks and recorded traces that the results were not yet made from.

    Raises:
        UserError: names the config's key and the file, and of a malformed one the row and the column.
    """
    from orion.config.problems import ArithmeticSource

    for name, source in {"train": study.problems, **study.benchmarks}.items():
        key = "problems" if name == "train" else f"benchmarks.{name}"
        if isinstance(source, ArithmeticSource) or not source.path:
            continue
        _must_exist(key, Path(source.path))
        folder = results / "problems" / ("raw" if name == "train" and study.decontamination else "")
        if not _is_newer(folder / f"{name}.parquet", Path(source.path)):
            from orion.benchmarks.read import load_benchmark

            load_benchmark(source, name)
    _check_traces(study, results)


def _check_traces(study: Study, results: Path) -> None:
    from orion.tables.inputs import teachers

    for name in teachers(study):
        teacher = study.teachers[name]
        if teacher.source != "file" or teacher.path is None or teacher.path.startswith("hf://"):
            continue
        path = Path(teacher.path).expanduser()
        if "*" not in path.name:
            _must_exist(f"teachers.{name}", path)
        cots = results / "teacher" / name / "cots.parquet"
        if not all(_is_newer(cots, file) for file in path.parent.glob(path.name)) or not cots.exists():
            from orion.teacher.recorded import check_columns

            check_columns(teacher)


def _must_exist(key: str, path: Path) -> None:
    if not path.is_file():
        where = "" if path.is_absolute() else f" in {Path.cwd()}"
        raise UserError(f"config: {key}.path: no file {path}{where}; write where it is")


def _is_newer(made: Path, source: Path) -> bool:
    return made.exists() and made.stat().st_mtime >= source.stat().st_mtime
