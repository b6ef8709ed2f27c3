#!/usr/bin/env python3
"""A target of `boundary` under atheris by itself: `fuzz_boundary.py scan_bytes -runs=1000`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports():
    import boundary

    from dryload.fuzzing import mutate

name = sys.argv.pop(1)
target, format = getattr(boundary, name), boundary.TARGETS[name]


def custom_mutator(data: bytes, max_size: int, seed: int) -> bytes:
    """Lets the core make the next input."""
    return mutate(format, seed, bytes(data), bytes(data))[:max_size]


atheris.Setup(sys.argv, lambda data: target(bytes(data)), custom_mutator=custom_mutator)
atheris.Fuzz()
