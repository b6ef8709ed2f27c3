"""A file that is named like a model and begins like no format is not judged: some loader may still read it.

The near miss has the same words as the text of a pickle.
"""

from __future__ import annotations

from tests.build import pkasm

NAME = "model.bin"
OFFSET = 0
NEAR_MISS_IS_INERT = True

WORDS = "weights, in a format of our own"


def fires() -> bytes:
    return WORDS.encode()


def near_miss() -> bytes:
    return pkasm(f"UNICODE {WORDS}\nSTOP").data
