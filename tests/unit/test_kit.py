"""The kit for fuzzing: what it calls valid is read by the readers, and each fault makes its rule speak."""

from __future__ import annotations

import collections
import copyreg
import io
import pickle
import pickletools
import zipfile
from typing import Any

import numpy
import pytest
from safetensors import deserialize

from dryload import Verdict, scan
from dryload._native import crossover, defects, faults, formats, generate, minimize, mutate, valid_pickle
from dryload.fuzzing import _canary
from dryload.fuzzing.inputs import LONG
from dryload.rules.catalogue import catalogue

NAMES = {"npy": "a.npy", "pickle": "m.pkl", "safetensors": "a.safetensors", "torch": "m.pt", "zip": "m.zip"}
ALL = [(format, slug) for format in NAMES for slug in faults(format)]

# Faults that another one comes with: a hundred thousand entries make a long header, and what a broken entry
# would list is listed by nobody.
IMPLIED = {
    "safetensors-many-empty": {"safetensors-large-header"},
    "zip-bad-entry": {"zip-member-gap"},
}


@pytest.mark.parametrize(("format", "slug"), ALL)
def test_each_fault_makes_its_rule_speak_and_no_other(format: str, slug: str) -> None:
    limits = {"max_checksum_bytes": 1 << 20} if slug == "zip-bad-checksum" else None
    for seed in range(1 if slug in LONG else 40):
        report = scan(generate(format, seed, slug), name=NAMES[format], limits=limits)
        rules = {finding.rule for finding in report.findings}
        assert rules - IMPLIED.get(slug, set()) == {slug}, (seed, rules)


def test_faults_are_slugs_of_rules_and_those_that_cannot_be_made_are_few() -> None:
    slugs = set(catalogue())
    assert {slug for _, slug in ALL} <= slugs
    missing = {slug for slug in slugs if slug.startswith(("npy-", "pickle-", "safetensors-", "zip-"))}
    assert missing - {slug for _, slug in ALL} == set()
    assert len(defects()) > 90


class Anything:
    """What an unpickler gets for every name."""

    def __new__(cls, *_arguments: object, **_named: object) -> Anything:
        return object.__new__(cls)

    def __init__(self, *arguments: object, **named: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass

    def __setitem__(self, key: object, value: object) -> None:
        pass

    def __call__(self, *_arguments: object, **_named: object) -> Anything:
        return Anything()

    def append(self, item: object) -> None:
        pass

    def extend(self, items: object) -> None:
        pass

    def add(self, item: object) -> None:
        pass


class Stubbed(pickle.Unpickler):
    """The C unpickler, which imports nothing."""

    def find_class(self, _module: str, name: str) -> Any:
        return type(name, (Anything,), {})

    def persistent_load(self, _pid: object) -> Anything:
        return Anything()


def test_valid_pickles_of_each_protocol_are_read_to_the_end_and_have_every_opcode() -> None:
    seen: collections.Counter[str] = collections.Counter()
    copyreg.add_extension("dryload", "anything", 240)
    try:
        for protocol in range(6):
            for seed in range(10_000 // 6 + 1):
                data = valid_pickle(protocol, seed)
                file = io.BytesIO(data)
                Stubbed(file, buffers=iter([bytearray(3)] * 100)).load()
                assert not file.read()
                opcodes = [opcode for opcode, _, _ in pickletools.genops(data)]
                assert all(opcode.proto <= protocol for opcode in opcodes)
                seen.update(opcode.name for opcode in opcodes)
    finally:
        copyreg.remove_extension("dryload", "anything", 240)
    assert len(seen) == len(pickletools.opcodes) == 68


def test_valid_files_are_read_by_the_readers() -> None:
    for seed in range(1000):
        deserialize(generate("safetensors", seed, "valid"))
    for seed in range(1000):
        numpy.load(io.BytesIO(generate("npy", seed, "valid")), allow_pickle=False)
        for format in ("torch", "zip"):
            with zipfile.ZipFile(io.BytesIO(generate(format, seed, "valid"))) as archive:
                assert archive.testzip() is None


@pytest.mark.parametrize("format", ["npy", "safetensors"])
def test_valid_files_are_inert(format: str) -> None:
    for seed in range(500):
        report = scan(generate(format, seed, "valid"), name=NAMES[format])
        assert report.verdict is Verdict.INERT, seed
        assert not report.findings, seed


@pytest.mark.parametrize("format", ["npy", "pickle", "torch", "zip"])
def test_attacks_call_the_canary_and_are_malicious(format: str) -> None:
    for seed in range(200):
        data = generate(format, seed, "malicious")
        assert scan(data, name=NAMES[format]).verdict is Verdict.MALICIOUS
    before = len(_canary.CALLS)
    for seed in range(50):
        data = generate("pickle", seed, "malicious")
        pickle.loads(data) if _imports_only_the_canary(data) else None
    assert len(_canary.CALLS) > before + 5


def _imports_only_the_canary(data: bytes) -> bool:
    parts = scan(data, name="m.pkl").parts
    return {each.name for part in parts for each in part.imports} == {"dryload.fuzzing._canary.trip"}


@pytest.mark.parametrize("format", formats())
def test_the_same_seed_makes_the_same_and_others_make_others(format: str) -> None:
    made = [generate(format, seed, "any") for seed in range(200)]
    assert made == [generate(format, seed, "any") for seed in range(200)]
    mutants = [mutate(format, seed, made[seed], made[seed ^ 1]) for seed in range(200)]
    assert mutants == [mutate(format, seed, made[seed], made[seed ^ 1]) for seed in range(200)]
    assert sum(one != other for one, other in zip(made, mutants, strict=True)) > 150
    assert len({crossover(format, seed, made[seed], made[seed ^ 1]) for seed in range(200)}) > 100


@pytest.mark.parametrize("format", ["npy", "safetensors", "pickle", "zip"])
def test_many_mutants_are_still_read(format: str) -> None:
    # Of a mutator whose every output breaks at the first check, the rest of a parser never sees anything.
    quiet = 0
    for seed in range(600):
        data = mutate(format, seed, generate(format, seed, "valid"), generate(format, seed + 1, "valid"))
        report = scan(data, name=NAMES[format])
        quiet += not any(finding.verdict is Verdict.INVALID for finding in report.findings)
    assert 0.15 < quiet / 600 < 0.8


@pytest.mark.parametrize("format", ["npy", "safetensors", "pickle", "zip", "torch"])
def test_many_crossed_files_are_still_read_and_are_of_both(format: str) -> None:
    quiet = both = 0
    for seed in range(600):
        one, other = generate(format, seed, "valid"), generate(format, seed + 1, "valid")
        crossed = crossover(format, seed, one, other)
        both += crossed not in (one, other)
        report = scan(crossed, name=NAMES[format])
        quiet += not any(finding.verdict is Verdict.INVALID for finding in report.findings)
    assert 0.15 < quiet / 600 < 0.9
    assert both > 300


def test_a_minimised_file_keeps_what_matters_and_what_asks_may_raise() -> None:
    data = generate("safetensors", 5, "safetensors-offset-gap")

    def gaps(data: bytes) -> bool:
        found = scan(data, name="a.safetensors").findings
        return any(each.rule == "safetensors-offset-gap" for each in found)

    small = minimize("safetensors", data, gaps, 5000)
    assert gaps(small)
    assert len(small) < 70 < len(data)

    def raises(_data: bytes) -> bool:
        raise KeyError("no")

    with pytest.raises(KeyError, match="no"):
        minimize("npy", generate("npy", 1, "valid"), raises, 10)


def test_unknown_formats_and_faults_are_told() -> None:
    with pytest.raises(ValueError, match="one of bytes, npy, pickle, safetensors, torch, zip"):
        generate("onnx", 1, "valid")
    with pytest.raises(ValueError, match="no fault"):
        generate("npy", 1, "zip-odd-name")
