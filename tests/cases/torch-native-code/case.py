"""A library in an archive of torch.export, which AOTInductor unpacks and loads.

The near miss has a pickle in its place.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import export_zip, pkasm

NAME = "model.pt2"
MEMBER = None
# A program is never inert by itself.
NEAR_MISS_IS_INERT = False

LIBRARY = b"\x7fELF\x02\x01\x01" + bytes(57)


def fires() -> bytes:
    return export_zip({"data/aotinductor/model/model.so": LIBRARY})


def near_miss() -> bytes:
    return export_zip({"data/sample_inputs/model.pkl": pkasm("PROTO 2\nNONE\nSTOP").data})


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "source that is built": (NAME, export_zip({"data/aotinductor/model/wrapper.cpp": b"int main() {}"})),
        "a library elsewhere": (NAME, export_zip({"extra/a.DLL": b"MZ"})),
    }
