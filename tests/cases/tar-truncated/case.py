"""An archive that ends inside a member.

The near miss ends behind it.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import PICKLE, header, long_name, member, pax, tar

NAME = "model.tar"
OFFSET = 0
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return header("a.pkl", 4096) + PICKLE


def near_miss() -> bytes:
    return tar(member("a.pkl", PICKLE))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "inside its padding": (NAME, header("a.pkl", len(PICKLE)) + PICKLE),
        "inside a header": (NAME, member("a.pkl") + header("b.pkl")[:300]),
        "behind a long name": (NAME, member("a.pkl") + long_name("b.pkl")),
        "inside pax records": (NAME, member("a.pkl") + pax({"path": "b.pkl"})[:600]),
    }
