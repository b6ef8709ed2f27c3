"""Two nodes of one number: skops loads the first in place of both.

The near miss has two nodes that are the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import skops_node, skops_zip

NAME = "model.skops"
MEMBER = "schema.json"
NEAR_MISS_IS_INERT = True


FIRST = skops_node("JsonNode", "builtins:str", content="1", __id__=7)


def both(second: Mapping[str, object]) -> bytes:
    return skops_zip(skops_node("ListNode", "builtins:list", content=[FIRST, second]))


def fires() -> bytes:
    return both(skops_node("FunctionNode", "numpy:ndarray", __id__=7))


def near_miss() -> bytes:
    return both(FIRST)


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "another kind of value": (
            NAME,
            both(skops_node("JsonNode", "builtins:str", content='"a"', __id__=7)),
        ),
        "a reference to nothing": (NAME, both(skops_node("CachedNode", "builtins:str", __id__=8))),
    }
