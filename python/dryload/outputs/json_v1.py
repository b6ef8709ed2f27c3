"""The JSON reports, schema `dryload.report/1`: fields are added and never changed or removed.

Strings from a file are made visible as everywhere, and the document is pure ASCII, so that `jq -r` of any
field is as harmless as the terminal output. Files are written as they come and not kept.
"""

from __future__ import annotations

import json

from dryload._version import __version__
from dryload.outputs.safe_text import raw_path, safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from dryload.outputs.base import RunEnd, Style
    from dryload.report import Report


class JsonOutput:
    """Writes one document: the files as they come, then the summary."""

    def __init__(self, stream: TextIO, _style: Style) -> None:
        self._stream = stream
        self._separator = "\n"
        stream.write(f'{{"schema": "{SCHEMA}", "tool": {dumped(TOOL)}, "files": [')

    def add(self, report: Report) -> None:
        """Writes one file object; ignored files only count."""
        if not report.ignored:
            self._stream.write(self._separator + dumped(_file(report)))
            self._separator = ",\n"

    def close(self, end: RunEnd) -> None:
        """Writes the summary and ends the document."""
        self._stream.write(f'\n], "summary": {dumped(_summary(end))}}}\n')


class JsonLinesOutput:
    """Writes one file object a line, each flushed as soon as it is known, then a line with the summary."""

    def __init__(self, stream: TextIO, _style: Style) -> None:
        self._stream = stream

    def add(self, report: Report) -> None:
        """Writes one line; ignored files only count."""
        if not report.ignored:
            self._stream.write(dumped(_file(report)) + "\n")
            self._stream.flush()

    def close(self, end: RunEnd) -> None:
        """Writes the last line."""
        self._stream.write(dumped({"schema": SCHEMA, "tool": TOOL, "summary": _summary(end)}) + "\n")


def _file(report: Report) -> dict[str, object]:
    """Gives the object of one file; `path_hex` is there when the path cannot be shown as it is."""
    told = report.to_dict()
    if safe_text(report.path, cap=None) != report.path:
        told["path_hex"] = raw_path(report.path).hex()
    return told


def dumped(value: object) -> str:
    """Gives a document as one line of ASCII in which every string is fit to be shown."""
    return json.dumps(visible(value), ensure_ascii=True)


def visible(value: object, *, largest: int | None = None) -> object:
    """Passes every string of a document through `safe_text`, uncut: a program needs whole paths.

    A number beyond `largest` becomes a string.
    """
    if isinstance(value, str):
        return safe_text(value, cap=None)
    if isinstance(value, dict):
        return {safe_text(str(key), cap=None): visible(item, largest=largest) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [visible(item, largest=largest) for item in value]
    if largest is not None and isinstance(value, int) and value > largest:
        return str(value)
    return value


def _summary(end: RunEnd) -> dict[str, int | bool]:
    return end.summary.to_dict(elapsed_ms=end.elapsed_ms, exit_code=end.exit_code)


SCHEMA = "dryload.report/1"
TOOL = {"name": "dryload", "version": __version__}
