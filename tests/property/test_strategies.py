"""Sound files of the strategies are sound to their readers and to us, and a fault is told, alone."""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile

import numpy as np
import pytest
import safetensors
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import dryload
from dryload import Verdict
from dryload.fuzzing import _canary
from dryload.fuzzing.strategies import (
    _pickle_faults,
    _zip_faults,
    npy,
    npy_files,
    npz_files,
    pickle_opcodes,
    pickles,
    safetensors_files,
    torch_zips,
    zip_files,
)
from dryload.fuzzing.strategies import safetensors as safetensors_faults
from dryload.fuzzing.strategies import zip as zips
from dryload.rules.catalogue import catalogue

MAKERS = {
    "pickle": (pickles, "m.pkl"),
    "safetensors": (safetensors_files, "m.safetensors"),
    "npy": (npy_files, "m.npy"),
    "npz": (npz_files, "m.npz"),
    "zip": (zip_files, "m.zip"),
    "torch": (torch_zips, "m.pt"),
}

FAULTS = {
    "pickle": tuple(_pickle_faults.FAULTS),
    "safetensors": tuple(safetensors_faults.FAULTS),
    "npy": tuple(npy.FAULTS),
    "npz": (*npy.FAULTS, *(slug for slug in _zip_faults.FAULTS if slug != "zip-inflated-size")),
    "zip": tuple(_zip_faults.FAULTS),
    "torch": (*zips.TORCH_FAULTS, *_zip_faults.FAULTS),
}

# What cannot be made alone, or only at a size that no test wants; the modules say why.
LEFT_OUT = {
    *("safetensors-large-header", "safetensors-many-empty", "zip-bad-entry"),
    *("torch-legacy-layout", "torch-tar-layout", "torch-native-code"),
    *(
        "torch-export-program",
        "torch-export-unknown-name",
        "torch-export-evaluated-text",
        "torch-export-bad-json",
    ),
}

SOME = settings(
    max_examples=20,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
MANY = settings(SOME, max_examples=150)


def rules(data: bytes, name: str, slug: str = "") -> set[str]:
    """Scans, with checksums where they are in question, and gives the slugs."""
    limits = {"max_checksum_bytes": 1 << 20} if slug == "zip-bad-checksum" else None
    return {finding.rule for finding in dryload.scan(data, name=name, limits=limits).findings}


@pytest.mark.parametrize(("kind", "slug"), [(kind, slug) for kind, slugs in FAULTS.items() for slug in slugs])
def test_a_fault_is_told_and_nothing_else_is(kind: str, slug: str) -> None:
    make, name = MAKERS[kind]

    @SOME
    @given(make(faults=[slug]))
    def told(data: bytes) -> None:
        assert rules(data, name, slug) == {slug}

    told()


def test_every_rule_of_these_formats_is_a_fault_or_left_out() -> None:
    wanted = {
        slug
        for slug in catalogue()
        if slug.partition("-")[0] in ("pickle", "safetensors", "npy", "zip", "torch")
    }
    made = {slug for slugs in FAULTS.values() for slug in slugs}
    assert made | LEFT_OUT == wanted
    assert not made & LEFT_OUT


@pytest.mark.parametrize("kind", MAKERS)
def test_sound_files_are_inert(kind: str) -> None:
    make, name = MAKERS[kind]

    @MANY
    @given(make())
    def inert(data: bytes) -> None:
        report = dryload.scan(data, name=name)
        assert report.verdict is Verdict.INERT
        assert not report.findings

    inert()


@pytest.mark.parametrize("kind", ["pickle", "torch"])
def test_malicious_files_are_malicious(kind: str) -> None:
    make, name = MAKERS[kind]

    @MANY
    @given(make(malicious=True))
    def malicious(data: bytes) -> None:
        assert dryload.scan(data, name=name).verdict is Verdict.MALICIOUS

    malicious()


class Stub:
    """Stands for anything that a pickle imports or calls."""

    def __init__(self, *args: object) -> None:
        self.args = args

    def append(self, item: object) -> None: ...

    def __setitem__(self, key: object, value: object) -> None: ...


class Stubbed(pickle.Unpickler):
    """The C unpickler, which is given nothing."""

    def find_class(self, _module: str, _name: str, /) -> type[Stub]:
        return Stub


@pytest.mark.parametrize("protocol", range(6))
def test_the_c_unpickler_takes_sound_pickles(protocol: int) -> None:
    seen = set()

    @settings(MANY, max_examples=600, derandomize=True)
    @given(pickles(protocols=[protocol]))
    def taken(data: bytes) -> None:
        Stubbed(io.BytesIO(data)).load()
        seen.update(opcode.name for opcode, _, _ in pickletools.genops(data))

    taken()
    # What no sound pickle has by itself: it needs a registry, a container or bytes from elsewhere.
    never = {"EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID", "NEXT_BUFFER", "READONLY_BUFFER"}
    known = {opcode.name for opcode in pickletools.opcodes if opcode.proto <= protocol}
    assert known - seen == never & known


def test_malicious_pickles_reach_the_canary_and_nothing_else() -> None:
    class Careful(pickle.Unpickler):
        def find_class(self, module: str, name: str, /) -> object:
            if (module, name) == ("dryload.fuzzing._canary", "trip"):
                return _canary.trip
            assert (module, name) == ("collections", "OrderedDict")
            return Stub

    @MANY
    @given(pickles(malicious=True))
    def tripped(data: bytes) -> None:
        before = len(_canary.CALLS)
        Careful(io.BytesIO(data)).load()
        assert len(_canary.CALLS) == before + 1

    tripped()


@MANY
@given(pickle_opcodes())
def test_opcodes_are_instructions_of_one_pickle(steps: list[bytes]) -> None:
    data = b"".join(steps)
    Stubbed(io.BytesIO(data)).load()
    ends = [position for _, _, position in pickletools.genops(data)]
    assert ends == [sum(map(len, steps[:number])) for number in range(len(steps))]


@MANY
@given(safetensors_files())
def test_the_official_reader_takes_sound_safetensors(data: bytes) -> None:
    safetensors.deserialize(data)


@MANY
@given(npy_files())
def test_numpy_takes_sound_npy(data: bytes) -> None:
    file = io.BytesIO(data)
    np.load(file, allow_pickle=False)
    assert file.read() == b""


@MANY
@given(st.one_of(zip_files(), torch_zips(), npz_files()))
def test_zipfile_takes_sound_archives(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None


@MANY
@given(npz_files())
def test_numpy_takes_sound_npz(data: bytes) -> None:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        for name in arrays:
            assert isinstance(arrays[name], np.ndarray)


@pytest.mark.parametrize(
    "make",
    [
        lambda: pickles(protocols=[6]),
        lambda: pickles(protocols=[]),
        lambda: pickles(faults=["zip-member-gap"]),
        lambda: pickles(protocols=[0], faults=["pickle-frame-nested"]),
        lambda: safetensors_files(dtypes=["U7"]),
        lambda: npy_files(descrs=["'|O'"]),
        lambda: torch_zips(faults=["torch-legacy-layout"]),
    ],
)
def test_what_cannot_be_made_is_refused(make: object) -> None:
    with pytest.raises(ValueError, match=r"protocols|fault|dtype"):
        make()  # type: ignore[operator]


def test_faults_alone_decide_and_none_takes_both() -> None:
    sound, faulty = 0, 0

    @settings(MANY, derandomize=True)
    @given(safetensors_files(valid=None, faults=["safetensors-trailing-data"]))
    def count(data: bytes) -> None:
        nonlocal sound, faulty
        found = rules(data, "m.safetensors")
        assert found <= {"safetensors-trailing-data"}
        sound += not found
        faulty += bool(found)

    count()
    assert sound
    assert faulty
    strategy: SearchStrategy[bytes] = safetensors_files(valid=True, faults=["safetensors-trailing-data"])

    @SOME
    @given(strategy)
    def only(data: bytes) -> None:
        assert rules(data, "m.safetensors") == {"safetensors-trailing-data"}

    only()
