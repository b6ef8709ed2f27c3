"""What `dryload fuzz` makes more of: lines reached more often, simpler inputs, words of reached code."""

from __future__ import annotations

import pytest

from dryload.fuzzing.coverage import Coverage
from dryload.fuzzing.inputs import Inputs

MAGIC = b"\x7fMAG"


class Proxy:
    """Stands for an object that cannot even be asked for its class."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise RuntimeError("outside of a request")


KNOWN = (MAGIC, Proxy())


def parse(data: bytes) -> int:
    """A docstring is no word."""
    if not data.startswith(KNOWN[0]):
        raise ValueError("this text is for people")
    turns = 0
    for byte in data[4:]:
        if byte == 7:
            turns += rare(data)
        turns += 1
    return turns


def rare(data: bytes) -> int:
    return 1 if b"needle" in data else 2


def see(coverage: Coverage, data: bytes) -> bool:
    coverage.start()
    try:
        parse(data)
    except ValueError as error:
        coverage.stop()
        coverage.message(error)
    finally:
        coverage.stop()
    return coverage.fresh


@pytest.fixture(scope="module")
def coverage() -> Coverage:
    # One for all tests: `sys.monitoring` gives a tool's number once.
    return Coverage()


def test_more_turns_of_a_loop_are_new_and_a_few_more_are_not(coverage: Coverage) -> None:
    assert see(coverage, b"x")
    assert not see(coverage, b"y")
    assert see(coverage, MAGIC)
    assert see(coverage, MAGIC + b"a")
    assert not see(coverage, MAGIC + b"b")
    assert see(coverage, MAGIC + b"a" * 40)
    assert not see(coverage, MAGIC + b"a" * 44)
    shape = coverage.shape
    see(coverage, MAGIC + b"b" * 45)
    assert coverage.shape == shape
    see(coverage, MAGIC)
    assert coverage.shape != shape


def test_words_are_those_of_the_code_that_was_reached(coverage: Coverage) -> None:
    see(coverage, MAGIC + b"a")
    assert MAGIC in coverage.words
    assert not any(b"docstring" in word or b"people" in word for word in coverage.words)
    assert b"needle" not in coverage.words
    see(coverage, MAGIC + b"\x07")
    assert b"needle" in coverage.words


def test_the_simplest_input_of_a_shape_is_the_one_of_which_more_is_made() -> None:
    inputs = Inputs("bytes", (), seed=1)

    def saw(data: bytes, shape: str, *, fresh: bool = False) -> int | None:
        return inputs.saw(5, data, fresh=fresh, shape=shape, accepted=False)

    assert saw(b"long and old", "first", fresh=True) == 0
    assert saw(b"other", "second", fresh=True) == 1
    assert saw(b"longer than the old", "first") is None
    assert saw(b"zz", "first") == 0
    assert saw(b"zz", "first") is None
    assert saw(b"aa", "first") == 0
    assert saw(b"a", "unknown") is None
    assert saw(b"a", "second") == 1


def test_what_was_accepted_is_built_upon() -> None:
    def made(accepted: bool) -> list[bytes]:
        inputs = Inputs("bytes", (), seed=1)
        inputs.saw(4, b"", fresh=True, shape="first", accepted=True)
        inputs.saw(5, b"a rather long input that was accepted", fresh=False, shape="first", accepted=accepted)
        return [inputs.at(number) for number in range(10, 400)]

    assert any(b"rather long" in each for each in made(accepted=True))
    assert not any(b"rather long" in each for each in made(accepted=False))
    assert made(accepted=True) == made(accepted=True)
