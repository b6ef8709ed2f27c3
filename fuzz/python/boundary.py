"""What crosses from Python into the core and back, as targets of `dryload fuzz`: each may raise what it
documents, and nothing else.

    cd fuzz/python && dryload fuzz boundary:scan_bytes --format pickle
"""

from __future__ import annotations

import io

import dryload
from dryload.errors import DryloadError
from dryload.outputs.base import RunEnd, Style, make
from dryload.paths import check_member_name
from dryload.report import Report, Summary
from dryload.report_read import read_reports


def scan_bytes(data: bytes) -> None:
    """A report holds together, and every output writes it."""
    report = dryload.scan(data, name="input.pt")
    assert report.ok == (report.verdict is dryload.Verdict.INERT)
    assert not report.ok or report.coverage.complete
    for finding in report.findings:
        assert 0 <= finding.span.start <= finding.span.end
    for name in ("full", "json", "github", "junit", "markdown"):
        stream = io.StringIO()
        output = make(name, stream, Style())
        output.add(report)
        output.close(RunEnd(summary=Summary([report]), elapsed_ms=0, exit_code=0))
        assert all(each.isprintable() or each == "\n" for each in stream.getvalue())


def buffers_agree(data: bytes) -> None:
    """Bytes, a buffer that can change and a file are read alike."""
    told = [
        dryload.scan(source, name="input.npy").to_dict()
        for source in (data, bytearray(data), memoryview(data), io.BytesIO(data))
    ]
    for each in told:
        each.pop("bytes_read")
    assert told[0] == told[1] == told[2] == told[3]


def header(data: bytes) -> None:
    """What is taken for a header of safetensors has its tensors inside the file."""
    try:
        found = dryload.validate_safetensors(data)
    except dryload.FormatError as error:
        found, offset = {}, error.offset
    else:
        offset = 0
    assert 0 <= offset <= len(data)
    for name in found:
        start, end = found[name].data_offsets
        assert 0 <= start <= end <= len(data)


def names(data: bytes) -> None:
    """A name of a member is taken or refused."""
    try:
        check_member_name(data.decode("utf-8", "surrogateescape"))
    except (DryloadError, ValueError):
        return


def saved_reports(data: bytes) -> None:
    """What is no report is told, and what is one is written again."""
    try:
        found = list(read_reports(data.decode("utf-8", "replace")))
    except DryloadError:
        return
    for each in found:
        if isinstance(each, Report):
            str(each)


TARGETS = {
    "scan_bytes": "torch",
    "buffers_agree": "npy",
    "header": "safetensors",
    "names": "bytes",
    "saved_reports": "bytes",
}
