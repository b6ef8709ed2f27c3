"""A symbolic unpickler that checks as it goes, with any one check left out.

It reads all opcodes of the protocols 0 to 5, keeps a stack, marks and a memo, and looks every import up in a
list of allowed names. Nothing is imported or called: a call makes a `Made`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Set

from tests.planted.checks import Checks
from tests.planted.pickle_machine import Global, Loaded, Machine, Made, Storage


def parse(data: bytes, omit: Set[str] = frozenset()) -> Loaded:
    """Reads one pickle.

    Raises:
        Planted: the omitted check would have refused it.
        ValueError: it is malformed, or imports a name that is not allowed.
    """
    machine = Machine(data, Checks(omit))
    try:
        machine.run(STEPS)
    except RecursionError:
        raise ValueError("nested too deep") from None
    return machine.loaded


def _proto(m: Machine) -> None:
    if m.at != 1:
        raise ValueError("PROTO is the first opcode")
    protocol = m.take(1)[0]
    m.checks.refuse("pickle-protocol", protocol >= len(PROTOCOLS))
    try:
        PROTOCOLS[protocol]
    except IndexError:
        m.checks.hit("pickle-protocol")


def _frame(m: Machine) -> None:
    length = m.number("<Q")
    end = m.at + length
    m.checks.refuse("pickle-frame-past-end", end > len(m.data))
    m.checks.refuse("pickle-frame-nested", m.frame_end)
    m.frames = [m.frame_end, end] if m.frame_end else [end]
    m.frame_end = end if length else 0


def _mark(m: Machine) -> None:
    m.marks.append(len(m.stack))


def _pop(m: Machine) -> None:
    if m.marks and m.marks[-1] == len(m.stack):
        m.marks.pop()
    else:
        m.pop()


def _int(m: Machine) -> None:
    text = m.line()
    m.push(text == b"01" if text in (b"00", b"01") else m.decimal(text))


def _long(m: Machine) -> None:
    text = m.line()
    m.push(m.decimal(text.removesuffix(b"L")))


def _string(m: Machine) -> None:
    text = m.line()
    if len(text) < 2 or b"\\" in text:
        raise ValueError("no quotes, or an escape that is not read here")
    matched = text[0] == text[-1] and text[0] in b"'\""
    m.checks.refuse("pickle-string-quotes", not matched)
    if not matched:  # Another reader strips nothing, or refuses.
        m.checks.hit("pickle-string-quotes")
    m.push(text[1:-1])


def _persistent(m: Machine) -> None:
    pid = m.pop()
    m.checks.refuse("pickle-persistent-id", not isinstance(pid, tuple) or len(pid) != 5)
    try:
        word, kind, key, _, count = pid  # type: ignore[misc]
    except (TypeError, ValueError):
        m.checks.hit("pickle-persistent-id")
    if (
        word != "storage"
        or not isinstance(kind, Global)
        or not isinstance(key, str)
        or type(count) is not int
    ):
        raise ValueError("no storage")
    storage = Storage(kind, key, count)
    m.loaded.storages.append(storage)
    m.push(storage)


def _reduce(m: Machine) -> None:
    args = m.pop()
    m.checks.refuse("pickle-call-arguments", not isinstance(args, tuple))
    try:
        args = (*args,)  # type: ignore[misc]
    except TypeError:
        m.checks.hit("pickle-call-arguments")
    m.call(m.pop(), args)


def _new(m: Machine, *, keywords: bool) -> None:
    if keywords and not isinstance(m.pop(), dict):
        raise ValueError("keywords are a dict")
    args = m.pop()
    if not isinstance(args, tuple):
        raise ValueError("arguments are a tuple")
    m.call(m.pop(), args)


def _build(m: Machine) -> None:
    state = m.pop()
    target = m.top()
    m.checks.refuse("pickle-build-global", isinstance(target, Global))
    if not isinstance(state, dict | tuple | list):
        raise ValueError("no state")
    if isinstance(target, Global):  # The class itself would be written to.
        m.checks.hit("pickle-build-global")
    if not isinstance(target, Made):
        raise ValueError("not made here")


def _global(m: Machine) -> None:
    m.push(m.imported(m.text(m.line()), m.text(m.line())))


def _inst(m: Machine) -> None:
    name = m.imported(m.text(m.line()), m.text(m.line()), "pickle-inst-import")
    m.call(name, tuple(m.items()))


def _obj(m: Machine) -> None:
    callee, *args = m.items() or [None]
    m.call(callee, tuple(args))


def _stack_global(m: Machine) -> None:
    name, module = m.pop(), m.pop()
    remembered = id(name) in m.fetched or id(module) in m.fetched
    m.push(m.imported(module, name, "pickle-memo-import" if remembered else ""))


def _extension(m: Machine, form: str) -> None:
    code = m.number(form)
    m.checks.refuse("pickle-extension", code not in EXTENSIONS)
    try:
        m.push(EXTENSIONS[code])
    except KeyError:
        m.checks.hit("pickle-extension")


def _dict(m: Machine) -> None:
    items = m.items()
    m.push({})
    m.set_items(items)


def _set_item(m: Machine) -> None:
    value, key = m.pop(), m.pop()
    m.set_items([key, value])


def _hashed(m: Machine, *, frozen: bool) -> None:
    items = m.items()
    try:
        made = frozenset(items)
    except TypeError:
        raise ValueError("unhashable") from None
    if frozen:
        m.push(made)
        return
    target = m.top()
    if not isinstance(target, set):
        raise ValueError("no set")
    target |= made


def _append(m: Machine) -> None:
    m.append((m.pop(),))


def _refused(m: Machine) -> None:
    raise ValueError("not read here")


def _tuple(count: int) -> Callable[[Machine], None]:
    def step(m: Machine) -> None:
        m.push(tuple([m.pop() for _ in range(count)][::-1]))

    return step


PROTOCOLS = ("text", "binary", "short", "bytes", "framed", "out of band")
EXTENSIONS = {0x01: Global("copyreg", "registered")}

STEPS: dict[int, Callable[[Machine], object]] = {
    0x80: _proto,
    0x95: _frame,
    ord("("): _mark,
    ord("0"): _pop,
    ord("1"): Machine.items,
    ord("2"): lambda m: m.push(m.top()),
    ord("I"): _int,
    ord("L"): _long,
    ord("S"): _string,
    ord("F"): lambda m: m.push(float(m.line())),
    ord("G"): lambda m: m.push(struct.unpack(">d", m.take(8))[0]),
    ord("J"): lambda m: m.push(m.number("<i")),
    ord("K"): lambda m: m.push(m.number("B")),
    ord("M"): lambda m: m.push(m.number("<H")),
    0x8A: lambda m: m.push(int.from_bytes(m.counted("B"), "little", signed=True)),
    0x8B: lambda m: m.push(int.from_bytes(m.counted("<i"), "little", signed=True)),
    ord("N"): lambda m: m.push(None),
    0x88: lambda m: m.push(True),
    0x89: lambda m: m.push(False),
    ord("P"): _refused,
    ord("Q"): _persistent,
    ord("T"): lambda m: m.push(m.counted("<i")),
    ord("U"): lambda m: m.push(m.counted("B")),
    ord("B"): lambda m: m.push(m.counted("<I")),
    ord("C"): lambda m: m.push(m.counted("B")),
    0x8E: lambda m: m.push(m.counted("<Q")),
    0x96: lambda m: m.push(bytearray(m.counted("<Q"))),
    ord("V"): lambda m: m.push(m.line().decode("raw-unicode-escape")),
    0x8C: lambda m: m.push(m.text(m.counted("B"))),
    ord("X"): lambda m: m.push(m.text(m.counted("<I"))),
    0x8D: lambda m: m.push(m.text(m.counted("<Q"))),
    ord("]"): lambda m: m.push([]),
    ord("}"): lambda m: m.push({}),
    ord(")"): lambda m: m.push(()),
    0x8F: lambda m: m.push(set()),
    ord("l"): lambda m: m.push(m.items()),
    ord("t"): lambda m: m.push(tuple(m.items())),
    0x85: _tuple(1),
    0x86: _tuple(2),
    0x87: _tuple(3),
    ord("d"): _dict,
    ord("a"): _append,
    ord("e"): lambda m: m.append(m.items()),
    ord("s"): _set_item,
    ord("u"): lambda m: m.set_items(m.items()),
    0x90: lambda m: _hashed(m, frozen=False),
    0x91: lambda m: _hashed(m, frozen=True),
    ord("p"): lambda m: m.put(m.decimal(m.line())),
    ord("q"): lambda m: m.put(m.number("B")),
    ord("r"): lambda m: m.put(m.number("<I")),
    0x94: lambda m: m.put(len(m.memo)),
    ord("g"): lambda m: m.get(m.decimal(m.line())),
    ord("h"): lambda m: m.get(m.number("B")),
    ord("j"): lambda m: m.get(m.number("<I")),
    ord("c"): _global,
    0x93: _stack_global,
    ord("i"): _inst,
    ord("o"): _obj,
    ord("R"): _reduce,
    ord("b"): _build,
    0x81: lambda m: _new(m, keywords=False),
    0x92: lambda m: _new(m, keywords=True),
    0x82: lambda m: _extension(m, "B"),
    0x83: lambda m: _extension(m, "<H"),
    0x84: lambda m: _extension(m, "<i"),
    0x97: _refused,
    0x98: _refused,
}
