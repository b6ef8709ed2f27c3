"""A path that cannot be opened is told and not dropped: what was not read was not judged.

Made with a link to nothing; the near miss is a link to an inert pickle.
"""

from __future__ import annotations

from pathlib import Path

from tests.build import pkasm

NAME = "model.pkl"
OFFSET = 0
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return b""


def near_miss() -> bytes:
    return pkasm("PROTO 2\nNONE\nSTOP").data


def paths(folder: Path) -> tuple[Path, Path]:
    dead, alive, target = folder / NAME, folder / f"other-{NAME}", folder / "blob"
    target.write_bytes(near_miss())
    dead.symlink_to(folder / "gone")
    alive.symlink_to(target)
    return dead, alive
