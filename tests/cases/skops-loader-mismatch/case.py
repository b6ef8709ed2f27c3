"""A slice whose class is another: skops makes a slice of it, whatever the class says.

The near miss has the loader's own class.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import skops_node, skops_zip

NAME = "model.skops"
MEMBER = "schema.json"
NEAR_MISS_IS_INERT = True


OFFSET = len('{"__loader__": "SliceNode", "__module__": "builtins", "__class__": ')


def fires() -> bytes:
    return skops_zip(skops_node("SliceNode", "builtins:list", content={"start": 1, "stop": 2, "step": None}))


def near_miss() -> bytes:
    return skops_zip(skops_node("SliceNode", "builtins:slice", content={"start": 1, "stop": 2, "step": None}))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {"a loader that there is not": (NAME, skops_zip(skops_node("EvalNode", "builtins:str")))}
