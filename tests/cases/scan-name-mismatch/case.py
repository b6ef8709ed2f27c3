"""A pickle under the name of safetensors, which people trust more.

The verdict stands without it. The near miss has a name that stands for any model.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.build import pkasm, zipped

NAME = "model.safetensors"
OFFSET = 0
NEAR_MISS_IS_INERT = True

PICKLE = pkasm("PROTO 2\nNONE\nSTOP").data


def paths(folder: Path) -> tuple[Path, Path]:
    fires, near_miss = folder / "model.safetensors", folder / "model.bin"
    for path in (fires, near_miss):
        path.write_bytes(PICKLE)
    return fires, near_miss


def variants() -> Mapping[str, tuple[str, bytes]]:
    archive = zipped({"a.pkl": PICKLE})
    return {
        "a zip under the name of safetensors": ("model.safetensors", archive),
        "a zip under the name of an array": ("model.npy", archive),
        "a pickle under the name of an archive": ("model.npz", PICKLE),
        "a pickle under the name of GGUF": ("model.gguf", PICKLE),
        "a page under the name of any model": ("model.pt", b"<!doctype html>"),
        "a program under the name of any model": ("model.ckpt", b"\x7fELF".ljust(64, b"\0")),
    }
