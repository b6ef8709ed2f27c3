"""`validate` and `inspect` on all crafted headers and on any bytes: an answer, never a traceback."""

from __future__ import annotations

import base64
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dryload import Report, Verdict, scan
from dryload.cli import inspect
from dryload.cli.main import main
from tests.build import npy, npy_header, safetensors, tensor
from tests.headers import FOLDER, framed, odd

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


def shown(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["inspect", "--format", "json", str(path)]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_an_array_has_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(npy(npy_header(), bytes(8)))
    main(["inspect", str(path)])
    row = capsys.readouterr().out.splitlines()[-1].split()
    assert row[1:] == ["array", "<f4", "2", "8"]
    assert int(row[0], 16) == path.stat().st_size - 8


ARRAYS = st.dictionaries(
    st.sampled_from(["w", "bias", "déjà", "a b"]),
    st.tuples(
        st.sampled_from(["<f4", ">i8", "|b1", "<U3", "<c8", "|S5", "<M8[ns]"]),
        st.lists(st.integers(0, 3), max_size=4),
        st.booleans(),
    ),
    min_size=1,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrays=ARRAYS, compressed=st.booleans())
def test_arrays_are_listed_as_numpy_loads_them(
    tmp_path: Path,
    arrays: dict[str, tuple[str, list[int], bool]],
    compressed: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    np = pytest.importorskip("numpy")
    path = tmp_path / "a.npz"
    saved = {
        name: np.zeros(shape, dtype, order="F" if fortran else "C")
        for name, (dtype, shape, fortran) in arrays.items()
    }
    (np.savez_compressed if compressed else np.savez)(path, **saved)
    rows = shown(path, capsys)["tensors"]
    data = path.read_bytes()
    with np.load(path) as loaded:
        assert [row["name"] for row in rows] == list(loaded)
        for row in rows:
            array = loaded[row["name"]]
            assert row["dtype"] == array.dtype.str
            assert tuple(row["shape"]) == array.shape
            assert row["bytes"] == array.nbytes
            assert row["fortran_order"] == (array.flags.fnc)
            if row["offset"] is not None:
                there = data[row["offset"] : row["offset"] + row["bytes"]]
                assert there == array.tobytes(order="A")
            assert (row["offset"] is None) == compressed


def test_a_structured_array_and_objects_have_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np = pytest.importorskip("numpy")
    path = tmp_path / "a.npz"
    np.savez(
        path, s=np.zeros(3, dtype=[("a", "<i4"), ("b", "<f8", (2,))]), o=np.array([None, 1], dtype=object)
    )
    structured, objects = shown(path, capsys)["tensors"]
    assert structured["dtype"] == "[('a', '<i4'), ('b', '<f8', (2,))]"
    assert structured["bytes"] == 60
    assert objects["dtype"] == "|O"
    main(["inspect", str(path)])
    out = capsys.readouterr().out
    assert "o.npy!object array  pickle" in out


def test_a_thousand_dimensions_are_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(
        npy("{'descr': '|b1', 'fortran_order': False, 'shape': (" + "1, " * 1000 + "), }\n", b"1")
    )
    (row,) = shown(path, capsys)["tensors"]
    assert row["shape"] == [1] * 64
    main(["inspect", "--all", str(path)])
    assert "1x1…" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "word"),
    [
        ("060_info_as_array", "not of the format"),
        ("061_dtype_as_map", "not of the format"),
        ("06b_info_array_long", "not read"),
        ("063_missing_dtype", "not read"),
        ("070_float_dim", '"shape": [2.0, 2]'),
    ],
)
def test_a_tensor_in_another_form_is_told(file: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = [path for path in HEADERS if path.stem == file]
    main(["inspect", str(path)])
    out = capsys.readouterr().out
    assert word in out
    assert "after the last tensor" not in out


def test_what_the_official_reader_takes_is_among_the_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    safetensors_library = pytest.importorskip("safetensors")
    rng = random.Random(20260104)
    path = tmp_path / "m.safetensors"
    taken = 0
    for _ in range(2000):
        data = odd(rng)
        try:
            rows = dict(safetensors_library.deserialize(data))
        except safetensors_library.SafetensorError:
            continue
        taken += 1
        path.write_bytes(data)
        document = shown(path, capsys)
        found = document["tensors"] + document["unread"]
        assert {row["name"] for row in found} == set(rows)
    assert taken > 20


def test_any_mutant_has_an_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.safetensors"
    for row in json.loads((FOLDER / "MUTANTS.json").read_text(encoding="utf-8")):
        path.write_bytes(base64.b64decode(row["data"]))
        assert main(["inspect", str(path)]) == 0
        assert shown(path, capsys)["path"] == str(path)


def test_a_header_that_nests_deep_has_an_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.safetensors"
    for depth in (*range(300, 1100, 50), 100_000):
        path.write_bytes(framed(b'{"a":' + b"[" * depth + b"]" * depth + b"}"))
        assert main(["inspect", str(path)]) == 0
    capsys.readouterr()


def test_the_path_is_opened_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(safetensors({"first": tensor("U8", [0], 0, 0)}))
    scanned = inspect.scan

    def then_replaced(*args: Any, **options: Any) -> Report:
        report = scanned(*args, **options)
        other = tmp_path / "other"
        other.write_bytes(safetensors({"second": tensor("U8", [0], 0, 0)}))
        other.replace(path)
        return report

    monkeypatch.setattr(inspect, "scan", then_replaced)
    assert [row["name"] for row in shown(path, capsys)["tensors"]] == ["first"]


def test_a_pipe_is_no_file_and_nobody_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "m.safetensors")
    assert main(["inspect", str(tmp_path / "m.safetensors")]) == 2
    assert main(["inspect", str(tmp_path)]) == 2
    assert main(["inspect", "a\0b"]) == 2
    capsys.readouterr()


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
