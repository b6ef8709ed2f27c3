"""A pickle for each number: half of them generated, half of them mutants.

It holds no seeds of its own: whoever runs a budget brings files, and gets the same pickles for the same
numbers and files.
"""

from __future__ import annotations

from dryload._native import generate_pickle, mutate_pickle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def pickle_of(number: int, seeds: Sequence[bytes] = ()) -> bytes:
    """Makes the pickle of a number: generated if the number is even, a mutant if it is odd.

    Half of the mutants are made of seeds, when there are any, the others of generated pickles.

    >>> pickle_of(4) == pickle_of(4)
    True
    """
    if number % 2 == 0:
        return generate_pickle(number)
    draw = (number * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF) >> 16
    use, which, donor = draw % 2, draw // 2, draw // 0x10001
    data = seeds[which % len(seeds)] if use and seeds else generate_pickle(number ^ 0x5555_5555)
    other = seeds[donor % len(seeds)] if number % 3 and seeds else generate_pickle(number ^ 0xAAAA_AAAA)
    made = mutate_pickle(number, data, other)
    return mutate_pickle(number + 1, made, data) if draw % 5 == 0 else made
