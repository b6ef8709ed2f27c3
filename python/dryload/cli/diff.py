"""`dryload diff`: says in what two model files differ: tensors, members, imports, calls, or only in bytes.

Nothing is loaded and nothing is decompressed. Two files are the same only when all their bytes are; where
they differ in nothing that is listed, that is said. 0 is the same, 1 is different, 2 is trouble.
"""

from __future__ import annotations

import os
import stat

from dryload.cli.diff_parts import Different, differences, first_difference
from dryload.errors import SourceError
from dryload.outputs.columns import wrapped
from dryload.outputs.safe_text import safe_text
from dryload.scanner import scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from typing import BinaryIO

    from dryload.report import Report


def run(words: list[str]) -> int:
    """Prints the differences.

    Raises:
        SourceError: one of the files cannot be read.
    """
    options = _parser().parse_args(words)
    with _opened(options.first) as first, _opened(options.second) as second:
        reports = scan(first, name=options.first), scan(second, name=options.second)
        try:
            at = first_difference(first, second)
            found = [] if at is None else list(differences((first, second), reports))
        except OSError as error:
            raise SourceError(error.errno, error.strerror or str(error), options.first) from error
    if options.format == "json":
        from dryload.outputs.json_v1 import dumped

        print(dumped(_document(reports, at, found)))
    else:
        for line in _lines(reports, at, found):
            print(line)
    return 0 if at is None else 1


def _opened(path: str) -> BinaryIO:
    """Opens a regular file, and no other: a pipe would wait for a writer.

    Raises:
        SourceError: there is none, or it cannot be opened.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        number = error.errno if isinstance(error, OSError) else None
        raise SourceError(number, getattr(error, "strerror", None) or str(error), path) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise SourceError(None, "not a regular file", path)
    return open(fd, "rb", buffering=0)


def _lines(reports: tuple[Report, Report], at: int | None, found: list[Different]) -> Iterator[str]:
    for sign, report in zip("-+", reports, strict=True):
        told = f"{safe_text(report.path)}  {report.format or 'of no known format'}, {report.size:,} bytes"
        yield from wrapped(f"{sign * 3} ", f"{told}, {report.verdict}")
    if at is None:
        yield "no difference: all bytes are the same"
        return
    kind = ""
    for each in found:
        if each.kind != kind:
            kind = each.kind
            yield f"{kind}s"
        yield from wrapped(f"  {SIGNS[each.change]} ", each.told(), 6)
    if found:
        yield f"{len(found):,} difference{'' if len(found) == 1 else 's'}; bytes differ from {at:#x} on"
    else:
        yield from wrapped("", f"bytes differ from {at:#x} on, and no tensor, member, import or call does")


def _document(reports: tuple[Report, Report], at: int | None, found: list[Different]) -> dict[str, object]:
    return {
        "schema": "dryload.diff/1",
        "files": [
            {
                "path": report.path,
                "format": report.format,
                "size": report.size,
                "verdict": report.verdict.value,
            }
            for report in reports
        ],
        "same": at is None,
        "first_difference": at,
        "differences": [each.to_dict() for each in found],
    }


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="dryload diff",
        description="Say in what two model files differ, without loading them.",
        epilog="exit: 0 the same bytes, 1 different, 2 a file cannot be read",
        allow_abbrev=False,
    )
    parser.add_argument("first", metavar="A")
    parser.add_argument("second", metavar="B")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser


SIGNS = {"removed": "-", "added": "+", "changed": "~"}
