"""Zip archives, npz files and torch checkpoints.

`FAULTS` has one entry for each rule about archives, and `TORCH_FAULTS` those about storages. Not there:
`torch-legacy-layout` and `torch-tar-layout`, which are no zip.
"""

from __future__ import annotations

import struct
import zlib

from hypothesis import strategies as st

from dryload._frozen import frozen
from dryload.fuzzing.strategies import npy
from dryload.fuzzing.strategies._choice import sound_or_faulty
from dryload.fuzzing.strategies.npy import npy_files
from dryload.fuzzing.strategies.pickle import pickles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    Faults = dict[str, Callable[[], SearchStrategy[bytes]]]


def zip_files(
    *,
    valid: bool | None = True,
    faults: Collection[str] | None = None,
    contents: SearchStrategy[bytes] | None = None,
) -> SearchStrategy[bytes]:
    """Gives archives that are sound (`valid=True`), have exactly one fault (`False`), or either (`None`).

    `faults` names the rules of which one is broken. The members of sound ones hold `contents`, small pickles if
    nothing is said.

    Raises:
        ValueError: no such fault.
    """
    held = _contents() if contents is None else contents
    return sound_or_faulty(_members(held).map(archive), FAULTS, valid, faults)


def npz_files(*, valid: bool | None = True, faults: Collection[str] | None = None) -> SearchStrategy[bytes]:
    """Gives npz files; a fault is one of an archive, or of an array in it.

    Raises:
        ValueError: no such fault.
    """
    sound = _members(npy_files(), ".npy").map(archive)
    arrays = {slug: _npz_maker(slug) for slug in npy.FAULTS}
    return sound_or_faulty(sound, {**arrays, **FAULTS}, valid, faults)


def torch_zips(
    *, valid: bool | None = True, faults: Collection[str] | None = None, malicious: bool = False
) -> SearchStrategy[bytes]:
    """Gives checkpoints of torch; a fault is one of an archive, or of a storage in it.

    With `malicious`, the pickle in a sound one calls a function that stands for a harmful one.

    Raises:
        ValueError: no such fault.
    """
    sound = _checkpoint(pickles(protocols=[2], malicious=True) if malicious else None, "")
    return sound_or_faulty(sound, {**TORCH_FAULTS, **FAULTS}, valid, faults)


@frozen
class Member:
    """A member, and what its headers say where that is not so."""

    name: bytes
    content: bytes
    method: int = 0
    flags: int = 0
    # In both headers.
    size: int | None = None
    crc: int | None = None
    # In the local one alone.
    local_name: bytes | None = None
    local: tuple[int, int, int] | None = None
    # Bytes before the local header.
    gap: bytes = b""
    # Where the local header is, when it is not written.
    at: int | None = None
    # The bytes as they are stored.
    packed: bytes | None = None

    def stored(self) -> bytes:
        """Gives the bytes as they stand in the archive."""
        if self.packed is not None:
            return self.packed
        if self.method != DEFLATED:
            return self.content
        stream = zlib.compressobj(wbits=-15)
        return stream.compress(self.content) + stream.flush()

    def numbers(self) -> tuple[int, int, int]:
        """Gives checksum, packed size and size as the headers have them."""
        crc = zlib.crc32(self.content) if self.crc is None else self.crc
        return crc, len(self.stored()), len(self.content) if self.size is None else self.size

    def record(self) -> bytes:
        """Writes the local header and the data."""
        name = self.name if self.local_name is None else self.local_name
        described = self.flags & DESCRIBED
        numbers = (0, 0, 0) if described else self.numbers() if self.local is None else self.local
        head = struct.pack("<4s5H", b"PK\3\4", 20, self.flags, self.method, 0, DATE)
        tail = struct.pack("<4s3I", b"PK\7\x08", *self.numbers()) if described else b""
        return head + struct.pack("<3I2H", *numbers, len(name), 0) + name + self.stored() + tail

    def entry(self, at: int) -> bytes:
        """Writes the entry of the directory."""
        place = at if self.at is None else self.at
        fields = (
            20,
            20,
            self.flags,
            self.method,
            0,
            DATE,
            *self.numbers(),
            len(self.name),
            0,
            0,
            0,
            0,
            0,
            place,
        )
        return struct.pack("<4s6H3I5H2I", b"PK\1\2", *fields) + self.name


def archive(
    members: Sequence[Member], *, count: int | None = None, shift: int = 0, comment: bytes = b""
) -> bytes:
    """Writes an archive; `count` and `shift` are what the end record says wrongly."""
    body = entries = b""
    for member in members:
        if member.at is None:
            body += member.gap
        entries += member.entry(len(body))
        if member.at is None:
            body += member.record()
    number = len(members) if count is None else count
    sizes = (number, number, len(entries), len(body) + shift, len(comment))
    return body + entries + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, *sizes) + comment


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
def _checkpoint(draw: DrawFn, pickle: SearchStrategy[bytes] | None, fault: str) -> bytes:
    folder = draw(st.sampled_from((b"a", b"archive", b"model")))
    count = draw(st.integers(1 if fault else 0, 2))
    members = []
    values = []
    for number in range(count):
        kind = draw(st.sampled_from(tuple(KINDS)))
        size = draw(st.integers(1 if fault else 0, 4))
        told = size
        spoiled = fault if number == 0 else ""
        if spoiled == "torch-storage-size":
            told = draw(st.integers(0, 8).filter(lambda other, size=size: other != size))
        storage = _storage(kind, str(number), told)
        tensor = draw(st.booleans()) and not spoiled
        values.append(_tensor(storage, size) if tensor else storage)
        if spoiled != "torch-storage-missing":
            content = bytes(size * KINDS[kind])
            members.append(Member(name=folder + b"/data/%d" % number, content=content))
    joined = values[0] if len(values) == 1 else b"(" + b"".join(values) + b"t"
    code = b"\x80\x02" + joined + b"." if pickle is None else draw(pickle)
    members.insert(0, Member(name=folder + b"/data.pkl", content=code))
    if draw(st.booleans()):
        members.append(Member(name=folder + b"/version", content=b"3\n"))
    return archive(members)


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
        return st.tuples(_names(".npy"), array).map(lambda each: archive([_plain(*each)]))

    return make


def _plain(name: bytes, content: bytes, **more: int) -> Member:
    return Member(name=name, content=content, flags=more.get("flags", 0) | (0 if name.isascii() else UTF8))


# The faults: each gives archives that break one rule and keep all others.


def _sound() -> SearchStrategy[list[Member]]:
    """Gives members with a first that a fault can be put on: stored, and with its sizes in both headers."""
    first = st.tuples(_names(), _contents()).map(lambda each: [_plain(*each)])
    other = st.tuples(_names(), _contents()).map(lambda each: [_plain(b"z" + each[0], each[1])])
    return st.tuples(first, st.one_of(st.just([]), other)).map(lambda each: each[0] + each[1])


def _spoiled(change: Callable[[Member], SearchStrategy[Member]]) -> Callable[[], SearchStrategy[bytes]]:
    """Changes the first member."""
    return lambda: _sound().flatmap(
        lambda members: change(members[0]).map(lambda member: archive([member, *members[1:]]))
    )


def _with(member: Member, **changes: object) -> Member:
    fields = {name: getattr(member, name) for name in Member.__annotations__}
    return Member(**{**fields, **changes})


def _missing_end() -> SearchStrategy[bytes]:
    return _sound().map(lambda members: archive(members)[:-22])


def _prefix() -> SearchStrategy[bytes]:
    return st.tuples(st.integers(1, 16), _sound()).map(lambda each: bytes(each[0]) + archive(each[1]))


def _trailing() -> SearchStrategy[bytes]:
    return st.tuples(_sound(), st.integers(1, 16)).map(lambda each: archive(each[0]) + bytes(each[1]))


@st.composite
def _directory(draw: DrawFn) -> bytes:
    members = draw(_sound())
    count = draw(st.integers(0, 4).filter(lambda count: count != len(members)))
    return archive(members, count=count)


@st.composite
def _gap(draw: DrawFn) -> bytes:
    first, *_ = draw(_sound())
    gap = bytes(draw(st.integers(1, 8)))
    return archive([first, _with(_plain(b"z" + draw(_names()), draw(_contents())), gap=gap)])


@st.composite
def _bad_entry(draw: DrawFn) -> bytes:
    first, *rest = draw(_sound())
    data = bytearray(archive([first, *rest]))
    data[draw(st.integers(0, 3))] = draw(st.sampled_from((0, 255)))
    return bytes(data)


@st.composite
def _duplicate(draw: DrawFn) -> bytes:
    members = draw(_sound())
    again = members[0].name
    name = draw(st.sampled_from((again, again.upper() if again.isascii() else again)))
    return archive([*members, _plain(name, draw(_contents()))])


@st.composite
def _overlap(draw: DrawFn) -> bytes:
    outer, inner = draw(st.lists(_names(), min_size=2, max_size=2, unique=True))
    content = _plain(inner, draw(_contents()))
    first = _plain(outer, content.record())
    return archive([first, _with(content, at=len(first.record()) - len(content.record()))])


def _bad_deflate(member: Member) -> SearchStrategy[Member]:
    streams = (b"\7", b"\7\0", b"\1\1\0\0\0", b"\xff\xff")
    return st.sampled_from(streams).map(
        lambda packed: _with(member, method=DEFLATED, packed=packed, content=b"N.")
    )


def _inflated(member: Member) -> SearchStrategy[Member]:
    sizes = st.integers(0, 8).filter(lambda size: size != len(member.content))
    return sizes.map(lambda size: _with(member, method=DEFLATED, size=size))


def _named(*names: str) -> Callable[[], SearchStrategy[bytes]]:
    return lambda: st.sampled_from(names).flatmap(
        lambda name: _sound().map(lambda members: archive([*members, _plain(name.encode(), b"")]))
    )


def _torch(slug: str) -> Callable[[], SearchStrategy[bytes]]:
    return lambda: _checkpoint(None, slug)


UTF8 = 0x800
DESCRIBED = 0x8
DEFLATED = 8
# The first of January 1980; zero is no date.
DATE = 0x21
KINDS = {"ByteStorage": 1, "FloatStorage": 4, "HalfStorage": 2, "LongStorage": 8}

FAULTS: Faults = {
    "zip-missing-end": _missing_end,
    "zip-prefix-data": _prefix,
    "zip-trailing-data": _trailing,
    "zip-directory-mismatch": _directory,
    "zip-bad-entry": _bad_entry,
    "zip-duplicate-member": _duplicate,
    "zip-name-mismatch": _spoiled(lambda member: st.just(_with(member, local_name=member.name[::-1] + b"x"))),
    "zip-header-mismatch": _spoiled(
        lambda member: st.sampled_from(((1, 0, 0), (0, 1, 0), (0, 0, 1))).map(
            lambda more: _with(member, local=tuple(map(sum, zip(member.numbers(), more, strict=True))))
        )
    ),
    "zip-odd-flags": _spoiled(
        lambda member: st.sampled_from((0x20, 0x10, 0x1000)).map(
            lambda flags: _with(member, flags=member.flags | flags)
        )
    ),
    "zip-member-gap": _gap,
    "zip-member-overlap": _overlap,
    "zip-bad-checksum": _spoiled(lambda member: st.just(_with(member, crc=zlib.crc32(member.content) ^ 1))),
    "zip-unsafe-name": _named("../a", "/a", "a/../../b", "C:/a", "..\\a"),
    "zip-odd-name": _named("a./b", "a\\b", "a\nb", "aux.pkl", "a" * 256),
    "zip-encrypted-member": _spoiled(lambda member: st.just(_with(member, flags=member.flags | 1))),
    "zip-unsupported-method": _spoiled(
        lambda member: st.sampled_from((1, 9, 12, 14, 99)).map(lambda method: _with(member, method=method))
    ),
    "zip-bad-deflate": _spoiled(_bad_deflate),
    "zip-inflated-size": _spoiled(_inflated),
}

TORCH_FAULTS: Faults = {
    "torch-storage-missing": _torch("torch-storage-missing"),
    "torch-storage-size": _torch("torch-storage-size"),
}
