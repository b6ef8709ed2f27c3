"""`dryload diff` says in what two files differ, and by its exit code whether they do."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from dryload.cli.main import main
from tests.build import safetensors, tensor

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def changes(first: bytes, second: bytes, capsys: Captured) -> set[tuple[str, str, str]]:
    """Gives kind, change and name of what differs between two files that do."""
    Path("a").write_bytes(first)
    Path("b").write_bytes(second)
    assert main(["diff", "a", "b", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "dryload.diff/1"
    assert document["same"] is False
    at = document["first_difference"]
    assert first[:at] == second[:at]
    assert first[at : at + 1] != second[at : at + 1]
    return {(each["kind"], each["change"], each["name"]) for each in document["differences"]}


def npz(compression: int = zipfile.ZIP_STORED, **arrays: np.ndarray) -> bytes:  # type: ignore[type-arg]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue(), compression)
    return stream.getvalue()


def test_the_same_bytes_are_no_difference(plain: bytes, capsys: Captured) -> None:
    Path("a").write_bytes(plain)
    Path("b").write_bytes(plain)
    assert main(["diff", "a", "b"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "no difference: all bytes are the same"
    assert main(["diff", "a", "b", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["differences"] == []


def test_tensors_of_safetensors_are_told_as_added_removed_or_changed(capsys: Captured) -> None:
    same, old, new = tensor("U8", [4], 0, 4), tensor("U8", [4], 4, 8), tensor("I8", [4], 4, 8)
    first = safetensors({"same": same, "kind": old, "gone": tensor("U8", [2], 8, 10)}, bytes(10))
    second = safetensors({"same": same, "kind": new, "come": tensor("U8", [2], 8, 10)}, bytes(10))
    assert changes(first, second, capsys) == {
        ("tensor", "changed", "kind"),
        ("tensor", "removed", "gone"),
        ("tensor", "added", "come"),
    }


def test_a_tensor_of_other_bytes_is_told_wherever_it_stands(capsys: Captured) -> None:
    first = safetensors({"a": tensor("U8", [2], 0, 2), "b": tensor("U8", [2], 2, 4)}, b"\1\2\3\4")
    moved = safetensors({"b": tensor("U8", [2], 0, 2), "a": tensor("U8", [2], 2, 4)}, b"\3\5\1\2")
    assert changes(first, moved, capsys) == {("tensor", "changed", "b")}


def test_arrays_of_npz_are_tensors_and_a_compressed_one_has_a_checksum(capsys: Captured) -> None:
    zero, one = np.zeros(4), np.ones(4)
    assert changes(npz(w=zero, v=zero), npz(w=one, v=zero), capsys) == {("tensor", "changed", "w")}
    assert changes(npz(w=zero), npz(w=zero.astype("f4")), capsys) == {("tensor", "changed", "w")}
    packed = npz(zipfile.ZIP_DEFLATED, w=zero), npz(zipfile.ZIP_DEFLATED, w=one)
    assert changes(*packed, capsys) == {("member", "changed", "w.npy")}


def test_members_of_an_archive_are_told(capsys: Captured) -> None:
    def packed(**members: bytes) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, data in members.items():
                archive.writestr(zipfile.ZipInfo(name), data)
        return stream.getvalue()

    first, second = packed(a=b"one", b=b"two", c=b"same"), packed(a=b"ONE", d=b"four", c=b"same")
    assert changes(first, second, capsys) == {
        ("member", "changed", "a"),
        ("member", "removed", "b"),
        ("member", "added", "d"),
    }
    # The checksums of a forged archive may agree although the bytes do not.
    forged = first.replace(b"one", b"OOO", 1)
    assert changes(first, forged, capsys) == {("member", "changed", "a")}


def test_imports_and_calls_are_told(evil: bytes, plain: bytes, capsys: Captured) -> None:
    found = changes(plain, evil, capsys)
    assert {(kind, change) for kind, change, _ in found} == {("import", "added"), ("call", "added")}
    assert any(name.endswith(".system('true')") for _, _, name in found)


def test_a_difference_in_nothing_that_is_listed_is_told(plain: bytes, capsys: Captured) -> None:
    Path("a").write_bytes(plain)
    Path("b").write_bytes(plain.replace(b"weights", b"heights"))
    assert main(["diff", "a", "b"]) == 1
    text = " ".join(capsys.readouterr().out.split())
    assert text.endswith(
        f"bytes differ from {plain.index(b'weights'):#x} on, and no tensor, member, import or call does"
    )


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_a_file_that_cannot_be_read_is_trouble(kind: str, plain: bytes, capsys: Captured) -> None:
    Path("a").write_bytes(plain)
    if kind == "folder":
        Path("b").mkdir()
    if kind == "pipe":
        os.mkfifo("b")
    assert main(["diff", "a", "b"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "'b'" in captured.err


def test_broken_archives_are_compared_as_far_as_they_go(capsys: Captured) -> None:
    whole = npz(w=np.zeros(4))
    for length in range(0, len(whole), 7):
        Path("a").write_bytes(whole)
        Path("b").write_bytes(whole[:length])
        assert main(["diff", "a", "b"]) == 1


def test_what_a_file_says_is_made_safe_and_fits_80_columns(capsys: Captured) -> None:
    name = "a\x1b[2K\u202e::error::" + "x" * 200
    Path("a").write_bytes(safetensors({name: tensor("U8", [1], 0, 1)}, bytes(1)))
    Path("b").write_bytes(safetensors({}, b""))
    for words in ([], ["--format", "json"]):
        assert main(["diff", "a", "b", *words]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert all(line.isprintable() for line in lines)
        assert words or all(len(line) <= 80 for line in lines)
