"""A shape expression that is Python: the loader's `sympy.sympify` evaluates it.

The near miss is arithmetic over symbols.
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


OFFSET = len('{"as_expr": {"expr_str": ')


def fires() -> bytes:
    return graph('{"as_expr": {"expr_str": "s0 + __import__(1)"}}')


def near_miss() -> bytes:
    return graph("""{"as_expr": {"expr_str": "Add(Symbol('s0', integer=True), Mod(u1, 1.5))"}}""")


def variants() -> Mapping[str, tuple[str, bytes]]:
    texts = {
        "an attribute": '{"expr_str": "s0.__class__"}',
        "an attribute of a number": '{"expr_str": "1.real"}',
        "a text": '{"expr_str": "s0 + \\"a\\""}',
        "an item": '{"expr_str": "s0[0]"}',
        "a name": '{"expr_str": "sympify(s0)"}',
    }
    return {claim: (NAME, graph(text)) for claim, text in texts.items()}
