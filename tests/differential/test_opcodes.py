"""The opcode table, the disassembly and the Python-2 names against CPython's own."""

from __future__ import annotations

import _compat_pickle
import importlib
import pickletools

import pytest

from dryload import Policy
from dryload._native import opcodes, trace_bytes
from tests.differential.test_unpicklers import SEEDS

THEIRS = {ord(opcode.code): opcode for opcode in pickletools.opcodes}


def test_every_opcode_has_the_name_and_the_protocol_of_pickletools() -> None:
    ours = {code: (name, protocol) for code, name, protocol, _ in opcodes()}
    assert ours == {code: (opcode.name, opcode.proto) for code, opcode in THEIRS.items()}


@pytest.mark.parametrize("row", opcodes(), ids=lambda row: row[1])
def test_every_argument_is_of_the_kind_of_pickletools(row: tuple[int, str, int, str]) -> None:
    code, _, _, kind = row
    theirs = THEIRS[code].arg
    if theirs is None:
        assert kind == "none"
        return
    # Ours names the width of the length; what is counted, the opcode says.
    counted = {
        "bytes4": "counted4",
        "unicodestring4": "counted4",
        "bytes8": "counted8",
        "unicodestring8": "counted8",
        "bytearray8": "counted8",
    }
    lines = {"decimalnl_short": "decimalnl", "decimalnl_long": "decimalnl"}
    accepted = {theirs.name, counted.get(theirs.name), lines.get(theirs.name)}
    assert kind in accepted, (kind, theirs.name)


@pytest.mark.parametrize("name", SEEDS)
def test_the_disassembly_of_what_picklers_write_is_that_of_pickletools(name: str) -> None:
    data = SEEDS[name]
    rows = trace_bytes(data, None, Policy.default().names, None, None, 0, 0)
    ours = [(row["offset"], row["code"], row["name"]) for row in rows]
    theirs = [(pos, ord(opcode.code), opcode.name) for opcode, _, pos in pickletools.genops(data)]
    assert ours == theirs


def test_names_of_python_2_are_mapped_as_fix_imports_does() -> None:
    # The extension has this table for tests alone: `_native` does not pass it on.
    rows = importlib.import_module("dryload._core").compat_names()
    names = {(old, name): (new, moved) for old, name, new, moved in rows if name}
    modules = {old: new for old, name, new, _ in rows if not name}
    assert names == _compat_pickle.NAME_MAPPING
    # Python 3.13 has no tkinter.tix any more, and does not map to it.
    assert modules == {"Tix": "tkinter.tix"} | _compat_pickle.IMPORT_MAPPING
