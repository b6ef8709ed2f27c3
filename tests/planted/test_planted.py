"""The planted bugs are there: the omission shows, the check refuses, and sound files pass with either."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.planted.checks import Bug, Planted
from tests.planted.registry import BUGS

ALL = pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)


@ALL
def test_the_smallest_input_shows_the_omission(bug: Bug) -> None:
    with pytest.raises(Planted) as raised:
        bug.target(bug.smallest)
    assert raised.value.args == (bug.name,)


@ALL
def test_the_check_refuses_the_smallest_input(bug: Bug) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever check comes first
        bug.sound(bug.smallest)


@ALL
def test_files_of_their_writers_pass_with_and_without_the_check(bug: Bug) -> None:
    for seed in bug.seeds:
        bug.sound(seed)
        bug.target(seed)


@ALL
def test_without_one_of_its_bytes_or_its_end_it_shows_nothing(bug: Bug) -> None:
    for place in range(len(bug.smallest)):
        for piece in (bug.smallest[:place], bug.smallest[:place] + bug.smallest[place + 1 :]):
            with pytest.raises(ValueError):  # noqa: PT011
                _parsed(bug, piece)


@ALL
def test_mutants_raise_nothing_but_the_bug_and_value_errors(bug: Bug) -> None:
    draw = random.Random(bug.name)
    for number in range(400):
        data = bytearray(draw.choice((bug.smallest, *bug.seeds)))
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(len(data) + 1)
            data[at : at + draw.choice((0, 1, 1, 4))] = draw.randbytes(draw.choice((0, 1, 1, 4)))
        for parse in (bug.sound, bug.target):
            try:
                parse(bytes(data))
            except ValueError:
                continue
            except Planted as planted:
                raised = (parse, *planted.args)
                assert raised == (bug.target, bug.name), number


def test_there_are_enough_bugs_of_each_format() -> None:
    found = Counter(bug.format for bug in BUGS)
    least = {"pickle": 10, "safetensors": 10, "npy": 8, "zip": 9, "torch": 5, "bytes": 5}
    assert all(found[name] >= number for name, number in least.items()), found
    assert len({bug.name for bug in BUGS}) == len(BUGS)


def _parsed(bug: Bug, data: bytes) -> None:
    """Parses, where a file that passes counts as one that does not show the bug."""
    bug.target(data)
    raise ValueError("sound")
