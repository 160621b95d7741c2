"""A conda channel out of this machine's own CPython and the pip that comes with it: enough for `envs/*.yaml`, where no
real channel can be reached. It shows that our environment files and Snakemake's use of them work, and not that
conda-forge has what they name.
"""

from __future__ import annotations

import ensurepip
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any

LEFT_OUT = shutil.ignore_patterns("site-packages", "test", "tests", "__pycache__", "config-*", "idlelib", "tkinter")


def _pack(folder: Path, channel: Path, subdir: str, index: dict[str, Any], link: dict[str, Any] | None = None) -> None:
    """Write `folder` as a package of the channel."""
    paths = []
    for path in sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file()):
        entry: dict[str, Any] = {"_path": path.relative_to(folder).as_posix(), "path_type": "hardlink"}
        entry |= {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "size_in_bytes": path.stat().st_size}
        paths.append(entry | ({"path_type": "softlink"} if path.is_symlink() else {}))
    index = index | {"build_number": 0, "timestamp": int(time.time() * 1000) - 10**9, "subdir": subdir}
    about = {"index.json": index, "paths.json": {"paths": paths, "paths_version": 1}}
    if link:
        about["link.json"] = link
    name = f"{index['name']}-{index['version']}-{index['build']}.tar.bz2"
    (channel / subdir).mkdir(parents=True, exist_ok=True)
    with tarfile.open(channel / subdir / name, "w:bz2", compresslevel=1) as archive:
        for path, content in about.items():
            text = json.dumps(content).encode()
            info = tarfile.TarInfo(f"info/{path}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
        for entry in paths:
            archive.add(folder / entry["_path"], entry["_path"])
    packed = (channel / subdir / name).read_bytes()
    record = index | {"size": len(packed), "sha256": hashlib.sha256(packed).hexdigest()}
    repodata = {"info": {"subdir": subdir}, "packages": {name: record}, "packages.conda": {}, "repodata_version": 1}
    (channel / subdir / "repodata.json").write_text(json.dumps(repodata))


def make(channel: Path, scratch: Path, patchelf: str) -> None:
    """The channel's files: `linux-64/` (or this machine's kind) with python, `noarch/` with pip."""
    base, (major, minor) = Path(sys.base_prefix), sys.version_info[:2]
    named = f"python{major}.{minor}"
    python = scratch / "python"
    shutil.copytree(base / "lib" / named, python / "lib" / named, ignore=LEFT_OUT, symlinks=True)
    (python / "lib" / named / "site-packages").mkdir()
    (python / "bin").mkdir()
    shutil.copy(Path(os.path.realpath(base / "bin" / named)), python / "bin" / named)
    for link in ("python", "python3"):
        (python / "bin" / link).symlink_to(named)
    for library in (base / "lib").glob("libpython*.so.*"):
        shutil.copy(library, python / "lib" / library.name)
    subprocess.run([patchelf, "--set-rpath", "$ORIGIN/../lib", str(python / "bin" / named)], check=True)
    kind = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}[platform.machine()]
    full = platform.python_version()
    _pack(python, channel, kind, {"name": "python", "version": full, "build": "0", "depends": []})

    pip, (wheel,) = scratch / "pip", Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(pip / "site-packages")
    about = {"name": "pip", "version": wheel.name.split("-")[1], "build": "py_0", "depends": ["python"]}
    entry = {"noarch": {"type": "python", "entry_points": ["pip = pip._internal.cli.main:main"]}}
    _pack(pip, channel, "noarch", about | {"noarch": "python"}, entry | {"package_metadata_version": 1})
