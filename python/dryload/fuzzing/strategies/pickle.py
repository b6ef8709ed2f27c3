"""Pickles of all protocols, put together from instructions in all forms, not only in those of a pickler.

Sound ones hold plain values and allowed calls. Malicious ones call `dryload.fuzzing._canary.trip`, which
counts and does nothing else. The faults are in `_pickle_faults`.
"""

from __future__ import annotations

import struct
from functools import cache

from hypothesis import strategies as st

from dryload.fuzzing.strategies._choice import sound_or_faulty
from dryload.fuzzing.strategies._pickle_values import name, text, values, written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from hypothesis.strategies import DrawFn, SearchStrategy

    from dryload.fuzzing.strategies._pickle_values import Code


def pickles(
    *,
    protocols: Iterable[int] = range(6),
    valid: bool | None = True,
    faults: Collection[str] | None = None,
    malicious: bool = False,
) -> SearchStrategy[bytes]:
    """Gives pickles that are sound (`valid=True`), have exactly one fault (`False`), or either (`None`).

    `faults` names the rules of which one is broken. With `malicious`, a sound pickle also
    calls a function that stands for a harmful one.

    Raises:
        ValueError: no such protocol or fault.
    """
    from dryload.fuzzing.strategies._pickle_faults import fault_table

    chosen = _protocols(protocols)
    sound = st.sampled_from(chosen).flatmap(lambda protocol: _sound(protocol, malicious))
    return sound_or_faulty(sound, fault_table(chosen), valid, faults)


def pickle_opcodes(*, protocols: Iterable[int] = range(6)) -> SearchStrategy[list[bytes]]:
    """Gives the instructions of a sound pickle one by one, from PROTO, where it has one, to STOP.

    They may be edited and joined again; a FRAME is none of them.

    Raises:
        ValueError: no such protocol.
    """
    return st.sampled_from(_protocols(protocols)).flatmap(
        lambda protocol: values(protocol).map(lambda code: _whole(protocol, code))
    )


def frame(length: int) -> bytes:
    """Writes a FRAME."""
    return b"\x95" + struct.pack("<Q", length)


def _protocols(protocols: Iterable[int]) -> tuple[int, ...]:
    chosen = tuple(protocols)
    if not chosen or not set(chosen) <= set(range(6)):
        raise ValueError("the protocols are of 0 to 5, and at least one")
    return chosen


def _whole(protocol: int, code: Code) -> list[bytes]:
    proto = [b"\x80" + bytes((protocol,))] if protocol >= 2 else []
    return [*proto, *written(code, protocol), b"."]


@st.composite
def _sound(draw: DrawFn, protocol: int, malicious: bool) -> bytes:  # noqa: FBT001
    code = draw(values(protocol))
    if malicious:
        place = draw(st.sampled_from(canary_calls(protocol)))
        before = draw(st.booleans())
        code = (*place, b"0", *code) if before else (b"(", *code, *place, b"t")
    steps = _whole(protocol, code)
    if protocol < 4 or not draw(st.booleans()):
        return b"".join(steps)
    # Frames end between two opcodes; a pickler writes them for what is longer.
    cut = draw(st.integers(1, len(steps)))
    rest = [b"".join(part) for part in (steps[1:cut], steps[cut:]) if part]
    return steps[0] + b"".join(frame(len(part)) + part for part in rest)


@cache
def canary_calls(protocol: int) -> list[Code]:
    """Lists calls of the canary, by each opcode that calls a function."""
    module, function = CANARY
    canary = name(protocol, module, function)
    empty: Code = (b")",) if protocol else (b"(", b"t")
    forms: list[Code] = [(*canary, *empty, b"R"), (b"(", f"i{module}\n{function}\n".encode())]
    forms.append((*canary, b"(", text(protocol, "id"), b"t", b"R"))
    forms += [(b"(", *canary, b"o")] * (protocol >= 1)
    return forms


CANARY = ("dryload.fuzzing._canary", "trip")
