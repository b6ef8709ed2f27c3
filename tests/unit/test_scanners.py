"""A scanner that misses is shown to miss, and ours is not."""

from __future__ import annotations

import pickletools
import sys
from collections.abc import Callable

import pytest

from dryload import Verdict, scan
from dryload.fuzzing.corpus import pickle_of
from dryload.fuzzing.scanners import Missed, scanner

EVIL = [
    b"cposix\nsystem\n(S'true'\ntR.",
    b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.",
    b"I0x1\n0cposix\nsystem\n(S'true'\ntR.",
    b"N.cposix\nsystem\n.",
]


def listed(data: bytes) -> bool:
    """A scanner as they are made: a list of names, over what `pickletools` reads."""
    try:
        return all(arg != "posix system" for _, arg, _ in pickletools.genops(data))
    except ValueError:
        return True


def test_a_list_over_another_decoder_misses_and_is_told() -> None:
    target = scanner(listed)
    target(EVIL[0])
    for data in EVIL[1:3]:
        with pytest.raises(Missed, match=r"asks for posix\.system, and the scanner says clean"):
            target(data)
    target(b"\x80\x04N.")


def ours(data: bytes) -> bool:
    return scan(data).verdict is Verdict.INERT


@pytest.mark.parametrize("made", [lambda number: EVIL[number % len(EVIL)], pickle_of])
def test_ours_misses_none_of_them(made: Callable[[int], bytes]) -> None:
    target = scanner(ours)
    for number in range(1000):
        target(made(number))


def test_names_that_are_allowed_in_some_use_are_not_held_against_a_scanner() -> None:
    """Found by fuzzing this with our own scanner; so was a name that is no UTF-8."""
    zone = b"cbuiltins\ngetattr\n(czoneinfo\nZoneInfo\nV_unpickle\ntR(VUTC\nI01\ntR."
    assert ours(zone)
    scanner(ours)(zone)
    scanner(lambda _: True)(b"\x80\x04\x8c\x03\xed\xa0\x80\x8c\x01a\x93.")


def test_a_command_is_asked_by_its_exit_code() -> None:
    words = [
        sys.executable,
        "-c",
        "import sys; sys.exit(b'posix' in open(sys.argv[1], 'rb').read())",
        "{path}",
    ]
    scanner(words)(EVIL[0])
    with pytest.raises(Missed):
        scanner(words)(b"cos\nsystem\n.")
