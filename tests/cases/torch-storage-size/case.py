"""A storage that declares more bytes than its member has.

The loader reads on into other memory (CVE-2026-24747). The near miss declares what there is.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm, tensor_rows, torch_zip

NAME = "model.pt"
MEMBER = "m/data.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm(tensor_rows(numel=3))
OFFSET = FIRES.mark


def fires() -> bytes:
    return torch_zip(FIRES.data, {"0": bytes(8)})


def near_miss() -> bytes:
    return torch_zip(pkasm(tensor_rows(numel=2)).data, {"0": bytes(8)})


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        claim: (NAME, torch_zip(pkasm(rows).data, {"0": bytes(8)}))
        for claim, rows in {
            "a tensor of more elements than its storage": tensor_rows(size="BININT1 4\nTUPLE1"),
            "a tensor that begins behind its storage": tensor_rows(offset=4),
            "a stride that leaves the storage": tensor_rows(stride="BININT2 1000\nTUPLE1"),
            "a negative number of elements": tensor_rows(numel=-2),
            "more elements than 64 bits of bytes": tensor_rows(numel=2**62 + 2),
        }.items()
    }
