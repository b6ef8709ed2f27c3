"""A link out of the folder: what is unpacked or read through it is a file of the machine.

The near miss climbs as far as its own folder is deep.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import header, link, long_name, member, pax, tar

NAME = "model.tar"
OFFSET = 1024
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return tar(member("a.pkl"), link("d/b.pkl", "../../a.pkl"))


def near_miss() -> bytes:
    return tar(member("a.pkl"), link("d/b.pkl", "../a.pkl"), link("c.pkl", "a.pkl", flag=b"1"))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "absolute": (NAME, tar(link("b.pkl", "/etc/passwd"))),
        "a hard link": (NAME, tar(link("d/b.pkl", "../a.pkl", flag=b"1"))),
        "encoded for a URL": (NAME, tar(link("b.pkl", "%2e%2e/a.pkl"))),
        "by a dot that is one when names are normalised": (NAME, tar(link("d/b.pkl", "../\u2025/a.pkl"))),
        "to the folder above": (NAME, tar(link("d", ".."))),
        # Where x leads to the folder itself, x/.. is the folder above.
        "through another link": (
            NAME,
            tar(header("d/", flag=b"5"), link("d/x", "."), link("b", "d/x/../..")),
        ),
        "by a long target": (NAME, tar(long_name("/etc/passwd", flag=b"K"), link("b.pkl", "a"))),
        "by a linkpath of pax": (NAME, tar(pax({"linkpath": "/etc/passwd"}), link("b.pkl", "a"))),
    }
