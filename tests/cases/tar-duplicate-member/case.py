"""Two members of one name: tarfile takes the last, a reader that looks for a name takes the first.

The near miss has one name in two folders, and a folder twice.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import header, link, member, tar

NAME = "model.tar"
OFFSET = 1024
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return tar(member("a.pkl"), member("a.pkl"))


def near_miss() -> bytes:
    return tar(header("d/", flag=b"5"), member("d/a.pkl"), header("./d", flag=b"5"), member("e/a.pkl"))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "but for a dot": (NAME, tar(member("a.pkl"), member("./a.pkl"))),
        "but for slashes": (NAME, tar(member("d/a.pkl"), member("d//a.pkl"))),
        "but for case": (NAME, tar(member("a.pkl"), member("A.pkl"))),
        "a link of the name": (NAME, tar(member("b.pkl"), member("a.pkl"), link("a.pkl", "b.pkl"))),
    }
