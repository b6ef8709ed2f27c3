"""What `torch.load` makes of the tricks with zips: where it takes one of two pickles, the file is not inert.

The pickles hold a number each, which tells which of them was loaded; nothing here acts. Each trick is also
held against what `zipfile` reads, because that is what scanners read.
"""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile
from collections.abc import Callable

import pytest

from dryload import Verdict, scan
from tests.build import LOCAL, local_at, patched, torch_zip, with_flags

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::Warning")]

ONE, TWO = pickle.dumps(111_111, 2), pickle.dumps(222_222, 2)


def twice() -> bytes:
    file = io.BytesIO(torch_zip(ONE, {}))
    with warnings.catch_warnings(), zipfile.ZipFile(file, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("m/data.pkl", TWO)
    return file.getvalue()


def twice_but_for_case() -> bytes:
    file = io.BytesIO(torch_zip(ONE, {}))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("m/DATA.PKL", TWO)
    return file.getvalue()


def other_local_name() -> bytes:
    data = torch_zip(ONE, {})
    return patched(data, local_at(data) + LOCAL["name"], b"m/datA.pkl")


def flipped_checksum() -> bytes:
    data = torch_zip(ONE, {})
    at = data.index(ONE)
    return data[:at] + TWO + data[at + len(TWO) :]


def two_in_a_row(first: bytes, second: bytes) -> bytes:
    return torch_zip(first, {}) + torch_zip(second, {})


def comment_with_an_archive() -> bytes:
    data, inside = torch_zip(ONE, {}), torch_zip(TWO, {})
    return data[:-2] + len(inside).to_bytes(2, "little") + inside


def in_front_of_it(front: bytes) -> bytes:
    return front + torch_zip(ONE, {})


TRICKS: dict[str, Callable[[], bytes]] = {
    "a name twice": twice,
    "a name twice but for case": twice_but_for_case,
    "another local name": other_local_name,
    "content that its checksum denies": flipped_checksum,
    "two archives in a row": lambda: two_in_a_row(ONE, TWO),
    "two archives in a row, turned": lambda: two_in_a_row(TWO, ONE),
    "an archive in the comment": comment_with_an_archive,
    "flags that say encrypted": lambda: with_flags(torch_zip(ONE, {}), 1),
    "a pickle in front": lambda: in_front_of_it(TWO),
    "bytes in front": lambda: in_front_of_it(b"\0" * 64),
    "bytes after": lambda: torch_zip(ONE, {}) + TWO,
}


def of_torch(data: bytes) -> object:
    """What torch loads: the number, or that it refuses."""
    try:
        return torch.load(io.BytesIO(data))
    except Exception as error:
        return type(error).__name__


def of_zipfile(data: bytes) -> object:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return pickle.loads(archive.read("m/data.pkl"))
    except Exception as error:
        return type(error).__name__


def test_the_plain_file_is_loaded_and_inert() -> None:
    data = torch_zip(ONE, {})
    assert of_torch(data) == of_zipfile(data) == 111_111
    assert scan(data, name="m.pt").verdict is Verdict.INERT


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_that_torch_takes_is_never_inert(trick: str) -> None:
    data = TRICKS[trick]()
    loaded = {of_torch(data), of_zipfile(data)}
    # A checksum is compared in full mode.
    full = {"max_checksum_bytes": 2**40}
    assert scan(data, name="m.pt", limits=full).verdict is not Verdict.INERT, loaded
    print(f"{trick}: torch {of_torch(data)}, zipfile {of_zipfile(data)}")


def test_torch_and_zipfile_do_disagree_somewhere() -> None:
    """Or these tricks would show nothing."""
    told = {name: (of_torch(make()), of_zipfile(make())) for name, make in TRICKS.items()}
    assert any(one != other for one, other in told.values()), told
