"""What generated attacks call: it counts, and does nothing else.

A file that `dryload generate --malicious` or a strategy makes imports and calls `trip`. That it was called is
the proof that a loader runs what a file says; nothing has to be broken for it.
"""

from __future__ import annotations

CALLS: list[tuple[object, ...]] = []


def trip(*arguments: object) -> int:
    """Remembers that it was called, and gives how often by now."""
    CALLS.append(arguments)
    return len(CALLS)
