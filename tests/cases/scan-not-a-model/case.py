"""A page saved under a model's name: the server wanted a login, and the download kept its answer.

The near miss holds the page as metadata of a real safetensors file.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors

NAME = "model.bin"
OFFSET = 0
NEAR_MISS_IS_INERT = True

PAGE = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n"


def fires() -> bytes:
    return PAGE.encode()


def near_miss() -> bytes:
    return safetensors({"__metadata__": {"was": PAGE}})


def variants() -> Mapping[str, tuple[str, bytes]]:
    contents = {
        "an error of a store": b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>',
        "an error of an interface": b'{"error": "not found"}',
        "a program for Linux": b"\x7fELF\x02\x01\x01".ljust(64, b"\0"),
        "a program for Windows": b"MZ".ljust(0x3C, b"\0") + b"\x40\0\0\0PE\0\0",
        "a program for macOS": b"\xca\xfe\xba\xbe\0\0\0\x02".ljust(64, b"\0"),
        "a class of Java": b"\xca\xfe\xba\xbe\0\0\0\x41".ljust(64, b"\0"),
        "a program for every system": b"MZqFpD='\n",
        "a program for browsers": b"\0asm\x01\0\0\0",
        "a script": b"#!/bin/sh\necho\n",
        "the source of a program": b"import os\nprint(os.name)\n",
        "an image": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        "a document": b"%PDF-1.7\n",
    }
    return {claim: (name, data) for claim, data in contents.items() for name in (NAME,)}
