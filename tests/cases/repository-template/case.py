"""A chat template that asks for the class of a text.

The near miss asks for its upper case.
"""

from __future__ import annotations

from collections.abc import Mapping

NAME = "repository"
MEMBER = "tokenizer_config.json"
NEAR_MISS_IS_INERT = True


def repositories() -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    return {"tokenizer_config.json": b'{"chat_template": "{{ \'\'.__class__ }}"}'}, {
        "tokenizer_config.json": b'{"chat_template": "{{ \'a\'.upper() }}"}'
    }
