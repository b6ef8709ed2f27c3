"""The loader gets the scanned bytes or is not called."""

from __future__ import annotations

import asyncio
import ctypes
import io
import os
import pickle
import socket
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import BinaryIO
from unittest.mock import patch

import pytest

from dryload.errors import SourceError, UnsafeLoadError, UnsafeModelError
from dryload.findings import Verdict
from dryload.guards import COPIED, UnsafeModelWarning, guard, guarded, safe_load
from dryload.policy import Policy
from dryload.restricted import RestrictedUnpickler


def read(file: BinaryIO, *, suffix: bytes = b"") -> bytes:
    return file.read() + suffix


def test_the_loader_gets_the_scanned_bytes_and_the_options(tmp_path: Path, plain: bytes) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(plain)
    assert safe_load(path, loader=read, suffix=b"!") == plain + b"!"


def test_the_loader_gets_what_was_scanned_even_if_the_file_changes_meanwhile(
    tmp_path: Path, plain: bytes, evil: bytes
) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(plain)

    def late(file: BinaryIO) -> bytes:
        elsewhere(lambda: path.write_bytes(evil))
        return file.read()

    assert safe_load(path, loader=late) == plain


def test_the_loader_is_not_called_unless_the_file_is_inert(tmp_path: Path, plain: bytes, evil: bytes) -> None:
    path = tmp_path / "model.pkl"
    for data in (evil, plain[:-1], b""):
        path.write_bytes(data)
        with pytest.raises(UnsafeModelError):
            safe_load(path, loader=pytest.fail)


def test_the_policy_decides(tmp_path: Path, unlisted: bytes) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(unlisted)
    assert safe_load(path, loader=read, policy=Policy.default().allow("mycorp.features:Scaler")) == unlisted


def test_a_missing_file_is_a_source_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        safe_load(tmp_path / "missing.pt", loader=pytest.fail)


def test_a_large_file_that_is_written_into_is_an_error(tmp_path: Path, plain: bytes) -> None:
    """Beyond what is copied the loader goes on with the file that was scanned."""
    path = tmp_path / "model.npy"
    with path.open("wb") as file:
        file.write(npy_of(COPIED))

    def late(file: BinaryIO) -> bytes:
        elsewhere(lambda: overwrite(path))
        file.close()
        return b""

    with pytest.raises(UnsafeLoadError, match="changed while it was loaded"):
        safe_load(path, loader=late)


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(200)
        file.write(b"x")


def elsewhere(work: Callable[[], object]) -> None:
    """Does something in a thread, which has no guard: as another process would."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def npy_of(size: int) -> bytes:
    text = b"{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }" % size
    text += b" " * (117 - len(text)) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(size)


def test_a_name_that_was_not_seen_is_not_found(tmp_path: Path, plain: bytes, evil: bytes) -> None:
    """As if somebody had swapped the bytes after the scan."""
    path = tmp_path / "model.pkl"
    path.write_bytes(plain)
    with pytest.raises(UnsafeLoadError, match=r"asks for posix\.system") as caught:
        safe_load(path, loader=lambda _: pickle.loads(evil))
    assert (caught.value.event, caught.value.name) == ("pickle.find_class", ("posix", "system"))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.name) == (str(caught.value), caught.value.name)


@pytest.mark.parametrize(
    "act",
    [
        lambda: os.system("true"),
        lambda: subprocess.run(["true"], check=True),
        lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
        lambda: Path("written").write_text(""),
        lambda: Path("written").touch(),
        lambda: Path("made").mkdir(),
        lambda: ctypes.CDLL(None),
        os.fork,
    ],
)
def test_a_loader_does_nothing_but_load(act: Callable[[], object], plain: bytes) -> None:
    with pytest.raises(UnsafeLoadError):
        safe_load(plain, loader=lambda _: act())


def test_what_is_read_and_imported_is_allowed(tmp_path: Path, plain: bytes) -> None:
    def loader(file: BinaryIO) -> bytes:
        import colorsys

        assert colorsys
        return file.read() + Path(__file__).read_bytes()[:0]

    assert safe_load(plain, loader=loader) == plain


def test_the_message_says_what_where_and_what_to_do(evil: bytes) -> None:
    with pytest.raises(UnsafeModelError) as caught:
        safe_load(evil, loader=pytest.fail, name="m.pkl")
    told = str(caught.value)
    assert told.startswith("'m.pkl' is malicious: loading this file calls posix.system('true') (")
    assert "pickle-dangerous-call at 0x" in told
    assert "Do not load the file" in told


def test_guards_of_threads_and_tasks_keep_apart(plain: bytes, evil: bytes, unlisted: bytes) -> None:
    """Eight threads and as many tasks, each with another guard or none."""
    modules = {"mycorp": ModuleType("mycorp"), "mycorp.features": ModuleType("mycorp.features")}
    modules["mycorp.features"].Scaler = type("Scaler", (), {})  # type: ignore[attr-defined]
    wide = Policy.default().allow("mycorp.features:Scaler")
    wrong: list[str] = []

    def held(number: int) -> None:
        for _ in range(50):
            if number % 3 == 0:
                pickle.loads(unlisted)  # no guard here
            elif number % 3 == 1:
                with guard(wide):
                    pickle.loads(unlisted)
                    with guard(Policy.strict()), pytest.raises(UnsafeModelError):
                        pickle.loads(unlisted)
                    pickle.loads(unlisted)
            else:
                with guard(Policy.strict()):
                    with pytest.raises(UnsafeModelError):
                        pickle.loads(unlisted)
                    # Looser inside is not looser.
                    with guard(wide), pytest.raises(UnsafeModelError):
                        pickle.loads(unlisted)

    def work(number: int) -> None:
        try:
            held(number)
        except BaseException as error:
            wrong.append(f"{number}: {error!r}")

    async def tasks() -> None:
        async def one(number: int) -> None:
            with guard(wide if number % 2 else Policy.strict()):
                await asyncio.sleep(0)
                if number % 2:
                    pickle.loads(unlisted)
                else:
                    with pytest.raises(UnsafeModelError):
                        pickle.loads(unlisted)

        await asyncio.gather(*(one(number) for number in range(50)))
        pickle.loads(unlisted)

    with patch.dict(sys.modules, modules):
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        asyncio.run(tasks())
        for thread in threads:
            thread.join()
    assert wrong == []


def test_a_guard_may_only_tell(evil: bytes, caplog: pytest.LogCaptureFixture) -> None:
    harmless = b"\x80\x02cmycorp_missing\nrun\n."
    told = pytest.warns(UnsafeModelWarning, match=r"asks for mycorp_missing\.run")
    with guard(mode="warn"), told, pytest.raises(ModuleNotFoundError):
        pickle.loads(harmless)
    assert "mycorp_missing.run" in caplog.text
    for bad in ({"mode": "tell"}, {"memory": "some"}):
        with pytest.raises(ValueError, match="is"), guard(**bad):
            pass


def test_names_of_files_that_were_scanned_are_allowed_and_others_of_memory_need_not_be(
    tmp_path: Path,
) -> None:
    path = tmp_path / "d.pkl"
    data = pickle.dumps(OrderedDict(a=1), 2)
    path.write_bytes(data)
    with guard(memory="deny"):
        with pytest.raises(UnsafeLoadError, match="bytes that no scan saw"):
            pickle.loads(data)
        with path.open("rb") as file:
            assert pickle.load(file) == OrderedDict(a=1)
    with guard():
        assert pickle.loads(data) == OrderedDict(a=1)


def test_a_file_that_is_not_inert_is_named_with_its_finding(tmp_path: Path, evil: bytes) -> None:
    path = tmp_path / "evil.pkl"
    path.write_bytes(evil)
    with guard(), path.open("rb") as file, pytest.raises(UnsafeModelError) as caught:
        pickle.load(file)
    assert caught.value.report is not None
    assert (caught.value.report.path, caught.value.report.verdict) == (str(path), Verdict.MALICIOUS)


def test_a_decorated_loader_gets_what_was_scanned(tmp_path: Path, plain: bytes, evil: bytes) -> None:
    @guarded()
    def first(file: BinaryIO, key: str) -> object:
        return pickle.load(file)[key]

    @guarded(Policy.strict(), argument="source")
    def named(*, source: BinaryIO) -> object:
        return pickle.load(source)

    path = tmp_path / "m.pkl"
    path.write_bytes(plain)
    assert first(path, "weights") == first(plain, "weights") == named(source=path)["weights"]  # type: ignore[index]
    for call in (lambda: first(evil, "x"), lambda: named(source=evil)):
        with pytest.raises(UnsafeModelError):
            call()


def test_checked_pickle_loads_one_after_the_other(tmp_path: Path, plain: bytes, evil: bytes) -> None:
    from dryload import pickle as checked

    assert checked.loads(bytearray(plain)) == {"weights": [1.0, 2.0]}
    path = tmp_path / "two.pkl"
    path.write_bytes(plain)
    with path.open("rb") as file:
        assert checked.load(file) == {"weights": [1.0, 2.0]}
        assert file.tell() == len(plain)
    with pytest.raises(UnsafeModelError):
        checked.loads(evil)


def test_the_restricted_unpickler_finds_what_was_seen(plain: bytes, evil: bytes) -> None:
    file = io.BytesIO(pickle.dumps(OrderedDict(a=1), 2))
    assert RestrictedUnpickler(file).load() == OrderedDict(a=1)
    assert file.tell() == len(file.getvalue())
    for policy in ("paddle", "torch", "numpy"):
        assert RestrictedUnpickler(io.BytesIO(plain), policy=policy).load() == {"weights": [1.0, 2.0]}
        with pytest.raises(UnsafeModelError):
            RestrictedUnpickler(io.BytesIO(evil), policy=policy).load()
    numpy = pytest.importorskip("numpy")
    data = pickle.dumps({"w": (tuple, (("w", numpy.arange(3.0)),))[1]})
    assert RestrictedUnpickler(io.BytesIO(data), policy="paddle").load()["w"][0][1].sum() == 3
    # Names that are allowed, in another use.
    other = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cbuiltins\nint\nK\x01\x85C\x01btR."
    with pytest.raises(UnsafeModelError):
        RestrictedUnpickler(io.BytesIO(other), policy="numpy").load()
