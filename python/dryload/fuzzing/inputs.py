"""The inputs of a fuzzing run by their numbers: the same seed, format and files give the same input.

The core makes them: files of the format that are right, that have one fault of the catalogue, that carry an
attack, and mutants of these and of the files that are given.
"""

from __future__ import annotations

import random
from pathlib import Path

from dryload._native import crossover, faults, formats, generate, mutate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


class Inputs:
    """The inputs of one run."""

    def __init__(
        self,
        format: str,
        seeds: Sequence[bytes],
        *,
        seed: int = 1,
        max_len: int = 4096,
        words: Sequence[bytes] = (),
        reached: Sequence[bytes] = (),
    ) -> None:
        """Takes the files that a run begins with, if any, and words that are put in here and there.

        The words in `reached` are taken more often than those in `words`; it may grow while inputs are made.

        Raises:
            ValueError: the format is unknown.
        """
        if format not in FORMATS:
            raise ValueError(f"the format is one of {', '.join(FORMATS)}, not {format!r}")
        self._format = format
        self._seeds = [data[:max_len] for data in seeds]
        self._learned: list[bytes] = []
        self._places: dict[Hashable, int] = {}
        self._accepted: dict[int, bytes] = {}
        self._words = list(words)
        self._reached = reached
        self._faults = [slug for slug in faults(format) if slug not in LONG]
        self._seed = seed
        self._max_len = max_len

    def learn(self, data: bytes, shape: Hashable) -> None:
        """Takes an input as one of which more is to be made; its shape says what it reached."""
        self._places.setdefault(shape, len(self._learned))
        self._learned.append(data)

    def saw(self, number: int, data: bytes, *, fresh: bool, shape: Hashable, accepted: bool) -> int | None:
        """Takes what became of an input, and gives its place if it is one of which more is to be made.

        One that is fresh gets a place behind the others. One that is not takes the place of one of the same
        shape that is longer, or as long and greater; else it is kept for a while if the target took it, with
        a few more: two steps of which only the second is seen start from one of them.
        """
        if fresh:
            self.learn(data, shape)
            return len(self._learned) - 1
        place = self._places.get(shape)
        if place is not None:
            known = self._learned[place]
            if (len(data), data) < (len(known), known):
                self._learned[place] = data
                return place
        if accepted:
            self._accept(data, number)
        return None

    def _accept(self, data: bytes, number: int) -> None:
        if data not in self._learned and data not in self._accepted.values():
            self._accepted[number * 0x9E3779B1 >> 8 & ACCEPTED - 1] = data

    def at(self, number: int) -> bytes:
        """Makes one input: first the files as they are, then what is made of them and of what was learned."""
        if number < len(self._seeds):
            return self._seeds[number]
        if number == len(self._seeds):
            return generate(self._format, self._seed, "valid") if self._format != "bytes" else b""
        draw = random.Random(self._seed * 0x9E3779B97F4A7C15 + number)
        lot = draw.random()
        if lot < (0.03 if self._format == "bytes" else 0.1):
            return self._new(draw)[: self._max_len]
        if lot < 0.15:
            made = crossover(self._format, draw.getrandbits(64), self._base(draw), self._base(draw))
            return made[: self._max_len]
        data, other = self._base(draw), self._base(draw)
        often = 0.3 if self._format == "bytes" else 0.1
        word = bool(self._words or self._reached) and draw.random() < often
        if not (word and draw.random() < 0.6):
            # A word is of most use in an input that is otherwise as it was.
            for _ in range(ROUNDS[int(draw.random() * len(ROUNDS))]):
                data = mutate(self._format, draw.getrandbits(64), data, other)
        return (self._with_word(data, draw) if word else data)[: self._max_len]

    def _with_word(self, data: bytes, draw: random.Random) -> bytes:
        """Puts a word in, or writes it over what is there."""
        words = self._reached if self._reached and (draw.random() < 0.7 or not self._words) else self._words
        word = words[int(draw.random() * len(words))]
        lot = draw.random()
        # Parsers look at the start, and behind what they have read.
        at = 0 if lot < 0.2 else len(data) if lot < 0.5 else int(draw.random() * (len(data) + 1))
        return data[:at] + word + data[at + (len(word) if draw.random() < 0.5 else 0) :]

    def _base(self, draw: random.Random) -> bytes:
        """What a mutant is made of: mostly a file that is given or was learned, the latest more often."""
        if self._accepted and draw.random() < 0.35:
            accepted = list(self._accepted.values())
            return accepted[int(draw.random() * len(accepted))]
        if self._learned and draw.random() < (0.9 if self._format == "bytes" else 0.6):
            count = len(self._learned)
            place = draw.random()
            return self._learned[count - 1 - int(place * place * count)]
        if self._seeds and draw.random() < 0.7:
            return self._seeds[int(draw.random() * len(self._seeds))]
        return generate(self._format, draw.getrandbits(64), "valid" if draw.random() < 0.7 else "any")

    def _new(self, draw: random.Random) -> bytes:
        if self._faults and draw.random() < 0.5:
            slug = self._faults[int(draw.random() * len(self._faults))]
            return generate(self._format, draw.getrandbits(64), slug)
        return generate(self._format, draw.getrandbits(64), "any")


def read_seeds(folder: str | None) -> list[bytes]:
    """Reads the files below a folder, in the order of their names; of large ones the first megabyte."""
    if folder is None:
        return []
    found = []
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                found.append(file.read(1 << 20))
    return found


FORMATS = tuple(formats())
# Faults that take a megabyte to make.
LONG = frozenset({"safetensors-large-header", "safetensors-many-empty", "safetensors-large-metadata"})
# Inputs that were taken and are kept, a power of two.
ACCEPTED = 64
# Mutations on top of each other.
ROUNDS = (1, 1, 1, 1, 2, 3)
