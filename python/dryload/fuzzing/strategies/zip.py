"""Zip archives, npz files and torch checkpoints.

The faults of archives are in `_zip_faults`; `TORCH_FAULTS` are those of storages. Not there are
`torch-legacy-layout` and `torch-tar-layout`, which are no zip, and the rules about programs of torch.
"""

from __future__ import annotations

import struct
from functools import partial

from hypothesis import strategies as st

from dryload.fuzzing.strategies import npy
from dryload.fuzzing.strategies._choice import sound_or_faulty
from dryload.fuzzing.strategies._zip_faults import zip_faults
from dryload.fuzzing.strategies._zip_writer import DEFLATED, DESCRIBED, UTF8, Member, archive, plain
from dryload.fuzzing.strategies.npy import npy_files
from dryload.fuzzing.strategies.pickle import pickles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from hypothesis.strategies import DrawFn, SearchStrategy


def zip_files(
    *,
    valid: bool | None = True,
    faults: Collection[str] | None = None,
    contents: SearchStrategy[bytes] | None = None,
) -> SearchStrategy[bytes]:
    """Gives archives that are sound (`valid=True`), have exactly one fault (`False`), or either (`None`).

    `faults` names the rules of which one is broken. The members hold `contents`, small pickles if nothing
    is said.

    Raises:
        ValueError: no such fault.
    """
    held = _contents() if contents is None else contents
    return sound_or_faulty(_members(held).map(archive), zip_faults(_plain_members(held)), valid, faults)


def npz_files(*, valid: bool | None = True, faults: Collection[str] | None = None) -> SearchStrategy[bytes]:
    """Gives npz files; a fault is one of an archive, or of an array in it.

    Raises:
        ValueError: no such fault.
    """
    sound = _members(npy_files(), ".npy").map(archive)
    faulty = dict(zip_faults(_plain_members(npy_files(), ".npy")))
    # The array would end before its member does: a second fault.
    del faulty["zip-inflated-size"]
    return sound_or_faulty(
        sound, {**{slug: _npz_maker(slug) for slug in npy.FAULTS}, **faulty}, valid, faults
    )


def torch_zips(
    *, valid: bool | None = True, faults: Collection[str] | None = None, malicious: bool = False
) -> SearchStrategy[bytes]:
    """Gives checkpoints of torch; a fault is one of an archive, or of a storage in it.

    With `malicious`, the pickle in a sound one calls a function that stands for a harmful one.

    Raises:
        ValueError: no such fault.
    """
    sound = pickles(protocols=[2], malicious=True).map(_attack) if malicious else _checkpoint()
    storages = {slug: partial(_torch_fault, slug) for slug in TORCH_FAULTS}
    return sound_or_faulty(
        sound.map(archive),
        {**storages, **zip_faults(_version_first(_checkpoint(version=False)))},
        valid,
        faults,
    )


def _attack(pickle: bytes) -> list[Member]:
    return [plain(b"a/data.pkl", pickle)]


def _torch_fault(slug: str) -> SearchStrategy[bytes]:
    return _checkpoint(slug).map(archive)


def _version_first(checkpoints: SearchStrategy[list[Member]]) -> SearchStrategy[list[Member]]:
    # A fault is put on the version, because without its pickle an archive is no checkpoint.
    return checkpoints.map(lambda members: [plain(_version(members[0]), b"3\n"), *members])


def _version(member: Member) -> bytes:
    return member.name.partition(b"/")[0] + b"/version"


def _contents() -> SearchStrategy[bytes]:
    return st.one_of(st.just(b""), pickles())


def _names(ending: str = "") -> SearchStrategy[bytes]:
    part = st.text("abcdefghijklm", min_size=1, max_size=6)
    folded = st.tuples(part, part).map("/".join)
    return st.one_of(part, folded, part.map(lambda word: word + "é")).map(
        lambda name: (name + ending).encode()
    )


@st.composite
def _members(draw: DrawFn, contents: SearchStrategy[bytes], ending: str = "", least: int = 0) -> list[Member]:
    names = draw(st.lists(_names(ending), min_size=least, max_size=least + 2, unique=True))
    # A name may not be the folder of another.
    folders = {name.partition(b"/")[0] for name in names if b"/" in name}
    return [
        Member(
            name=name,
            content=draw(contents),
            method=draw(st.sampled_from((0, DEFLATED))),
            flags=(0 if name.isascii() else UTF8) | draw(st.sampled_from((0, DESCRIBED))),
        )
        for name in names
        if name not in folders
    ]


@st.composite
def _plain_members(draw: DrawFn, contents: SearchStrategy[bytes], ending: str = "") -> list[Member]:
    """Gives members to put a fault on, and of names that a fault does not add."""
    first = plain(draw(_names(ending)), draw(contents))
    return [first, plain(b"x/" + draw(_names(ending)), draw(contents))] if draw(st.booleans()) else [first]


@st.composite
def _checkpoint(draw: DrawFn, fault: str = "", *, version: bool = True) -> list[Member]:
    folder = draw(st.sampled_from((b"a", b"archive", b"model")))
    count = draw(st.integers(1 if fault else 0, 2))
    members = []
    values = []
    for number in range(count):
        kind = draw(st.sampled_from(tuple(KINDS)))
        size = draw(st.integers(1 if fault else 0, 4))
        spoiled = fault if number == 0 else ""
        values.append(draw(_value(kind, str(number), size, spoiled)))
        if spoiled != "torch-storage-missing":
            content = bytes(size * KINDS[kind])
            members.append(Member(name=folder + b"/data/%d" % number, content=content))
    joined = values[0] if len(values) == 1 else b"(" + b"".join(values) + b"t"
    members.insert(0, Member(name=folder + b"/data.pkl", content=b"\x80\x02" + joined + b"."))
    if version and draw(st.booleans()):
        members.append(Member(name=folder + b"/version", content=b"3\n"))
    return members


@st.composite
def _value(draw: DrawFn, kind: str, key: str, size: int, fault: str) -> bytes:
    """Gives a storage, or a tensor over it. One of a wrong size is either, with more or fewer elements."""
    if fault == "torch-storage-size":
        more = draw(st.integers(1, 8))
        if draw(st.booleans()):
            return _tensor(_storage(kind, key, size), size + more)
        return _storage(kind, key, (size + more) % 9)
    storage = _storage(kind, key, size)
    return _tensor(storage, size) if not fault and draw(st.booleans()) else storage


def _storage(kind: str, key: str, count: int) -> bytes:
    words = [b"X" + struct.pack("<I", len(word)) + word for word in (b"storage", key.encode(), b"cpu")]
    return (
        b"(" + words[0] + f"ctorch\n{kind}\n".encode() + words[1] + words[2] + b"K" + bytes((count,)) + b"tQ"
    )


def _tensor(storage: bytes, count: int) -> bytes:
    place = b"K\0K" + bytes((count,)) + b"\x85K\1\x85\x89ccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + place + b"tR"


def _npz_maker(slug: str) -> Callable[[], SearchStrategy[bytes]]:
    def make() -> SearchStrategy[bytes]:
        array = npy.FAULTS[slug]()
        return st.tuples(_names(".npy"), array).map(lambda each: archive([plain(*each)]))

    return make


KINDS = {"ByteStorage": 1, "FloatStorage": 4, "HalfStorage": 2, "LongStorage": 8}
TORCH_FAULTS = ("torch-storage-missing", "torch-storage-size")
