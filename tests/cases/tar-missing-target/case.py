"""A link to a file that the archive does not have: what is loaded stands elsewhere.

The near miss leads to a folder that only the paths of members name.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import link, member, tar

NAME = "model.tar"
OFFSET = 1024
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return tar(member("a.pkl"), link("b.pkl", "c.pkl"))


def near_miss() -> bytes:
    return tar(member("d/e/a.pkl"), link("latest", "d/e"), link("here", "."))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a hard link to what comes later": (NAME, tar(link("b.pkl", "a.pkl", flag=b"1"), member("a.pkl"))),
        "a hard link to a folder": (NAME, tar(member("d/a.pkl"), link("b", "d", flag=b"1"))),
        "in another folder": (NAME, tar(member("a.pkl"), link("d/b.pkl", "a.pkl"))),
    }
