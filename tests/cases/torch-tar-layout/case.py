"""Storages of a class that torch does not have: where the next pickle begins is not known.

The near miss is a checkpoint as torch 0.1 wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm
from tests.build_tar import storages, tensors, torch_tar

NAME = "model.pt"
OFFSET = 5
MEMBER = "storages"
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return torch_tar(storages=storages(cls="torch UnheardStorage"))


def near_miss() -> bytes:
    return torch_tar()


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "bytes behind the views": (NAME, torch_tar(storages=storages() + b"x")),
        "bytes behind the tensors": (NAME, torch_tar(tensors=tensors() + b"x")),
        "a negative number of elements": (NAME, torch_tar(storages=storages(raw=b"\xff" * 8))),
        "a negative number of dimensions": (NAME, torch_tar(tensors=tensors()[:-32] + b"\xff" * 32)),
        "no count": (NAME, torch_tar(storages=pkasm("PROTO 2\nNONE\nSTOP").data)),
        "views that are none": (NAME, torch_tar(storages=storages(views="NONE"))),
    }
