"""The JSON reports are the documented documents, in pure ASCII."""

from __future__ import annotations

import io
import json

from dryload.outputs.base import RunEnd, Style, make
from dryload.report import Report, Summary
from dryload.scanner import scan


def written(format: str, reports: list[Report]) -> str:
    stream = io.StringIO()
    output = make(format, stream, Style())
    for report in reports:
        output.add(report)
    output.close(RunEnd(summary=Summary(reports), elapsed_ms=3, exit_code=1))
    assert stream.getvalue().isascii()
    return stream.getvalue()


def test_the_document_holds_schema_tool_files_and_summary(plain: bytes, evil: bytes) -> None:
    reports = [scan(plain, name="a.pkl"), scan(evil, name="b.pkl")]
    document = json.loads(written("json", reports))
    assert set(document) == {"schema", "tool", "files", "summary"}
    assert document["schema"] == "dryload.report/1"
    assert document["tool"]["name"] == "dryload"
    assert [file["path"] for file in document["files"]] == ["a.pkl", "b.pkl"]
    assert document["summary"] == {
        "files": 2,
        "malicious": 1,
        "invalid": 0,
        "unknown": 0,
        "inconclusive": 0,
        "inert": 1,
        "ignored": 0,
        "excluded": 0,
        "resumed": 0,
        "interrupted": False,
        "suppressed": 0,
        "baselined": 0,
        "bytes": len(plain) + len(evil),
        "bytes_read": document["summary"]["bytes_read"],
        "elapsed_ms": 3,
        "exit_code": 1,
    }
    (finding,) = document["files"][1]["findings"]
    assert finding["span"] == finding["file_span"]
    assert set(finding) == {
        "rule",
        "severity",
        "verdict",
        "message",
        "member",
        "part",
        "label",
        "note",
        "help",
        "span",
        "file_span",
        "evidence",
        "value",
        "fingerprint",
        "suppressed",
        "suppressed_by",
        "justification",
    }


def test_a_run_without_files_is_a_document() -> None:
    assert json.loads(written("json", []))["files"] == []


def test_jsonl_is_a_file_a_line_and_a_summary_at_the_end(plain: bytes, evil: bytes) -> None:
    *files, last = map(json.loads, written("jsonl", [scan(plain), scan(evil)]).splitlines())
    assert [file["verdict"] for file in files] == ["inert", "malicious"]
    assert all("path" in file for file in files)
    assert last["summary"]["files"] == 2


def test_paths_are_whole_and_their_controls_visible(plain: bytes) -> None:
    name = "d/" * 500 + "\x1b\n\udcff.pkl"
    (file,) = json.loads(written("json", [scan(plain, name=name)]))["files"]
    assert file["path"] == "d/" * 500 + "\\x1b\\n\\u{dcff}.pkl"
