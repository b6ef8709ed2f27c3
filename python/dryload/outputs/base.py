"""What an output is: it takes reports one by one and writes them to a stream, then the summary.

An output never scans and never changes a report. It holds no more than it must: a zoo has millions of files.
"""

from __future__ import annotations

from dryload._frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol, TextIO

    from dryload.policy import Policy
    from dryload.report import Report, Summary

    class Output(Protocol):
        """Writes one run."""

        def add(self, report: Report) -> None:
            """Takes the report of one file."""

        def close(self, end: RunEnd) -> None:
            """Writes what is left and the summary."""


@frozen
class Style:
    """What the reader of an output asked for."""

    colour: bool = False
    verbose: bool = False
    quiet: bool = False
    policy: Policy | None = None


@frozen
class RunEnd:
    """How a run ended; `elapsed_ms` are milliseconds on the clock."""

    summary: Summary
    elapsed_ms: int
    exit_code: int


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Says whether a stream gets colour: a terminal does that is not dumb, and the user has the last word.

    NO_COLOR outranks FORCE_COLOR, as in Python itself; empty, either is as good as unset.
    """
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return environ.get("TERM") != "dumb" and stream.isatty()


def make(name: str, stream: TextIO, style: Style) -> Output:
    """Makes the output of that name from the list of all outputs; its module is imported only now."""
    from importlib import import_module

    from dryload.outputs import OUTPUTS

    module, attribute = OUTPUTS[name].split(":")
    factory: Callable[[TextIO, Style], Output] = getattr(import_module(module), attribute)
    return factory(stream, style)
