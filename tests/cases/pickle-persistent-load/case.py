"""A persistent load in a pickle that no container explains.

What an id fetches is up to the loading program. The near miss is the same pickle inside the torch archive
that explains it.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm, tensor_rows, torch_zip

NAME = "model.pt"
NEAR_MISS_IS_INERT = True

FIRES = pkasm(tensor_rows())
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return torch_zip(FIRES.data, {"0": bytes(8)})


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "an id of text": ("model.pkl", pkasm("PERSID 17\nSTOP").data),
        "an id in a torch archive that is no storage": (
            "model.pt",
            torch_zip(pkasm("PROTO 2\nBINUNICODE 'x'\nBINPERSID\nSTOP").data, {"0": bytes(8)}),
        ),
    }
