"""Reads the JSON reports back: a document, or lines as `jsonl` has them.

What is read is a file that somebody wrote: everything in it is checked for its type before it is believed.
The files that it speaks of are not opened.
"""

from __future__ import annotations

import json
import os

from dryload._frozen import frozen
from dryload.errors import DryloadError
from dryload.findings import Finding, Severity, Span, Verdict
from dryload.report import Report, Snapshot, Summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any


class ReadError(DryloadError):
    """It is no report, or not one of this schema."""


@frozen
class End:
    """How the run ended that the report is of."""

    summary: Summary
    elapsed_ms: int
    exit_code: int


def read_reports(text: str | Iterable[str]) -> Iterator[Report | End]:
    """Gives the report of each file, then how the run ended, if that is told.

    A document is read whole; lines are read one by one, so that those of a zoo may come from a pipe.

    Raises:
        ReadError: it is no report; the message says where.
    """
    lines = iter([f"{line}\n" for line in text.split("\n")] if isinstance(text, str) else text)
    first = ""
    for line in lines:
        first += line
        if line.strip():
            break
    if first.strip() and not _is_line(first):
        yield from _of_document(first + "".join(lines))
        return
    for number, line in enumerate(_chained(first, lines), 1):
        if line.strip():
            yield _of_line(line, number)
    if not first.strip():
        raise ReadError("an empty file is no report")


def _is_line(text: str) -> bool:
    """Whether the first line is an object of its own, as in `jsonl`."""
    try:
        told = _loaded(text, "")
    except ReadError:
        return False
    return isinstance(told, dict) and "files" not in told


def _chained(first: str, lines: Iterable[str]) -> Iterator[str]:
    # Only a line feed ends a line: a text in JSON may hold what else `splitlines` takes for an end.
    yield from first.split("\n")
    for line in lines:
        yield from line.split("\n")


def _of_document(text: str) -> Iterator[Report | End]:
    document = _loaded(text, "")
    if not isinstance(document, dict) or not isinstance(document.get("files"), list):
        raise ReadError("not a report: there is no list of files")
    _check_schema(document)
    alone = len(document["files"]) == 1
    for number, told in enumerate(document["files"]):
        yield _report(told, f"files[{number}]", walked=not alone)
    if "summary" in document:
        yield _end(document["summary"])


def _of_line(line: str, number: int) -> Report | End:
    told = _loaded(line, f"line {number} is ")
    if isinstance(told, dict) and "summary" in told:
        _check_schema(told)
        return _end(told["summary"])
    return _report(told, f"line {number}", walked=True)


def _loaded(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ReadError(f"{where}not JSON: {error}") from error
    except RecursionError as error:
        raise ReadError(f"{where}not JSON of a report: it nests too deep") from error


def _check_schema(told: Mapping[str, Any]) -> None:
    schema = told.get("schema")
    if schema != SCHEMA:
        raise ReadError(f"the schema is {str(schema)[:60]!a}, not {SCHEMA}")


def _report(told: object, where: str, *, walked: bool) -> Report:
    try:
        if not isinstance(told, dict):
            raise TypeError("not an object")
        path = str(_typed(told["path"], str))
        if "path_hex" in told:
            path = _path(bytes.fromhex(_typed(told["path_hex"], str)))
        coverage = _typed(told["coverage"], dict)
        seen = Snapshot(
            size=_typed(told["size"], int),
            bytes_read=_typed(told["bytes_read"], int),
            format=_word(told["format"], SLUG),
            complete=_typed(coverage["complete"], bool),
            part_rows=tuple(_part(each) for each in _typed(told["parts"], list)),
            skipped_rows=tuple(_skipped(each) for each in _typed(coverage["skipped"], list)),
            limit_names=tuple(_typed(each, str) for each in _typed(coverage["limits_hit"], list)),
        )
        findings = tuple(_finding(each) for each in _typed(told["findings"], list))
        return Report(path, Verdict(told["verdict"]), findings, seen=seen, policy="", walked=walked)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        fault = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ReadError(f"{where} is no report of a file: {fault}") from error


def _path(raw: bytes) -> str:
    """Undoes `raw_path`: names that no file can have are surrogates in UTF-8."""
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return os.fsdecode(raw)


def _part(told: Any) -> Any:
    row = {
        "member": _maybe(told["member"], str),
        "offset": _maybe(told["offset"], int),
        "size": _typed(told["size"], int),
        "format": _word(told["format"], SLUG),
        "protocol": _maybe(told["protocol"], int),
        "opcodes": _maybe(told["opcodes"], int),
        "tensors": _maybe(told["tensors"], int),
        "imports": [_fields(each, IMPORT) for each in _typed(told["imports"], list)],
        "calls": [_fields(each, CALL) for each in _typed(told["calls"], list)],
        "dropped": _typed(told["dropped"], int),
    }
    if "array" in told:
        array = _fields(told["array"], ARRAY)
        for dim in array["shape"]:
            _typed(dim, int)
        row["array"] = array
    return row


def _skipped(told: Any) -> Any:
    return {
        "member": _maybe(told["member"], str),
        "why": _typed(told["why"], str),
        "bytes": _typed(told["bytes"], int),
    }


def _finding(told: Any) -> Finding:
    in_file = _maybe(told["file_span"], list)
    evidence = _typed(told["evidence"], dict)
    if not all(isinstance(each, str | int) for each in evidence.values()):
        raise TypeError("the evidence has values that are neither text nor integer")
    return Finding(
        rule=_word(told["rule"], SLUG),
        severity=Severity(told["severity"]),
        verdict=Verdict(told["verdict"]),
        message=_typed(told["message"], str),
        member=_maybe(told["member"], str),
        span=_span(told["span"]),
        file_span=None if in_file is None else _span(in_file),
        part=_maybe(told["part"], int),
        evidence=evidence,
        suppressed=_typed(told["suppressed"], bool),
        told_fingerprint=_word(told["fingerprint"], FINGERPRINT),
        **{name: _maybe(told[name], str) or "" for name in TEXTS},
    )


def _span(told: Any) -> Span:
    start, end = told
    return Span(start=_typed(start, int), end=_typed(end, int))


def _end(told: Any) -> End:
    try:
        summary = Summary()
        for verdict in Verdict:
            summary.counts[verdict] = _typed(told[verdict.value], int)
        for name in COUNTS:
            setattr(summary, name, _typed(told[name], int))
        summary.interrupted = _typed(told["interrupted"], bool)
        return End(
            summary=summary,
            elapsed_ms=_typed(told["elapsed_ms"], int),
            exit_code=_typed(told["exit_code"], int),
        )
    except (KeyError, TypeError) as error:
        raise ReadError(f"the summary is none: {error}") from error


def _fields(told: Any, fields: Mapping[str, type]) -> dict[str, Any]:
    return {name: _typed(told[name], kind) for name, kind in fields.items()}


def _typed(value: Any, kind: type) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{type(value).__name__} where {kind.__name__} is expected")
    return value


def _word(value: Any, letters: frozenset[str]) -> str:
    """Takes a word of ours: outputs write such words as they are."""
    word: str = _typed(value, str)
    if not letters.issuperset(word):
        raise ValueError(f"{word[:60]!a} is no word of a report")
    return word


def _maybe(value: Any, kind: type) -> Any:
    return None if value is None else _typed(value, kind)


SCHEMA = "dryload.report/1"
SLUG = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
FINGERPRINT = SLUG | {":"}
IMPORT = {"name": str, "module": str, "qualname": str, "offset": int, "class": str, "count": int}
CALL = {"call": str, "offset": int, "class": str, "count": int}
ARRAY = {"dtype": str, "shape": list, "cut": bool, "fortran": bool, "start": int, "end": int}
TEXTS = ("value", "label", "note", "help", "suppressed_by", "justification")
COUNTS = ("ignored", "excluded", "resumed", "suppressed", "baselined", "bytes", "bytes_read")
