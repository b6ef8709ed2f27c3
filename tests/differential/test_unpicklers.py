"""The promise from outside: what real unpicklers ask for is what was reported, or the verdict is not inert.

The seeds are what `pickle.dumps` writes; the mutants are made of them with a fixed seed. DRYLOAD_BUDGET sets
how many are tried, DRYLOAD_SEED where they begin; the number is printed (`pytest -s`).
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
import random
import types
import uuid

import pytest

from dryload import Policy, Verdict, scan
from dryload._native import scan_bytes
from tests.differential.oracles import HOSTILE, Name, ask_all, mutate, pieces

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


def reported(data: bytes) -> set[Name]:
    """The names that the scan saw imported, on whatever side of the policy."""
    record = scan_bytes(data, None, Policy.default().names, None)
    return {(row["module"], row["qualname"]) for part in record.parts() for row in part["imports"]}


@pytest.mark.parametrize("name", SEEDS)
def test_what_picklers_write_is_inert_and_asks_for_exactly_what_is_reported(name: str) -> None:
    data = SEEDS[name]
    report = scan(data)
    assert report.verdict is Verdict.INERT, [finding.message for finding in report.findings]
    witnesses = ask_all(data)
    # A str of protocols 0 to 2 is a name, too: reading texts as bytes breaks on the way.
    whole = {label: witness for label, witness in witnesses.items() if not witness.error}
    assert {"C from bytes", "C from a file", "C from a raw file", "Python from bytes"} <= whole.keys()
    for label, witness in whole.items():
        assert set(witness.names) == reported(data), label


def test_no_mutant_that_is_called_inert_asks_for_more_than_is_reported() -> None:
    rng = random.Random(SEED)
    seeds = list(SEEDS.values())
    cut = [pieces(seed) for seed in seeds]
    policy = Policy.default()
    tried = inert = 0
    for _ in range(BUDGET):
        data = mutate(rng, seeds, cut)
        tried += 1
        if scan(data, policy=policy).verdict is not Verdict.INERT:
            continue
        inert += 1
        known = reported(data)
        for label, witness in ask_all(data).items():
            assert set(witness.names) <= known, (label, data)
    print(f"global oracle: {tried} mutants, {inert} of them inert")
    assert inert > tried // 100


def test_a_mutant_without_a_defect_asks_for_what_is_reported_whatever_the_verdict() -> None:
    """Unknown and denied names count as well: a name must be told before it can be judged."""
    rng = random.Random(SEED + 1)
    seeds = list(SEEDS.values())
    cut = [pieces(seed) for seed in seeds]
    names = Policy.default().names
    tried = sound = 0
    for _ in range(BUDGET // 4):
        data = mutate(rng, seeds, cut)
        tried += 1
        record = scan_bytes(data, "mutant.pkl", names, None)
        # Facts have no hyphen but for these two; everything else with one is a defect.
        codes = {row["code"] for row in record.observations()} - {"foreign-write", "dunder-state"}
        if not record.recognised or any("-" in code for code in codes):
            continue
        sound += 1
        known = {(row["module"], row["qualname"]) for part in record.parts() for row in part["imports"]}
        for label, witness in ask_all(data).items():
            assert set(witness.names) <= known, (label, data)
    print(f"global oracle: {tried} mutants, {sound} of them without a defect")
    assert sound > tried // 100


@pytest.mark.parametrize("snippet", sorted(set(HOSTILE)), ids=repr)
def test_a_hostile_piece_before_an_import_does_not_hide_it(snippet: bytes) -> None:
    evil = b"cverymod\nsecret\n0N."
    for data in (
        snippet + evil,
        b"\x80\x02" + snippet + evil,
        b"\x80\x04]" + snippet + evil,
        b"N(" + snippet + evil,
    ):
        if any(("verymod", "secret") in witness.names for witness in ask_all(data).values()):
            report = scan(data, name="model.pkl")
            assert report.verdict is not Verdict.INERT, data
            assert ("verymod", "secret") in reported(data) or report.verdict is Verdict.INVALID, data
