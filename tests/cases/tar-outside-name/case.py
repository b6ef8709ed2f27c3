"""A member that climbs out of the folder it is unpacked in.

The near miss has dots where they lead nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import header, long_name, member, pax, tar

NAME = "model.tar"
OFFSET = 0
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return tar(member("../a.pkl"))


def near_miss() -> bytes:
    return tar(member("./..a/.../b..pkl"), member("c/./d.pkl"))


def variants() -> Mapping[str, tuple[str, bytes]]:
    names = {
        "absolute": "/a.pkl",
        "in the middle": "a/../../b.pkl",
        "on Windows": "..\\a.pkl",
        "to a drive": "C:a.pkl",
        "to a server": "\\\\server\\a.pkl",
        "behind what is no UTF-8": b"\xff/../../a.pkl",
        "encoded for a URL": "%2e%2e/a.pkl",
        "by overlong dots": b"\xc0\xae\xc0\xae/a.pkl",
        "by a dot that is one when names are normalised": "\u2025/a.pkl",
        "by a space that Windows drops": ".. /a.pkl",
        "to a home": "~root/a.pkl",
    }
    return {
        **{claim: (NAME, tar(member(name))) for claim, name in names.items()},
        "by a long name": (NAME, tar(long_name("../a.pkl"), member("a.pkl"))),
        "by a path of pax": (NAME, tar(pax({"path": "../a.pkl"}), member("a.pkl"))),
        "by a prefix": (NAME, tar(member("a.pkl", prefix=b".."))),
        "a folder": (NAME, tar(header("../d", flag=b"5"))),
    }
