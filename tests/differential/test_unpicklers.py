"""The promise from outside: what real unpicklers ask for is what was reported, or the verdict is not inert.

The seeds are what `pickle.dumps` writes; the mutants are made of them with a fixed seed. DRYLOAD_BUDGET sets
how many are tried, DRYLOAD_SEED where they begin; the number is printed (`pytest -s`). Pickles that no
pickler writes are the business of `tests/property/test_oracles.py`.
"""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import fractions
import os
import pathlib
import pickle
import types
import uuid

import pytest

from dryload import Policy, Verdict, scan
from dryload.fuzzing import ask, disagreements, mutate_pickle, unreported, untold
from dryload.fuzzing.oracles import reported

BUDGET = int(os.environ.get("DRYLOAD_BUDGET", "20000"))
SEED = int(os.environ.get("DRYLOAD_SEED", "20260101"))


def _self_referring() -> list[object]:
    loop: list[object] = [1]
    loop.append(loop)
    return loop


VALUES: dict[str, object] = {
    "numbers": [0, -1, 255, 65536, 2**31, -(2**63), 2**70, 1.5, float("inf"), True, False, None],
    "texts": ["", "a", "é☃", "\ud800", "back\\slash", "x" * 300, b"", b"\xff" * 300, bytearray(b"ab")],
    "containers": {"a": [1, (2, 3), {4}, frozenset({5})], (1, 2): {}},
    "shared": [["twice"]] * 2,
    "loop": _self_referring(),
    "ordered": collections.OrderedDict(a=1, b=collections.Counter("aab")),
    "defaultdict": collections.defaultdict(list, {"a": [1]}),
    "deque": collections.deque([1, 2], 4),
    "dates": [
        datetime.datetime(2020, 1, 2, 3, tzinfo=datetime.UTC),
        datetime.date(2020, 1, 2),
        datetime.timedelta(1),
    ],
    "exact": [decimal.Decimal("1.5"), fractions.Fraction(1, 3), complex(1, -2), range(3), slice(1, 2)],
    "objects": types.SimpleNamespace(name="n", inner=types.SimpleNamespace()),
    "uuid": uuid.UUID(int=1),
    "path": pathlib.PurePosixPath("a/b"),
    "array": array.array("i", [1, 2]),
    "many": [{"key": i, "value": str(i)} for i in range(40)],
}
SEEDS = {
    f"{name}, protocol {protocol}": pickle.dumps(value, protocol)
    for name, value in VALUES.items()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
}


# Pieces that were of use to somebody.
HOSTILE = [
    b"(", b"0", b"1", b"2", b"t", b")", b"l", b"d", b"e", b"u", b"a", b"s", b"b", b"R", b"\x81", b"\x92",
    b"o", b"\x85", b"\x86", b"\x87", b"\x90", b"\x91", b"\x94", b"\x93", b"Q", b"\x97", b"\x98", b".",
    b"\x8f", b"N", b"\x88", b"]", b"}", b"K\x01", b"I0x1\n", b"I01\n", b"I010\n", b"L1L\n", b"L1\x00zz\n",
    b"F1.5\n", b"\x80\x00", b"\x80\x02", b"\x80\x04", b"\x80\x05", b"\x95\x00\x00\x00\x00\x00\x00\x00\x00",
    b"\x95\x04\x00\x00\x00\x00\x00\x00\x00", b"\x95\x09\x00\x00\x00\x00\x00\x00\x00",
    b"\x95\x40\x00\x00\x00\x00\x00\x00\x00", b"cverymod\nsecret\n", b"ccopy_reg\n_reconstructor\n",
    b"c__builtin__\nset\n", b"ccollections\nOrderedDict\n", b"(iverymod\nsecret\n",
    b"\x8c\x07verymod\x8c\x06secret\x93", b"Vverymod\nVsecret\n\x93", b"S'verymod'\n", b"S'a\\x5cb'\n",
    b"U\x03abc", b"X\x03\x00\x00\x00abc", b"V\\u005f_x\n", b"q\x00", b"q\x01", b"h\x00", b"h\x01", b"p0\n",
    b"p1\n", b"p007\n", b"g0\n", b"g00\n", b"g1\n", b"g 1\n", b"r\x00\x00\x01\x00", b"j\x00\x00\x01\x00",
    b"j\x01\x00\x00\x00", b"B\x05\x00\x00\x00", b"C\x03", b"\x82\x01", b"Pabc\n", b"P\n", b"\x8a\x00",
    b"\x8a\x01\xff", b"T\x02\x00\x00\x00ab", b"\x8c\x00", b"\n", b"\x00",
]  # fmt: skip


@pytest.mark.parametrize("name", SEEDS)
def test_what_picklers_write_is_inert_and_asks_for_exactly_what_is_reported(name: str) -> None:
    data = SEEDS[name]
    report = scan(data)
    assert report.verdict is Verdict.INERT, [finding.message for finding in report.findings]
    asked = ask(data)
    # A str of protocols 0 to 2 is a name, too: reading texts as bytes breaks on the way.
    whole = [one for one in asked if not one.error]
    assert {one.reader for one in asked} - {one.reader for one in whole} <= {
        "C from bytes, as bytes",
        "Python from a raw file, as bytes",
    }
    for one in whole:
        assert set(one.names) == reported(report), one.reader
    assert not disagreements(data, report, asked=asked)


def test_mutants_of_what_picklers_write_ask_for_what_is_told() -> None:
    """Unknown and denied names count as well: a name must be told before it can be judged."""
    seeds = list(SEEDS.values())
    policy = Policy.default()
    inert = read = 0
    count = BUDGET // 4
    for number in range(SEED, SEED + count):
        data = mutate_pickle(number, seeds[number % len(seeds)], seeds[number * 7919 % len(seeds)])
        report, asked = scan(data, policy=policy), ask(data)
        inert += report.verdict is Verdict.INERT
        read += not asked[0].error
        assert not unreported(data, report, asked=asked), data
        assert not disagreements(data, report, asked=asked), data
        assert not untold(data, policy=policy, asked=asked), data
    print(f"global oracle: {count} mutants, {inert} of them inert, {read} read to the end")
    assert inert > count // 20


@pytest.mark.parametrize("snippet", sorted(set(HOSTILE)), ids=repr)
def test_a_hostile_piece_before_an_import_does_not_hide_it(snippet: bytes) -> None:
    evil = b"cverymod\nsecret\n0N."
    for data in (
        snippet + evil,
        b"\x80\x02" + snippet + evil,
        b"\x80\x04]" + snippet + evil,
        b"N(" + snippet + evil,
    ):
        if any(("verymod", "secret") in one.names for one in ask(data)):
            report = scan(data, name="model.pkl")
            assert report.verdict is not Verdict.INERT, data
            assert ("verymod", "secret") in reported(scan(data)) or report.verdict is Verdict.INVALID, data
