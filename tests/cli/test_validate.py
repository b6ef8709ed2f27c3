"""`validate` says valid of nothing that was not judged to its end, in lines that fit a terminal."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dryload import scan
from dryload.cli.main import main
from tests.headers import crafted, verdicts

FILES = [str(row["file"]) for row in verdicts()]
# More serious findings than a part has room for, and a defect behind them.
MANY = b"\x80\x02" + b"cposix\nsystem\n(Vtrue\ntR0" * 1500


@pytest.mark.parametrize("file", FILES)
def test_concise_has_a_line_for_each_defect_of_json(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / file
    path.write_bytes(crafted(file))
    code = main(["validate", "--format", "json", str(path)])
    (row,) = json.loads(capsys.readouterr().out)["files"]
    assert main(["validate", "--format", "concise", str(path)]) == code
    lines = capsys.readouterr().out.splitlines()
    if row["defects"]:
        assert [re.split(r"  |: ", line.split("@", 1)[1])[:2] for line in lines] == [
            [f"{defect['span'][0]:#x}", defect["rule"]] for defect in row["defects"]
        ]
    else:
        (line,) = lines
        assert line.startswith("valid " if row["valid"] else "inconclusive ")


def test_concise_tells_valid_files_only_where_they_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.pkl").write_bytes(b"N.")
    assert main(["validate", "--format", "concise", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["validate", "--format", "concise", str(tmp_path / "a.pkl")]) == 0
    assert capsys.readouterr().out.startswith("valid ")


@pytest.mark.parametrize("end", [b"N.", b"N.trailing"])
def test_a_file_with_findings_past_the_limit_is_not_valid(
    end: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(MANY + end)
    assert sum(part.dropped for part in scan(path).parts) > 0
    assert main(["validate", str(path)]) == 3
    assert capsys.readouterr().out.startswith("inconclusive ")
    assert main(["validate", "--format", "concise", str(path)]) == 3
    assert "beyond the limit" in capsys.readouterr().out
    assert main(["validate", "--format", "json", str(path)]) == 3
    (row,) = json.loads(capsys.readouterr().out)["files"]
    assert not row["valid"]
    assert row["dropped"] > 0


@pytest.mark.parametrize("command", ["validate", "inspect"])
def test_text_is_wrapped(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in FILES:
        path = tmp_path / file
        path.write_bytes(crafted(file))
        main([command, str(path)])
        path.unlink()
    lines = capsys.readouterr().out.splitlines()
    # Paths and rows of tables stand on one line; a word that is longer than a line as well.
    told = [line for line in lines if re.match(r"    \w.*safetensors-\S*:|  +@|       ", line)]
    assert len(told) > 100
    assert [line for line in told if len(line) > 80 and " " in line[60:].strip()] == []
