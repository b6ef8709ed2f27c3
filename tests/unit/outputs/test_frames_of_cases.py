"""Every case and every file of the corpora is drawn within 80 columns, in one style, with colour or not."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dryload.bulk import scan_many
from dryload.cli.main import main
from dryload.findings import Verdict
from dryload.outputs.base import RunEnd, Style, make, wants_colour
from dryload.outputs.columns import columns
from dryload.outputs.frame import terse
from dryload.outputs.picture import picture
from dryload.report import Report, Summary
from dryload.rules import RULES
from dryload.rules.catalogue import catalogue
from dryload.rules.pages import point
from dryload.scanner import scan
from tests.test_cases import SLUGS, having, load, scans

TESTS = Path(__file__).parents[2]
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def drawn(reports: list[Report], format: str, style: Style) -> str:
    stream = io.StringIO()
    output = make(format, stream, style)
    for report in reports:
        output.add(report)
    output.close(RunEnd(summary=Summary(reports), elapsed_ms=3, exit_code=1))
    return stream.getvalue()


def scanned_case(slug: str, folder: Path) -> Report:
    """Scans a case from a file, so that its place can be drawn."""
    case = load(slug)
    if not hasattr(case, "fires") or hasattr(case, "paths") or hasattr(case, "sources"):
        return scans(case, folder)[0]
    path = folder / case.NAME
    path.write_bytes(case.fires())
    return scan(path, limits=getattr(case, "LIMITS", None))


@pytest.fixture(scope="module")
def corpora() -> list[Report]:
    return list(scan_many([TESTS / "data", TESTS.parent / "samples"]))


@pytest.mark.parametrize(
    "style", [Style(), Style(verbose=True), Style(quiet=True)], ids=["plain", "-v", "-q"]
)
@pytest.mark.parametrize("format", ["text", "full"])
def test_all_files_of_the_corpora_are_drawn_within_80_columns(
    corpora: list[Report], format: str, style: Style
) -> None:
    assert len(corpora) > 300
    for line in drawn(corpora, format, style).split("\n"):
        assert columns(line) <= 80, line
        assert line.isprintable(), line


def test_colour_repeats_what_the_text_says_for_all_files_of_the_corpora(corpora: list[Report]) -> None:
    for format in ("text", "full", "concise"):
        plain, coloured = (drawn(corpora, format, Style(colour=colour)) for colour in (False, True))
        assert coloured != plain
        assert ANSI.sub("", coloured) == plain


@pytest.mark.parametrize("slug", SLUGS)
def test_a_case_is_drawn_within_80_columns_and_says_what_to_do(slug: str, tmp_path: Path) -> None:
    report = scanned_case(slug, tmp_path)
    assert having(report, slug)
    text = drawn([report], "full", Style(verbose=True))
    assert all(columns(line) <= 80 and line.isprintable() for line in text.split("\n")), text
    for finding in having(report, slug):
        told = " ".join(text.split())
        assert "= help: " in told
        assert f"`dryload rule {finding.rule}`" in told
        if finding.verdict is Verdict.INCONCLUSIVE:
            assert "no clean bill" in told


@pytest.mark.parametrize("slug", SLUGS)
def test_the_picture_of_a_case_marks_the_offset_of_its_finding(slug: str, tmp_path: Path) -> None:
    report = scanned_case(slug, tmp_path)
    for finding in having(report, slug):
        shown = picture(report, finding, Style()).lines
        marks = [index for index, line in enumerate(shown) if line.mark == "^"]
        if marks and shown[0].offset is not None:
            # The marked line begins at the place, or the place is in it.
            at = shown[marks[0] - 1].offset if shown[marks[0]].offset is None else shown[marks[0]].offset
            assert at is not None
            assert 0 <= finding.span.start - at < 64


def texts(slug: str, report: Report) -> Iterator[str]:
    entry = catalogue()[slug]
    yield entry.summary
    for finding in having(report, slug):
        yield finding.message
        yield finding.label
        yield finding.note
        yield terse(finding.help or point(slug, "What to do"))


@pytest.mark.parametrize("slug", SLUGS)
def test_messages_are_in_lower_case_without_full_stop_and_values_come_last(slug: str, tmp_path: Path) -> None:
    report = scanned_case(slug, tmp_path)
    for text in filter(None, texts(slug, report)):
        assert not text.endswith((".", "!", ":")) or text.endswith("..."), text
        assert "\n" not in text
        first = re.split(r"[\s.:(]", text)[0]
        # A message may begin with a word that is written so: an opcode, a format, a name from the file.
        assert first == first.lower() or first.isupper() or text[0] in "'`\"" or first in PROPER, text
    summary = catalogue()[slug].summary
    for finding in having(report, slug):
        values = {str(finding.evidence.get(name)) for name in ("expected", "found")} - {"None"}
        if slug not in {rule.id for rule in RULES} and values:
            assert finding.message.startswith(f"{summary}: "), finding.message


PROPER = {"Git", "TorchScript"}


def test_long_lists_name_the_way_to_full_frames(corpora: list[Report]) -> None:
    text = drawn(corpora, "text", Style())
    assert "full frames: --format full" in text
    assert "full frames" not in drawn(corpora, "text", Style(quiet=True))
    rows = [line for line in text.splitlines() if line.startswith("malicious ")]
    assert len(rows) > 50
    # Cut as they are, the lines name file and rule.
    assert all(re.match(r"malicious +\S+ +[a-z-]+( \+\d+)?: .", row) for row in rows)


def test_a_call_is_told_with_its_place_in_the_file_and_in_the_object(tmp_path: Path) -> None:
    text = drawn([scanned_case("torch-storage-missing", tmp_path)], "full", Style())
    assert "file offset: 0x" in text
    path = tmp_path / "evil.pkl"
    path.write_bytes(b"\x80\x04}\x94\x8c\x01x\x94cposix\nsystem\n\x94\x8c\x04true\x94\x85\x94R\x94s.")
    lines = drawn([scan(path)], "full", Style()).splitlines()
    assert "    = value: root['x']     5 memo opcodes hidden (-v)" in lines


def test_an_overlap_is_drawn_as_bars(tmp_path: Path) -> None:
    report = scanned_case("safetensors-offset-overlap", tmp_path)
    text = drawn([report], "full", Style())
    assert "    |  a  U8 [4]  0..4  #############\n" in text
    assert "    |  b  U8 [4]  3..7            ##############\n" in text
    assert "    |                             ^^^ shared: 1 byte\n" in text


def test_a_cut_pickle_says_how_much_was_analysed(tmp_path: Path) -> None:
    path = tmp_path / "cut.pkl"
    path.write_bytes(b"\x80\x04}\x94\x8c\x01w\x94\x8c\x05abcd")
    text = drawn([scan(path)], "full", Style())
    assert "0008|  \\x8c   SHORT_BINUNICODE 5 bytes of text\n" in text
    assert "^^^^^^^^^^^^^^^^ the file ends inside it\n" in text
    assert "8 of 14 bytes analysed, no call in them; no clean bill" in " ".join(text.split())


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "wanted"),
    [
        (Terminal(), {}, True),
        (io.StringIO(), {}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {"TERM": "xterm"}, True),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (io.StringIO(), {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
    ],
)
def test_colour_is_for_terminals_and_the_user_has_the_last_word(
    stream: io.StringIO, environ: dict[str, str], wanted: bool
) -> None:
    assert wants_colour(stream, environ) is wanted


def test_the_environment_reaches_the_scan(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = str(TESTS.parent / "samples" / "calls_system.pkl")
    shown = []
    for force in ("", "1"):
        monkeypatch.setenv("FORCE_COLOR", force)
        monkeypatch.delenv("NO_COLOR", raising=False)
        assert main(["scan", "--format", "concise", sample]) == 1
        shown.append(capsys.readouterr().out.splitlines()[0])
    assert "\x1b" not in shown[0]
    assert shown[1].startswith("\x1b[1;31mmalicious")
