"""Words of a command line: options between paths, and paths behind `--`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any


def parsed(parser: argparse.ArgumentParser, words: list[str], options: Any = None) -> Any:
    """Parses the words of a command that takes `paths`, of which there may be none.

    Fills in `options`, or a namespace of argparse, and gives it.

    What stands behind `--` is a path. argparse, asked for options between paths, takes these words for
    options again: a file called -ojson=x.pkl was an output, and was not scanned.
    """
    behind = words.index("--") if "--" in words else len(words)
    options = parser.parse_intermixed_args(words[:behind], options)
    options.paths = [*options.paths, *words[behind + 1 :]]
    return options
