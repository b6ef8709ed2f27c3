"""The checks of a planted parser, one of which may be left out.

A parser asks `refuse` before it goes on, and calls `hit` where a missing check does its damage: further down,
when every other check has passed. Without an omission both raise ValueError.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass


class Planted(Exception):
    """The damage of an omitted check; its only argument is the name of the bug."""


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks of one run, less those omitted."""

    omit: Set[str] = frozenset()

    def refuse(self, check: str, bad: object) -> None:
        """Refuses the input where a check that is in force found something.

        Raises:
            ValueError: it did.
        """
        if bad and check not in self.omit:
            raise ValueError(check)

    def hit(self, check: str) -> None:
        """Marks where the damage happens.

        Raises:
            Planted: the check was left out.
            ValueError: it is in force.
        """
        if check in self.omit:
            raise Planted(check)
        raise ValueError(check)


@dataclass(frozen=True, slots=True)
class Bug:
    """One omitted check: what is left out, the smallest file by hand that shows it, and three sound files."""

    name: str
    format: str
    omitted: str
    smallest: bytes
    seeds: tuple[bytes, ...]
    parse: Callable[[bytes, Set[str]], object]

    def target(self, data: bytes) -> None:
        """Parses without the check.

        Raises:
            Planted: the input shows the bug.
            ValueError: the input is malformed in a way that the parser knows.
        """
        self.parse(data, frozenset((self.name,)))

    def sound(self, data: bytes) -> None:
        """Parses with all checks.

        Raises:
            ValueError: the input is malformed.
        """
        self.parse(data, frozenset())
