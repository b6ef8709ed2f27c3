"""`dryload disasm` lists what pickletools lists, and says what each instruction does."""

from __future__ import annotations

import pickletools
from pathlib import Path

import pytest

from dryload.cli.main import main
from dryload.scanner import scan

DATA = Path(__file__).parents[1] / "data"


def test_every_instruction_is_listed_with_offset_and_name(
    tmp_path: Path, evil: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "evil.pkl"
    path.write_bytes(evil)
    assert main(["disasm", str(path)]) == 0
    title, *rows = capsys.readouterr().out.splitlines()
    assert title.startswith("part 0: pickle")
    listed = [(int(row[:4], 16), row[17:].split()[0]) for row in rows if row[0] != " "]
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


def listed(capsys: pytest.CaptureFixture[str], *words: object) -> list[str]:
    """Gives the lines of a listing without its title."""
    assert main(["disasm", *map(str, words)]) == 0
    return capsys.readouterr().out.splitlines()[1:]


def test_a_row_has_the_depth_of_the_stack_and_the_call_that_it_makes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "calls.pkl"
    path.write_bytes(b"cposix\nsystem\n(Vtrue\ntR.")
    assert [(row[5:8].strip(), row.partition("→ ")[2]) for row in listed(capsys, path)] == [
        ("1", ""),
        ("2", ""),
        ("3", ""),
        ("2", ""),
        ("1", "posix.system('true')"),
        ("0", "posix.system('true')"),
    ]


def test_fold_hides_memo_opcodes_and_the_middle_of_plain_data(
    tmp_path: Path, evil: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "long.pkl"
    path.write_bytes(b"\x80\x02(" + b"K\x01" * 500 + b"tq\x00.")
    rows = listed(capsys, path, "--fold")
    assert "    |  … 496 instructions of plain data" in rows
    assert "    |  1 memo opcode hidden" in rows
    assert len(rows) == 10
    path.write_bytes(evil)
    folded = "\n".join(listed(capsys, path, "--fold"))
    assert "REDUCE" in folded
    assert "MEMOIZE" not in folded


def test_python_shows_imports_and_calls_as_statements_and_never_runs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls.pkl").write_bytes(b"}X\x01\x00\x00\x00xcposix\nsystem\n(Vtouch ran\ntRs.")
    rows = listed(capsys, "calls.pkl", "--python")
    assert [tuple(row.rsplit("  ", 1)) for row in rows] == [
        ("from posix import system".ljust(56), "# 0x7"),
        ("v0 = system('touch ran')".ljust(56), "# 0x22"),
        ("root = {'x': v0}".ljust(56), "# 0x24"),
    ]
    assert not (tmp_path / "ran").exists()


def test_python_gives_names_that_no_code_can_have_as_strings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "names.pkl"
    path.write_bytes(b"ca\x1b[2Kb\nc d\n)R.")
    rows = listed(capsys, path, "--python")
    assert rows[0].startswith("v0 = find_class('a\\x1b[2Kb', 'c d')")
    assert rows[1].startswith("v1 = v0()")


def test_two_names_that_are_spelled_alike_stay_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "alike.pkl"
    path.write_bytes(b"ca\nv0\n)R0cb\nv0\n)R0cb\nv0\n.")
    assert [row.partition("  ")[0] for row in listed(capsys, path, "--python")] == [
        "from a import v0",
        "v1 = v0()",
        "from b import v0 as v0_",
        "v2 = v0_()",
        "root = v0_",
    ]


@pytest.mark.parametrize("words", [[], ["--fold"], ["--python"], ["--around", "0"]], ids=str)
def test_every_line_of_every_pickle_of_the_corpus_fits_80_columns_and_is_printable(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for path in sorted((DATA / "evasions").iterdir()):
        assert main(["disasm", str(path), *words]) == 0
        for line in capsys.readouterr().out.splitlines():
            assert len(line) <= 80, (path, line)
            assert line.isprintable()
