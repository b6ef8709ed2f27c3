"""What can be wrong with a zip archive, by the rule that tells it, each alone.

Not there: `zip-bad-entry`. What such an entry stands for is a gap or an overlap as well.
"""

from __future__ import annotations

import zlib
from functools import partial

from hypothesis import strategies as st

from dryload.fuzzing.strategies._zip_writer import DEFLATED, UTF8, Member, archive, changed, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hypothesis.strategies import DrawFn, SearchStrategy

    Members = SearchStrategy[list[Member]]
    Maker = Callable[[Members], SearchStrategy[bytes]]


def zip_faults(members: Members) -> Mapping[str, Callable[[], SearchStrategy[bytes]]]:
    """Gives, for each fault, how archives with it are made from sound members.

    The first of them is the one that is spoiled, and has its sizes in both headers.
    """
    return {slug: partial(maker, members) for slug, maker in FAULTS.items()}


def _spoiled(change: Callable[[Member], SearchStrategy[Member]]) -> Maker:
    """Changes the first member."""
    return lambda sound: sound.flatmap(
        lambda members: change(members[0]).map(lambda member: archive([member, *members[1:]]))
    )


def _field(name: str, *values: object) -> Maker:
    """Gives the first member another value of a field, in both of its headers."""
    return _spoiled(
        lambda member: st.sampled_from(values).map(lambda value: changed(member, **{name: value}))
    )


def _flags(*flags: int) -> Maker:
    return _spoiled(
        lambda member: st.sampled_from(flags).map(lambda flag: changed(member, flags=member.flags | flag))
    )


def _named(*names: str) -> Maker:
    """Adds a member of some name, in the folder of the first; a root is none there."""
    rooted = [name for name in names if not name.startswith(ROOTS)]
    return lambda sound: sound.flatmap(
        lambda members: st.sampled_from(rooted if _folder(members) else names).map(
            lambda name: archive([*members, plain(_folder(members) + name.encode(), b"")])
        )
    )


def _folder(members: list[Member]) -> bytes:
    """Gives the folder of the first member, with its slash; where the others of a checkpoint are as well."""
    folder, slash, _ = members[0].name.rpartition(b"/")
    return folder + slash


def _odd_name(sound: Members) -> SearchStrategy[bytes]:
    # The last is UTF-8 by its flag, and not by its bytes.
    named = _named("a./b", "a\\b", "a\nb", "aux.pkl", "a" * 256)(sound)
    no_text = sound.map(
        lambda members: archive([*members, Member(name=_folder(members) + b"\xff", content=b"", flags=UTF8)])
    )
    return st.one_of(named, no_text)


def _missing_end(sound: Members) -> SearchStrategy[bytes]:
    return sound.map(lambda members: archive(members)[:-22])


def _prefix(sound: Members) -> SearchStrategy[bytes]:
    return st.tuples(st.integers(1, 16), sound).map(lambda each: bytes(each[0]) + archive(each[1]))


def _trailing(sound: Members) -> SearchStrategy[bytes]:
    return st.tuples(sound, st.integers(1, 16)).map(lambda each: archive(each[0]) + bytes(each[1]))


@st.composite
def _directory(draw: DrawFn, sound: Members) -> bytes:
    members = draw(sound)
    what = draw(st.sampled_from(("count", "comment", "place")))
    if what == "count":
        return archive(members, count=draw(st.integers(0, 8).filter(lambda count: count != len(members))))
    if what == "comment":
        return archive(members)[:-2] + draw(st.integers(1, 99)).to_bytes(2, "little")
    return archive(members, shift=draw(st.integers(1, 46)))


@st.composite
def _gap(draw: DrawFn, sound: Members) -> bytes:
    members = draw(sound)
    last = plain(_folder(members) + b"z", b"")
    return archive([*members, changed(last, gap=bytes(draw(st.integers(1, 8))))])


@st.composite
def _duplicate(draw: DrawFn, sound: Members) -> bytes:
    members = draw(sound)
    again = members[0]
    folder = _folder(members)
    last = again.name[len(folder) :]
    # In a checkpoint, what is there in other letters is no part of it.
    name = draw(st.sampled_from((last, last if folder or not last.isascii() else last.upper())))
    return archive([*members, changed(again, name=folder + name)])


@st.composite
def _overlap(draw: DrawFn, sound: Members) -> bytes:
    # The last is a member in the data of the one before, a pickle of bytes.
    members = draw(sound)
    folder = _folder(members)
    if not folder and not draw(st.booleans()):
        members = []
    inner = plain(folder + b"y", b"")
    record = inner.record()
    outer = plain(folder + b"z", b"\x80\x03C" + bytes((len(record),)) + record + b".")
    end = sum(len(member.record()) for member in (*members, outer))
    return archive([*members, outer, changed(inner, at=end - len(record) - 1)])


def _local_numbers(member: Member) -> SearchStrategy[Member]:
    crc, packed, size = member.numbers()
    others = ((crc ^ 1, packed, size), (crc, packed + 1, size), (crc, packed, size + 1))
    return st.sampled_from(others).map(lambda local: changed(member, local=local))


def _checksum(member: Member) -> SearchStrategy[Member]:
    return st.just(changed(member, crc=zlib.crc32(member.content) ^ 1))


def _local_name(member: Member) -> SearchStrategy[Member]:
    other = member.name[:-1] + (b"y" if member.name.endswith(b"x") else b"x")
    return st.sampled_from((other, other + b"x", b"")).map(lambda name: changed(member, local_name=name))


def _bad_deflate(member: Member) -> SearchStrategy[Member]:
    streams = (b"\7", b"\7\0", b"\1\1\0\0\0", b"\xff\xff")
    return st.sampled_from(streams).map(
        lambda packed: changed(member, method=DEFLATED, packed=packed, content=b"N.")
    )


def _inflated(member: Member) -> SearchStrategy[Member]:
    # It inflates to less, so that what it holds is whole.
    sizes = st.integers(1, 16).map(lambda more: len(member.content) + more)
    return sizes.map(lambda size: changed(member, method=DEFLATED, size=size))


ROOTS = ("/", "C:")

FAULTS: dict[str, Maker] = {
    "zip-missing-end": _missing_end,
    "zip-prefix-data": _prefix,
    "zip-trailing-data": _trailing,
    "zip-directory-mismatch": _directory,
    "zip-duplicate-member": _duplicate,
    "zip-name-mismatch": _spoiled(_local_name),
    "zip-header-mismatch": _spoiled(_local_numbers),
    "zip-odd-flags": _flags(0x20, 0x10, 0x1000),
    "zip-member-gap": _gap,
    "zip-member-overlap": _overlap,
    "zip-bad-checksum": _spoiled(_checksum),
    "zip-unsafe-name": _named("../a", "/a", "a/../../b", "C:/a", "..\\a"),
    "zip-odd-name": _odd_name,
    "zip-encrypted-member": _flags(1),
    "zip-unsupported-method": _field("method", 1, 9, 12, 14, 99),
    "zip-bad-deflate": _spoiled(_bad_deflate),
    "zip-inflated-size": _spoiled(_inflated),
}
