"""STANDS IN FOR CONDA in a test: the few commands that Snakemake calls, on py-rattler's solver and installer, with one
channel on the disk (ORION_TEST_CHANNEL) in the place of every channel that is named. Not conda, and not for users.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]  # bin/conda and bin/activate


def create(file: str, prefix: str) -> None:
    import rattler
    import yaml

    wanted = yaml.safe_load(Path(file).read_text())["dependencies"]
    channel = rattler.Channel(Path(os.environ["ORION_TEST_CHANNEL"]).as_uri())

    async def install() -> None:
        records = await rattler.solve(
            [channel], [item for item in wanted if isinstance(item, str)], platforms=[*_kinds()],
            virtual_packages=rattler.VirtualPackage.detect(),
        )  # fmt: skip
        await rattler.install(records, target_prefix=prefix, cache_dir=HOME / "cache", show_progress=False)

    asyncio.run(install())
    for pins in (item["pip"] for item in wanted if isinstance(item, dict)):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
            requirements.write("\n".join(pins))
            requirements.flush()
            pip = [f"{prefix}/bin/python", "-m", "pip", "install", "--quiet", "--no-compile", "-r", requirements.name]
            subprocess.run(pip, check=True)


def _kinds() -> list[str]:
    from rattler.platform import Platform

    return [str(Platform.current()), "noarch"]


def main(command: list[str]) -> None:
    if command == ["--version"]:
        print("conda 24.7.1 (a stand-in on py-rattler, for tests)")
    elif command[0] == "info":
        from rattler.platform import Platform

        print(json.dumps({"conda_prefix": str(HOME), "platform": str(Platform.current())}))
    elif command[:2] == ["config", "--get"]:
        print(json.dumps({"get": {"channel_priority": "strict"}}))
    elif command[:2] == ["env", "create"]:
        create(command[command.index("--file") + 1], command[command.index("--prefix") + 1])
    elif command[0] != "clean":
        raise SystemExit(f"the stand-in for conda has no {' '.join(command)}")


if __name__ == "__main__":
    code = 0
    try:
        main(sys.argv[1:])
    except subprocess.CalledProcessError as error:
        code = error.returncode
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # py-rattler crashes when the interpreter ends
