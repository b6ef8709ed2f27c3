"""A long name twice: tarfile takes the first, others the last.

The near miss has a long name and a long target, and pax records that name neither.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import link, long_name, member, pax, tar

NAME = "model.tar"
OFFSET = 1024 + 512
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return tar(long_name("a.pkl"), long_name("b.pkl"), member("c.pkl"))


def near_miss() -> bytes:
    ahead = long_name("b") + long_name("a.pkl", flag=b"K") + pax({"mtime": "1.5"})
    return tar(member("a.pkl"), ahead, link("c", "d"))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "two pax headers": (NAME, tar(pax({"path": "a.pkl"}), pax({"path": "b.pkl"}), member("c.pkl"))),
        "a long name and a path": (NAME, tar(pax({"path": "a.pkl"}), long_name("b.pkl"), member("c.pkl"))),
        "the other way around": (NAME, tar(long_name("b.pkl"), pax({"path": "a.pkl"}), member("c.pkl"))),
        "a long target and a linkpath": (
            NAME,
            tar(member("a"), pax({"linkpath": "a"}), long_name("b", flag=b"K"), link("c", "d")),
        ),
    }
