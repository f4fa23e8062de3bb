"""Files that are there as a whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path


def write_whole(path: Path, content: bytes) -> Path:
    """Writes a file beside its place and moves it there: a crash leaves the former file, or none.

    Raises:
        OSError: it cannot be written.
    """
    beside = _beside(path)
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def write_folder(path: Path, fill: Callable[[Path], None]) -> Path:
    """Fills a folder beside its place and moves it there; a former one is replaced only when the new one is complete.

    Raises:
        OSError: it cannot be written.
    """
    beside, former = _beside(path), path.with_name(f".{path.name}.old-{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        beside.mkdir()
        fill(beside)
        if path.exists():
            path.replace(former)
        beside.replace(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)
    return path


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new-{os.getpid()}")
