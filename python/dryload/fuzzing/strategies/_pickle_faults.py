"""What can be wrong with a pickle, by the rule that tells it, each alone.

A faulty pickle is some values that are thrown away, then the instructions that break the rule, then STOP. All
rules about pickles are here: those that every reader should share, and those of the default policy.
"""

from __future__ import annotations

import struct

from hypothesis import strategies as st

from dryload._frozen import frozen
from dryload.fuzzing.strategies._pickle_values import name, text, values, written
from dryload.fuzzing.strategies.pickle import CANARY, canary_calls, frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hypothesis.strategies import DrawFn, SearchStrategy


@frozen
class Fault:
    """The instructions that break a rule, and what must stand around them.

    `bare` ones need no PROTO to be taken for a pickle, `headless` ones stand where it would, `whole` ones
    bring their STOP, and `least` is the protocol from which they exist.
    """

    steps: Callable[[int], SearchStrategy[bytes]]
    least: int = 0
    bare: bool = False
    headless: bool = False
    whole: bool = False


def fault_table(protocols: Iterable[int]) -> Mapping[str, Callable[[], SearchStrategy[bytes]]]:
    """Gives, for each fault that the protocols can have, how its pickles are made."""
    chosen = tuple(protocols)
    table = {}
    for slug, fault in FAULTS.items():
        if fits := [protocol for protocol in chosen if protocol >= fault.least]:
            table[slug] = _maker(fault, fits)
    return table


def _maker(fault: Fault, protocols: list[int]) -> Callable[[], SearchStrategy[bytes]]:
    return lambda: st.sampled_from(protocols).flatmap(lambda protocol: _faulty(fault, protocol))


@st.composite
def _faulty(draw: DrawFn, fault: Fault, protocol: int) -> bytes:
    if fault.headless:
        return draw(fault.steps(protocol))
    headed = not fault.bare or draw(st.booleans())
    head = b"\x80" + bytes((protocol,)) if headed else b""
    before = [step for code in draw(st.lists(values(protocol), max_size=2)) for step in (*code, b"0")]
    steps = draw(fault.steps(protocol))
    return head + b"".join(written(before, protocol)) + steps + (b"" if fault.whole else b".")


def _any_of(*forms: bytes) -> Callable[[int], SearchStrategy[bytes]]:
    return lambda _: st.sampled_from(forms)


def _from(make: SearchStrategy[bytes]) -> Callable[[int], SearchStrategy[bytes]]:
    return lambda _: make


def _named(
    module: str, qualname: str, after: bytes, before: bytes = b""
) -> Callable[[int], SearchStrategy[bytes]]:
    """Gives an import between other instructions, in the form of the protocol."""

    def make(protocol: int) -> SearchStrategy[bytes]:
        return st.just(before + b"".join(written(name(protocol, module, qualname), protocol)) + after)

    return make


def _numeric(_: int) -> SearchStrategy[bytes]:
    number = st.integers(0, 1 << 31)
    return st.one_of(
        st.sampled_from((b"I+1\n", b"I 1\n", b"I1_0\n", b"F 1\n", b"L1\x00L\n", b"I1\x00\n", b"F1_0.0\n")),
        number.map(lambda value: b"I%#x\n" % value),
        number.map(lambda value: b"L%#xL\n" % value),
    )


@st.composite
def _straddle(draw: DrawFn) -> bytes:
    step = draw(st.sampled_from((b"K\x01", b"M\x00\x01", b"J\0\0\0\0", b"C\x03abc", b"\x8c\x01a")))
    return frame(draw(st.integers(1, len(step) - 1))) + step


@st.composite
def _nested(draw: DrawFn) -> bytes:
    inner = draw(st.sampled_from((b"N.", b"K\0.", b")\x85.")))
    return frame(draw(st.integers(9, 9 + len(inner)))) + frame(len(inner)) + inner


@st.composite
def _truncated(draw: DrawFn, protocol: int) -> bytes:
    # A name is not cut: what is there of it is told as another name.
    steps = written(draw(values(protocol)), protocol)
    if protocol >= 4 and draw(st.booleans()):
        whole = b"".join(steps) + b"."
        return frame(len(whole) + draw(st.integers(1, 1 << 32))) + whole
    half = draw(st.sampled_from((b"", b"J\0", b"X\1\0", b"X\3\0\0\0ab")))
    return b"".join(steps[: draw(st.integers(0, len(steps)))]) + half


def _negative(_: int) -> SearchStrategy[bytes]:
    length = st.integers(1, 1 << 31).map(lambda size: struct.pack("<i", -size))
    return st.tuples(st.sampled_from((b"T", b"\x8b")), length).map(b"".join)


def _external(_: int) -> SearchStrategy[bytes]:
    return st.sampled_from((b"\x97", b"\x97\x98"))


def _future(_: int) -> SearchStrategy[bytes]:
    return st.integers(6, 255).map(lambda protocol: b"\x80" + bytes((protocol,)) + b"N.")


def _called(protocol: int) -> SearchStrategy[bytes]:
    forms = canary_calls(protocol)
    return st.sampled_from(forms).map(lambda code: b"".join(written(code, protocol)))


@st.composite
def _imported(draw: DrawFn, protocol: int) -> bytes:
    if protocol < 4 or not draw(st.booleans()):
        return b"".join(written(name(protocol, *CANARY), protocol))
    # Both words stand elsewhere, and come from the memo.
    module, function = (text(protocol, word) for word in CANARY)
    return module + b"q\xfe0" + function + b"q\xff0h\xfeh\xff\x93"


def _computed_name(protocol: int) -> SearchStrategy[bytes]:
    made = b"".join(written(name(protocol, "collections", "UserString"), protocol))
    return st.just(b"".join((made, text(protocol, "os"), b"\x85R", text(protocol, "path"), b"\x93")))


NAMESPACE = b"cargparse\nNamespace\n)R"
UNKNOWN_OPCODES = tuple(bytes((code,)) for code in (*range(10), 0x99, 0xA0, 0xFF))

FAULTS: dict[str, Fault] = {
    "pickle-unknown-opcode": Fault(steps=_any_of(*UNKNOWN_OPCODES), least=2),
    "pickle-stack-underflow": Fault(
        steps=_any_of(b"0", b"t", b"\x85", b"Nt", b"N(\x85", b"a", b"s", b""), least=2
    ),
    "pickle-memo-missing": Fault(steps=_any_of(b"h\xff", b"g255\n", b"j\0\1\0\0"), least=2),
    "pickle-numeric-text": Fault(steps=_numeric, least=2),
    "pickle-text-encoding": Fault(steps=_any_of(b"S'\xe9'\n", b"X\1\0\0\0\xff", b"X\2\0\0\0a\xc3"), least=2),
    "pickle-string-quotes": Fault(steps=_any_of(b"Sab\n", b"S'a\n", b"S'a\"\n", b"S'\n", b"S\n"), least=2),
    "pickle-frame-straddle": Fault(steps=_from(_straddle()), least=4, bare=True),
    "pickle-frame-nested": Fault(steps=_from(_nested()), least=4, bare=True, whole=True),
    "pickle-proto-position": Fault(steps=_any_of(b"N\x80\0", b"\x80\2N", b"N\x80\5"), least=2),
    "pickle-negative-length": Fault(steps=_negative, least=2),
    "pickle-operand-type": Fault(steps=_any_of(b"NNa", b"(Nd", b"N}b", b"NNNs", b"K\1K\2\x93"), least=4),
    "pickle-trailing-data": Fault(
        steps=_any_of(b"N.\0", b"N.\0\0\0\0", b"N.\xff\xfe", b"N.N"), least=2, whole=True
    ),
    "pickle-truncated": Fault(steps=_truncated, least=2, whole=True),
    "pickle-unsupported-protocol": Fault(steps=_future, bare=True, whole=True, headless=True),
    "pickle-dangerous-call": Fault(steps=_called, least=2),
    "pickle-dangerous-import": Fault(steps=_imported, least=2),
    "pickle-computed-name": Fault(steps=_computed_name, least=4),
    "pickle-computed-call": Fault(steps=_any_of(b"ccollections\nOrderedDict\n)R)R"), least=2),
    "pickle-extension-code": Fault(steps=_any_of(b"\x82\1", b"\x83\0\1", b"\x84\0\0\1\0"), least=2),
    "pickle-foreign-write": Fault(
        steps=_any_of(b"ccollections\nOrderedDict\n}b", b"ccollections\nOrderedDict\nNa"), least=2
    ),
    "pickle-dunder-state": Fault(steps=_any_of(NAMESPACE + b"}X\x09\0\0\0__class__Nsb"), least=2),
    "pickle-planted-method": Fault(
        steps=_any_of(NAMESPACE + b"}X\6\0\0\0appendcbuiltins\nbytearray\nsbNa", NAMESPACE + b"}b}b"), least=4
    ),
    "pickle-unknown-name": Fault(steps=_named("mycorp.features", "Scaler", b")\x81"), least=2),
    "pickle-unexpected-argument": Fault(
        steps=_any_of(b"cbuiltins\nbytearray\n\x8a\x06\0\0\0\0\0\1\x85R"), least=3
    ),
    "pickle-unexpected-state": Fault(steps=_any_of(b"cdecimal\nDecimal\nX\1\0\0\x001\x85R}b"), least=2),
    "pickle-persistent-load": Fault(steps=_any_of(b"NQ", b"P1\n", b"K\1Q"), least=2),
    "pickle-external-buffer": Fault(steps=_external, least=5),
}
