"""Every kind of source gets the same verdict; a broken file is a finding and a missing source an error."""

from __future__ import annotations

import io
import mmap
import tracemalloc
from pathlib import Path

import pytest

from dryload.bulk import scan_many
from dryload.errors import PolicyError, SourceError
from dryload.findings import Verdict
from dryload.scanner import COPIED, UNNAMED, scan, trace


def test_every_kind_of_source_gives_the_same_findings(tmp_path: Path, evil: bytes) -> None:
    path = tmp_path / "evil.pkl"
    path.write_bytes(evil)
    expected = [finding.to_dict() for finding in scan(path).findings]
    assert expected
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        for source in (str(path), evil, bytearray(evil), memoryview(evil), io.BytesIO(evil), file, mapped):
            assert [finding.to_dict() for finding in scan(source).findings] == expected


def test_a_raw_file_that_gives_less_than_asked_is_read_to_the_end(evil: bytes) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 3))

    assert scan(Slow(evil)).verdict is Verdict.MALICIOUS


def test_the_position_of_an_open_file_is_put_back(plain: bytes) -> None:
    file = io.BytesIO(plain)
    file.seek(3)
    assert scan(file).ok
    assert file.tell() == 3


def test_a_file_in_text_mode_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_text("(dp0\n.")
    with (tmp_path / "x.pkl").open() as file, pytest.raises(TypeError, match="binary"):
        scan(file)  # type: ignore[arg-type]


@pytest.mark.parametrize("source", [3, None, ["x"]])
def test_what_is_no_source_is_refused(source: object) -> None:
    with pytest.raises(TypeError):
        scan(source)  # type: ignore[arg-type]


def test_a_missing_path_and_a_folder_are_source_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.pt", tmp_path):
        with pytest.raises(SourceError) as caught:
            scan(path)
        assert caught.value.filename == str(path)


def test_names_are_what_the_report_is_called(plain: bytes) -> None:
    assert scan(plain).path == UNNAMED
    assert scan(plain, name="a.pkl").path == "a.pkl"


def test_an_unknown_limit_is_refused(plain: bytes) -> None:
    with pytest.raises(PolicyError, match="max_depth"):
        scan(plain, limits={"max_dept": 3})


def test_a_cut_pickle_is_inconclusive_and_still_tells_the_call_before_the_cut(
    plain: bytes, evil: bytes
) -> None:
    assert scan(plain[:-3]).verdict is Verdict.INCONCLUSIVE
    assert scan(evil[:-2]).verdict is Verdict.MALICIOUS


def test_one_finding_gathers_all_uses_of_an_unknown_name() -> None:
    twice = b"\x80\x02cmycorp.features\nScaler\n)\x81cmycorp.features\nScaler\n)\x81\x86."
    (finding,) = scan(twice).findings
    assert finding.rule == "pickle-unknown-name"
    assert finding.evidence["calls"] == 2
    assert '"mycorp.features:Scaler" = true' in finding.help


def test_a_folder_is_scanned_in_order_and_a_bad_file_does_not_stop_it(
    tmp_path: Path, plain: bytes, evil: bytes
) -> None:
    (tmp_path / "a.pkl").write_bytes(evil)
    (tmp_path / "b.pkl").write_bytes(b"")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "z.bin").write_bytes(evil)
    (tmp_path / "c.pkl").symlink_to(tmp_path / "gone.pkl")
    (tmp_path / "d.pkl").write_bytes(plain)
    (tmp_path / "README").write_text("hello")
    reports = {Path(report.path).name: report for report in scan_many(tmp_path, jobs=2)}
    assert {name: report.verdict.value for name, report in reports.items() if not report.ignored} == {
        "z.bin": "malicious",
        "a.pkl": "malicious",
        "b.pkl": "inconclusive",
        "c.pkl": "inconclusive",
        "d.pkl": "inert",
    }
    assert reports["README"].ignored
    assert [finding.rule for finding in reports["c.pkl"].findings] == ["scan-unreadable"]
    again = [report.path for report in scan_many([str(tmp_path)], jobs=1)]
    assert again == [report.path for report in reports.values()]


def test_a_file_that_was_named_is_never_ignored(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("hello")
    (report,) = scan_many([tmp_path / "README"])
    assert (report.ignored, report.verdict) == (False, Verdict.INCONCLUSIVE)


def test_a_trace_shows_the_instructions_around_an_offset(evil: bytes) -> None:
    everything = trace(evil)
    assert [row.name for row in everything][-1] == "STOP"
    (finding,) = scan(evil).findings
    (row,) = trace(evil, around=[(0, finding.span.start)])
    assert (row.name, row.offset) == ("REDUCE", finding.span.start)


def test_the_number_of_jobs_must_be_positive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="jobs"):
        next(scan_many(tmp_path, jobs=0))


class Shrinking(io.BytesIO):
    """A file that has no bytes left for a read that starts near its end."""

    def read(self, size: int | None = -1, /) -> bytes:
        return b"" if self.tell() > 150_000 else super().read(size)


def test_a_source_that_ends_early_keeps_what_was_seen_before() -> None:
    skipped = b"\x8e" + (150_000).to_bytes(8, "little") + bytes(150_000)
    # Neither the first byte nor the name says that it is a pickle.
    report = scan(Shrinking(b"cposix\nsystem\n(Vtrue\ntR0" + skipped + b"0N."), name="weights")
    assert [finding.rule for finding in report.findings] == ["pickle-dangerous-call", "scan-source-changed"]
    assert report.verdict is Verdict.MALICIOUS


def test_a_large_buffer_that_can_change_is_read_in_windows(evil: bytes) -> None:
    """What a bytearray says is what the same bytes say, and no second copy of it is held."""
    text = b"\x80\x02]" + b"(" + b"K\x01" * 2_000_000 + b"e."
    hidden = text[:-1] + b"0" + evil[2:]
    for data in (text, hidden, text[:-1], b"\x93NUMPY" + bytes(COPIED)):
        buffer = bytearray(data)
        tracemalloc.start()
        report = scan(buffer, name="m.pkl")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert report.to_dict() | {"bytes_read": 0} == scan(data, name="m.pkl").to_dict() | {"bytes_read": 0}
        assert peak < 1_000_000
        buffer.clear()  # No view of it is held.
