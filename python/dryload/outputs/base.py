"""What an output is: it takes reports one by one and writes them to a stream, then the summary.

An output never scans and never changes a report. It holds no more than it must: a zoo has millions of files.
"""

from __future__ import annotations

from dryload._frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
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


def make(name: str, stream: TextIO, style: Style) -> Output:
    """Makes the output of that name from the list of all outputs; its module is imported only now."""
    from importlib import import_module

    from dryload.outputs import OUTPUTS

    module, attribute = OUTPUTS[name].split(":")
    factory: Callable[[TextIO, Style], Output] = getattr(import_module(module), attribute)
    return factory(stream, style)
