"""`dryload disasm` lists what pickletools lists."""

from __future__ import annotations

import pickletools
from pathlib import Path

import pytest

from dryload.cli.main import main
from dryload.scanner import scan


def test_every_instruction_is_listed_with_offset_and_name(
    tmp_path: Path, evil: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "evil.pkl"
    path.write_bytes(evil)
    assert main(["disasm", str(path)]) == 0
    title, *rows = capsys.readouterr().out.splitlines()
    assert title.startswith("part 0: pickle")
    listed = [(int(row[:4], 16), row[13:].split()[0]) for row in rows]
    assert listed == [(offset, opcode.name) for opcode, _, offset in pickletools.genops(evil)]


def test_around_shows_the_neighbourhood_of_an_offset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = b"\x80\x02(" + b"K\x01" * 500 + b"t."
    path = tmp_path / "long.pkl"
    path.write_bytes(long)
    assert main(["disasm", str(path), "--around", "0x67"]) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert 10 < len(rows) < 50
    assert any(row.startswith("0067|") for row in rows)


def test_a_part_that_is_not_there_lists_nothing(
    tmp_path: Path, plain: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plain.pkl"
    path.write_bytes(plain)
    assert scan(path).ok
    assert main(["disasm", str(path), "--part", "7"]) == 0
    assert capsys.readouterr().out == "no pickle instructions there\n"


def test_a_missing_file_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["disasm", str(tmp_path / "gone.pkl")]) == 2
    assert "gone.pkl" in capsys.readouterr().err
