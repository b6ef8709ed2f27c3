"""A size of zero in the header and another in the pax header: who steps by the first reads data as headers.

CVE-2025-62518. The near miss has the same size in both.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import header, member, pax, tar

NAME = "model.tar"
OFFSET = 1024
NEAR_MISS_IS_INERT = True

# What the header's size makes a member, and the pax header's makes data.
HIDDEN = tar(member("hidden.pkl"), end=b"")


def fires() -> bytes:
    return tar(pax({"size": str(len(HIDDEN))}), header("a.tar"), HIDDEN)


def near_miss() -> bytes:
    return tar(pax({"size": "4"}), member("a.pkl"))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {"the other way around": (NAME, tar(pax({"size": "0"}), member("a.pkl")))}
