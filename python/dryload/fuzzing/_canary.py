"""What generated pickles call where a malicious one would call a shell: it counts, and does nothing else."""

from __future__ import annotations

_calls: list[int] = []


def trip(*_args: object, **_keywords: object) -> None:
    """Records that it was called."""
    _calls.append(1)


def tripped() -> int:
    """Says how often it was called since the last time it was asked, and begins to count anew."""
    count = len(_calls)
    _calls.clear()
    return count
