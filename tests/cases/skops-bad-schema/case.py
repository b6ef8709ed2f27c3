"""A node without its content.

The near miss has it.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import skops_node, skops_zip, zipped

NAME = "model.skops"
MEMBER = "schema.json"
NEAR_MISS_IS_INERT = True


OFFSET = 0


def fires() -> bytes:
    return skops_zip(skops_node("JsonNode", "builtins:str"))


def near_miss() -> bytes:
    return skops_zip(skops_node("JsonNode", "builtins:str", content="1"))


def variants() -> Mapping[str, tuple[str, bytes]]:
    names = '"__loader__": "JsonNode", "__module__": "builtins", "__class__": "str"'
    node = f'"protocol": 2, {names}, "content": "1"'
    texts = {
        "a key twice": f'{{{node}, "__class__": "eval"}}',
        "cut": f"{{{node}",
        "no JSON of RFC 8259": f'{{{node}, "a": NaN}}',
        "a text for a number": f'{{{node}, "__id__": "1"}}',
        "a fraction for a number": f'{{{node}, "__id__": 1.0}}',
        "no object": f"[{{{node}}}]",
    }
    return {claim: (NAME, zipped({"schema.json": text.encode()})) for claim, text in texts.items()}
