"""The stack that `dryload disasm` shows is the stack that pickletools counts, and no opcode is missing."""

from __future__ import annotations

import os
import pickle
import pickletools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dryload._native import opcodes
from dryload.fuzzing import generate_pickle
from dryload.outputs.followed import Follower
from dryload.scanner import trace
from tests.build import pkasm

BUDGET = int(os.environ.get("DRYLOAD_BUDGET", "20000")) // 10
SEED = int(os.environ.get("DRYLOAD_SEED", "20260101"))
DATA = Path(__file__).parents[1] / "data"


def counted(data: bytes) -> Iterator[tuple[int, str, int]]:
    """Gives offset, name and stack depth after each opcode, by the table of pickletools."""
    stack: list[object] = []
    for opcode, _, offset in pickletools.genops(data):
        before = opcode.stack_before
        if pickletools.markobject in before or (
            opcode.name == "POP" and stack and stack[-1] is pickletools.markobject
        ):
            if opcode.name == "POP":
                stack.pop()
                yield offset, opcode.name, len(stack)
                continue
            index = max(at for at, kind in enumerate(stack) if kind is pickletools.markobject)
            # What stands before the mark in the table is taken from under it.
            del stack[index - before.index(pickletools.markobject) :]
        elif before:
            assert len(stack) >= len(before)
            del stack[-len(before) :]
        stack += opcode.stack_after
        yield offset, opcode.name, len(stack)


def followed(data: bytes) -> Iterator[tuple[int, str, int | None]]:
    """Gives the same as dryload follows it."""
    follower = Follower(())
    for row in trace(data, name="x.pkl"):
        follower.step(row)
        yield row.offset, row.name, follower.depth


ALL_OPCODES = [
    b"(I1\nI01\nL2L\nF1.5\nS'a'\nVb\nN(K\x01M\x01\x00J\x01\x00\x00\x00G\x3f\xf0\x00\x00\x00\x00\x00\x00l0t.",
    b"(T\x01\x00\x00\x00aU\x01bX\x01\x00\x00\x00c\x8a\x01\x05\x8b\x01\x00\x00\x00\x05\x88\x89t.",
    b"(B\x01\x00\x00\x00aC\x01b\x8c\x01c\x8d\x01\x00\x00\x00\x00\x00\x00\x00d"
    b"\x8e\x01\x00\x00\x00\x00\x00\x00\x00e\x96\x01\x00\x00\x00\x00\x00\x00\x00ft.",
    b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00}\x94(K\x01K\x02uK\x03K\x04s.",
    b"](K\x01K\x02eK\x03a\x8f(K\x01\x90(K\x01\x91\x870N.",
    b"(dq\x00r\x01\x00\x00\x00p2\ng2\nh\x00j\x01\x00\x00\x00\x87.",
    b"(1(0)2\x862\x850N.",
    b"ca\nb\n)R0(K\x01ia\nb\n0(ca\nb\nK\x01o0ca\nb\n)\x810ca\nb\n)}\x92}b0\x8c\x01a\x8c\x01b\x93.",
    b"Pid\nK\x01Q\x82\x01\x83\x01\x00\x84\x01\x00\x00\x00\x97\x98\x870N.",
]


def test_the_handmade_pickles_have_all_opcodes() -> None:
    met = {row.name for data in ALL_OPCODES for row in trace(data, name="x.pkl")}
    assert met == {name for _, name, _, _ in opcodes()}
    assert len(met) == 68


@pytest.mark.parametrize("data", ALL_OPCODES)
def test_each_opcode_moves_the_stack_as_pickletools_says(data: bytes) -> None:
    assert list(followed(data))[: len(list(counted(data)))] == list(counted(data))


def test_generated_pickles_have_the_stack_that_pickletools_counts() -> None:
    compared = 0
    for seed in range(SEED, SEED + BUDGET):
        data = generate_pickle(seed)
        try:
            expected = list(counted(data))
        except (ValueError, AssertionError):
            continue  # pickletools reads less than unpicklers do
        compared += len(expected)
        assert list(followed(data))[: len(expected)] == expected, data
    print(f"compared: {compared} instructions of {BUDGET} pickles")
    assert compared > BUDGET * 10


@pytest.mark.parametrize("protocol", range(6))
def test_saved_objects_have_the_stack_that_pickletools_counts(protocol: int) -> None:
    value = {"a": [1, 2.5, None, True], "b": ({1, 2}, frozenset({3}), b"x", "é" * 300), "c": 2**80}
    for each in (value, np.arange(5), np.dtype("f8"), pickle.PicklingError("x", {1: value})):
        data = pickle.dumps(each, protocol)
        assert list(followed(data)) == list(counted(data))


def test_a_pickle_that_takes_too_much_is_followed_again_from_the_next_one() -> None:
    rows = list(followed(b"K\x01N.K\x01R.N."))
    assert rows[:3] == [(0, "BININT1", 1), (2, "NONE", 2), (3, "STOP", 1)]
    data = (DATA / "evasions" / "d01_inst.pkl").read_bytes()
    assert [depth for *_, depth in followed(data)][-1] == 0


def told(data: bytes) -> list[str]:
    """Gives what each instruction is said to do."""
    follower = Follower(())
    return [text for row in trace(data, name="x.pkl") if (text := follower.step(row))]


def test_a_call_is_shown_with_its_arguments() -> None:
    assert told(b"cposix\nsystem\nVtrue\n\x85R.")[0] == "→ posix.system('true')"
    assert told(b"(Vtrue\niposix\nsystem\n.")[0] == "→ posix.system('true')"
    assert told(b"(cposix\nsystem\nVtrue\no.")[0] == "→ posix.system('true')"
    assert told(b"\x80\x04ca\nb\n)}X\x01\x00\x00\x00kK\x01s\x92.")[0] == "→ a.b(**{'k': 1})"
    assert told(pkasm("SHORT_BINUNICODE 'a'\nSHORT_BINUNICODE 'b'\nSTACK_GLOBAL\nSTOP").data)[0] == "→ a.b"


def test_a_name_that_is_computed_is_no_name() -> None:
    data = (DATA / "evasions" / "b07_computed_name.pkl").read_bytes()
    assert "→ find_class(codecs.decode('cbfvk', 'rot13'), 'system')" in told(data)


def test_a_memo_is_read_back() -> None:
    assert told(b"\x80\x04K\x07\x94h\x00\x86.")[:2] == ["→ memo 0", "→ 7"]


def test_a_value_that_holds_itself_comes_to_an_end() -> None:
    assert told(b"]q\x00h\x00a.")[-1] == "→ [[[...]]]"


def test_text_of_a_file_is_made_safe() -> None:
    assert all(text.isprintable() for text in told(b"cmy\x1b[31m\nSca\xe2\x80\xaeler\nV\x1b[2K\n\x85R."))
