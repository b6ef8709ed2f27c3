"""Which built-in policies allow a name: what a finding about a name that nobody knows can offer.

The rows are those of `data/policies.tsv`, read once and only when there is such a finding. It refuses to
say what may be done with the name, and never looks at the policy in force.
"""

from __future__ import annotations

import os
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def allowing(module: str, qualname: str) -> tuple[str, ...]:
    """Gives the built-in policies that list a name themselves, in the order of the table.

    >>> allowing("collections", "deque")
    ('stdlib',)
    """
    return _by_name().get((module, qualname), ())


@cache
def _by_name() -> Mapping[tuple[str, str], tuple[str, ...]]:
    policies: dict[tuple[str, str], tuple[str, ...]] = {}
    policy = ""
    with open(TABLE, encoding="utf-8") as file:
        for line in file:
            kind, *fields = line.rstrip("\n").split("\t")
            if kind == "policy":
                policy = fields[0]
            elif kind == "allow":
                pair = fields[0], fields[1]
                policies[pair] = (*policies.get(pair, ()), policy)
    return policies


TABLE = os.path.join(os.path.dirname(__file__), "data", "policies.tsv")
