"""`validate` and `inspect` on all crafted headers and on any bytes: an answer, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dryload import Verdict, scan
from dryload.cli.main import main
from tests.build import npy, npy_header, safetensors, tensor

HEADERS = sorted((Path(__file__).parent.parent / "data" / "headers").glob("*.safetensors"))
CODES = {Verdict.INERT: 0, Verdict.INCONCLUSIVE: 3}


@pytest.mark.parametrize("path", HEADERS, ids=lambda path: path.stem)
def test_the_exit_code_of_validate_is_that_of_the_verdict(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Where a file is another one as well, the policy has a say in its verdict.
    expected = CODES.get(scan(path).verdict, 1)
    assert main(["validate", str(path)]) == expected
    assert main(["validate", "--format", "json", str(path)]) == expected
    capsys.readouterr()
    assert main(["inspect", str(path)]) == 0
    assert path.name in capsys.readouterr().out
    assert main(["inspect", "--format", "json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "dryload.inspect/1"


def test_holes_and_overlaps_stand_between_the_tensors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.safetensors"
    header = {
        "__metadata__": {"k\x1b": "v"},
        "b": tensor("U8", [2, 2], 8, 12),
        "a": tensor("U8", [4], 0, 4),
        "c": tensor("F32", [], 10, 14),
    }
    path.write_bytes(safetensors(header, bytes(16)))
    main(["inspect", str(path)])
    lines = capsys.readouterr().out.splitlines()
    assert [" ".join(line.split()[1:]) for line in lines[4:10]] == [
        "a U8 4 4",
        "gap, 4 bytes",
        "b U8 2x2 4",
        "overlap, 2 bytes",
        "c F32 scalar 4",
        "after the last tensor, 2 bytes",
    ]
    assert "\x1b" not in "".join(lines)
    assert "safetensors-offset-gap" in lines[10]


def test_a_table_is_cut_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(safetensors({f"t{i}": tensor("U8", [0], 0, 0) for i in range(100)}))
    main(["inspect", str(path)])
    assert "60 tensors more: --all" in capsys.readouterr().out
    main(["inspect", "--all", str(path)])
    assert len(capsys.readouterr().out.splitlines()) == 103


def test_a_pickle_is_valid_whatever_it_would_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"cposix\nsystem\n(Vtrue\ntR.")
    assert main(["validate", str(path)]) == 0
    assert capsys.readouterr().out.startswith("valid ")
    main(["inspect", str(path)])
    assert "imports posix.system" in capsys.readouterr().out


def test_the_header_of_an_array_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(npy(npy_header(), bytes(8)))
    main(["inspect", str(path)])
    assert "'shape': (2,)" in capsys.readouterr().out


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=80), name=st.sampled_from(["a.safetensors", "a.npy", "a.pkl", "a"]))
def test_any_bytes_have_an_answer(
    tmp_path: Path, data: bytes, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert main(["inspect", str(path)]) == 0
    assert main(["validate", str(path)]) in (0, 1, 3)
    path.write_bytes(len(data).to_bytes(8, "little") + data)
    assert main(["inspect", str(path)]) == 0
    capsys.readouterr()


def test_what_is_not_there_is_a_mistake_in_the_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "missing"]) == 2
    assert main(["validate", "missing"]) == 2
    assert "missing" in capsys.readouterr().err
