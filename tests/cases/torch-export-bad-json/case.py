"""A graph with a comma too many: a reader that repairs it sees another program.

The near miss has the comma not.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import export_zip

NAME = "model.pt2"
MEMBER = "e/models/model.json"
# A program is never inert by itself.
NEAR_MISS_IS_INERT = False


def graph(text: str) -> bytes:
    return export_zip({"models/model.json": text.encode("latin-1")})


OFFSET = len('{"a": [1,')


def fires() -> bytes:
    return graph('{"a": [1,]}')


def near_miss() -> bytes:
    return graph('{"a": [1]}')


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "cut": (NAME, graph('{"a": [1')),
        "not UTF-8": (NAME, graph('{"a": "\\xe9"}'.replace("\\xe9", "\xe9"))),
        "two values": (NAME, graph("{} {}")),
        "deeper than any reader goes": (NAME, graph("[" * 2000)),
        "a list of weights": (NAME, export_zip({"data/weights/model_weights_config.json": b'{"config": }'})),
    }
