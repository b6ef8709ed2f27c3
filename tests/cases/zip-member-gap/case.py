"""A member that the directory does not name: readers that walk local headers still find it.

Made by taking its entry out of the directory; the near miss pads its members, as torch does, in the extra
field.
"""

from __future__ import annotations

import io
import zipfile

from tests.build import END, end_at, entry_at, field, local_at, pkasm, with_field, zipped

NAME = "model.zip"
NEAR_MISS_IS_INERT = True

PICKLE = pkasm("PROTO 2\nNONE\nSTOP").data
WHOLE = zipped({"a.pkl": PICKLE, "b.pkl": PICKLE, "c.pkl": PICKLE})
OFFSET = local_at(WHOLE, 1)


def fires() -> bytes:
    first, second = entry_at(WHOLE, 1), entry_at(WHOLE, 2)
    archive = WHOLE[:first] + WHOLE[second:]
    end = end_at(archive)
    size = field(archive, end, END, "size") - (second - first)
    for name, value in (("entries_here", 2), ("entries", 2), ("size", size)):
        archive = with_field(archive, end, END, name, value)
    return archive


def near_miss() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("a.pkl", "b.pkl"):
            info = zipfile.ZipInfo(name)
            info.extra = b"FB\x1c\x00" + b"Z" * 28
            archive.writestr(info, PICKLE)
    return file.getvalue()
