"""A symbolic link with a size: tarfile reads what follows as a header, GNU tar skips it.

The near miss is a folder of no size, and a file whose name has a slash inside.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import header, member, pax, tar

NAME = "model.tar"
OFFSET = 512 + 512
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return tar(member("a.pkl"), header("b", 512, flag=b"2", link=b"a.pkl"), member("c.pkl"))


def near_miss() -> bytes:
    return tar(header("d/", flag=b"5"), header("e/", flag=b"\0"), member("d/c.pkl"))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a folder": (NAME, tar(header("d", 512, flag=b"5"), member("c.pkl"))),
        "a hard link": (
            NAME,
            tar(member("a.pkl"), header("b", 512, flag=b"1", link=b"a.pkl"), member("c.pkl")),
        ),
        "a folder of v7": (NAME, tar(header("d/", 512, flag=b"\0"), member("c.pkl"))),
        "a file that is called like a folder": (NAME, tar(member("d/"))),
        "a size of the pax header": (
            NAME,
            tar(pax({"size": "512"}), header("d", flag=b"5"), member("c.pkl")),
        ),
    }
