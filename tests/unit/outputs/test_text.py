"""The terminal output says what was found, where, and nothing a file could forge."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

import dryload
from dryload.bulk import scan_many
from dryload.findings import Verdict
from dryload.outputs.base import RunEnd, Style, make
from dryload.report import Report, Snapshot, Summary
from dryload.scanner import scan


def shown(reports: list[Report], *, format: str = "text", style: Style | None = None) -> str:
    stream = io.StringIO()
    output = make(format, stream, style or Style())
    for report in reports:
        output.add(report)
    output.close(RunEnd(summary=Summary(reports), elapsed_ms=3, exit_code=0))
    return stream.getvalue()


@pytest.fixture
def bad(tmp_path: Path, evil: bytes) -> Report:
    path = tmp_path / "evil.pkl"
    path.write_bytes(evil)
    (report,) = scan_many([path])
    return report


def test_a_frame_marks_the_call_and_the_import(bad: Report) -> None:
    lines = dryload.render_text(bad).splitlines()
    assert lines[0].startswith("error[pickle-dangerous-call]: loading this file calls ")
    (called,) = (index for index, line in enumerate(lines) if "^^^^^^ called here" in line)
    (imported,) = (index for index, line in enumerate(lines) if "--- imported here" in line)
    offset = bad.findings[0].span.start
    assert lines[called - 1].startswith(f"{offset:04x}|  R      REDUCE")
    assert "STACK_GLOBAL" in lines[imported - 1]
    assert imported < called
    assert f"--around {offset:#x}" in " ".join(lines)


def test_a_frame_fits_80_columns(bad: Report) -> None:
    assert all(len(line) <= 80 for line in dryload.render_text(bad).splitlines())


def test_a_frame_of_bytes_or_of_a_file_that_is_gone_has_no_rows_but_says_the_rest(
    bad: Report, evil: bytes
) -> None:
    Path(bad.path).unlink()
    for report in (bad, scan(evil, name="evil.pkl")):
        text = dryload.render_text(report)
        assert "loading this file calls" in text
        assert "REDUCE" not in text


def test_printing_a_report_shows_what_the_terminal_shows(bad: Report) -> None:
    assert str(bad) == dryload.render_text(bad)
    assert str(bad) + "\n" in shown([bad])


def test_an_inert_file_is_one_line_and_one_found_in_a_folder_is_only_counted(
    tmp_path: Path, plain: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.pkl").write_bytes(plain)
    monkeypatch.chdir(tmp_path)
    named, found = list(scan_many(["a.pkl"])), list(scan_many(["."]))
    assert shown(named).splitlines()[0].startswith("inert  ")
    assert shown(named).splitlines()[1] == "1 file, 1 inert. 3 ms, nothing was loaded."
    assert len(shown(found).splitlines()) == 1
    assert len(shown(found, style=Style(verbose=True)).splitlines()) == 2
    assert shown(named, style=Style(quiet=True)) == ""


def test_many_findings_become_one_line_each(bad: Report) -> None:
    text = shown([bad] * 30)
    assert text.count("\nmalicious ") == 29
    assert "REDUCE" not in text
    assert "30 files: 30 malicious. 3 ms, nothing was loaded." in text
    assert "30 findings, a line for each rule and file; full frames: --format full" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_the_full_format_draws_a_frame_for_each_of_many_findings(bad: Report) -> None:
    text = shown([bad] * 30, format="full")
    assert text.count("^^^^^^ called here") == 30
    assert "30 files: 30 malicious. 3 ms, nothing was loaded." in text


def test_colour_only_repeats_words(bad: Report) -> None:
    plain_text = shown([bad])
    coloured = shown([bad], style=Style(colour=True))
    assert "\x1b" not in plain_text
    assert "\x1b[1;31m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain_text


@pytest.mark.parametrize("format", ["text", "full", "concise", "json", "jsonl"])
def test_no_output_passes_a_control_character_on(format: str, evil: bytes) -> None:
    name = "a\x1b[2K\n::error::\u202e\udcff.pkl"
    hostile = b"\x80\x02cmy\x1b[31mcorp\nSca\xe2\x80\xaeler\n)\x81."
    text = shown([scan(evil, name=name), scan(hostile, name=name)], format=format)
    assert all(line.isprintable() for line in text.split("\n"))
    assert "\n::error" not in text
    text.encode("utf-8")


def test_a_file_whose_reason_is_silenced_is_still_told() -> None:
    report = Report("x.pkl", Verdict.INCONCLUSIVE, (), seen=Snapshot(), policy="mine")
    assert "not judged to the end" in shown([report])
    assert "not judged to the end" in shown([report], format="concise")


def test_nothing_to_scan_is_said() -> None:
    assert shown([]) == "nothing to scan. 3 ms, nothing was loaded.\n"
