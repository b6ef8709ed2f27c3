"""A member that is unpacked through a link of the archive: where it lands depends on who comes first.

The near miss stands beside the link.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import header, link, member, tar

NAME = "model.tar"
OFFSET = 512 + 512
NEAR_MISS_IS_INERT = True

FOLDER = header("d/", flag=b"5")


def fires() -> bytes:
    return tar(FOLDER, link("x", "d"), member("x/a.pkl"))


def near_miss() -> bytes:
    return tar(FOLDER, link("x", "d"), member("xa.pkl"), member("d/x.pkl"))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "before the link": (NAME, tar(FOLDER, member("x/a.pkl"), link("x", "d"))),
        "far behind it": (NAME, tar(FOLDER, link("x", "d"), member("x/y/z/a.pkl"))),
        "but for case": (NAME, tar(FOLDER, link("x", "d"), member("X/a.pkl"))),
    }
