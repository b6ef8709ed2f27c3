"""A name with text that runs backwards: people see another name than the one that stands there.

The verdict stands without it. The near miss is in another script.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import member, tar

NAME = "model.tar"
OFFSET = 0
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return tar(member("a\u202elkp.txt"))


def near_miss() -> bytes:
    return tar(member("日本/é☃.pkl"), member("with spaces (1).pkl"))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a backslash": (NAME, tar(member("a\\b.pkl"))),
        "a line break": (NAME, tar(member("a\nb.pkl"))),
        "no UTF-8": (NAME, tar(member(b"\xe9.pkl"))),
        "encoded for a URL": (NAME, tar(member("50%de.pkl"))),
        "a device of Windows": (NAME, tar(member("nul.pkl"))),
        "no name": (NAME, tar(member(""))),
    }
