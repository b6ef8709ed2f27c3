"""Both engines open what lies below the folder and nothing else, whatever links do meanwhile."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from dryload import beneath
from dryload.beneath import MAX_LINKS, MAX_PATH_BYTES, open_beneath
from dryload.errors import PathError
from dryload.paths import safe_join

Open = Callable[..., int]


def open_by_walk(base: Path, path: str, flags: int = os.O_RDONLY, mode: int = 0o666) -> int:
    """Opens as `open_beneath` does where the kernel has no openat2."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beneath, "_syscall", lambda *_: (-1, errno.ENOSYS))
        return open_beneath(base, path, flags, mode)


@pytest.fixture(params=[open_beneath, open_by_walk], ids=["system", "walk"])
def opens(request: pytest.FixtureRequest) -> Open:
    """Each engine; where the kernel has no openat2 both are the walk."""
    engine: Open = request.param
    return engine


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder `base` with a file beside it that nobody may reach."""
    base = tmp_path / "base"
    (base / "sub" / "deep").mkdir(parents=True)
    (base / "f").write_text("IN")
    (base / "sub" / "f").write_text("IN")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "f").write_text("OUT")
    (tmp_path / "secret").write_text("OUT")
    links = {
        "link_file": "../secret",
        "link_folder": "../out",
        "link_absolute": str(base / "f"),
        "link_in": "sub/f",
        "link_around": "sub/../sub/deep/../f",
        "link_slash": "sub/",
        "link_self": "link_self",
        "link_missing": "sub/missing",
        "sub/link_up": "../f",
        "sub/link_past": "../../secret",
    }
    for name, target in links.items():
        (base / name).symlink_to(target)
    return base


def read(opened: int) -> str:
    with open(opened, encoding="utf-8") as file:
        return file.read()


@pytest.fixture(autouse=True)
def _no_descriptor_is_left_open() -> Iterator[None]:
    before = len(os.listdir("/dev/fd"))
    yield
    assert len(os.listdir("/dev/fd")) == before


@pytest.mark.parametrize(
    "path",
    [
        "f",
        "./f",
        "sub/../f",
        "sub//f",
        "sub/deep/../../f",
        "link_in",
        "link_around",
        "link_slash/f",
        "sub/link_up",
    ],
)
def test_what_stays_below_the_folder_is_opened(opens: Open, base: Path, path: str) -> None:
    assert read(opens(base, path)) == "IN"


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "..",
        "sub/../../secret",
        "link_file",
        "link_folder/f",
        "link_folder/../secret",
        "link_absolute",
        "sub/link_past",
        "sub/deep/../link_past",
        "../base/f",
    ],
)
def test_what_leads_out_is_refused_and_named(opens: Open, base: Path, path: str) -> None:
    with pytest.raises(PathError) as caught:
        opens(base, path)
    assert (caught.value.rule, caught.value.value) == ("outside", path)


@pytest.mark.parametrize(
    ("path", "rule", "position"),
    [
        ("", "empty", 0),
        ("/etc/passwd", "absolute", 0),
        ("f\0/../../secret", "nul", 1),
        ("f\ud800", "encoding", 1),
        ("é" * 2048, "too-long", 2047),
    ],
)
def test_what_is_no_relative_path_is_refused(
    opens: Open, base: Path, path: str, rule: str, position: int
) -> None:
    with pytest.raises(PathError) as caught:
        opens(base, path)
    assert (caught.value.rule, caught.value.position) == (rule, position)


@pytest.mark.parametrize(
    ("path", "flags", "code"),
    [
        ("missing", os.O_RDONLY, errno.ENOENT),
        ("missing/../f", os.O_RDONLY, errno.ENOENT),
        ("link_missing", os.O_RDONLY, errno.ENOENT),
        ("f/", os.O_RDONLY, errno.ENOTDIR),
        ("f/..", os.O_RDONLY, errno.ENOTDIR),
        ("f/x", os.O_RDONLY, errno.ENOTDIR),
        ("link_in/", os.O_RDONLY, errno.ENOTDIR),
        ("link_self", os.O_RDONLY, errno.ELOOP),
        ("link_self/x", os.O_RDONLY, errno.ELOOP),
        ("link_in", os.O_RDONLY | os.O_NOFOLLOW, errno.ELOOP),
        ("link_file", os.O_RDONLY | os.O_NOFOLLOW, errno.ELOOP),
        ("link_file", os.O_WRONLY | os.O_CREAT | os.O_EXCL, errno.EEXIST),
        ("sub/.", os.O_WRONLY | os.O_CREAT, errno.EISDIR),
        ("sub", os.O_WRONLY, errno.EISDIR),
        ("a" * 256, os.O_RDONLY, errno.ENAMETOOLONG),
        ("a/" * (MAX_PATH_BYTES // 2), os.O_RDONLY, errno.ENOENT),
    ],
)
def test_other_failures_are_those_of_the_system(
    opens: Open, base: Path, path: str, flags: int, code: int
) -> None:
    with pytest.raises(OSError, match=rf"\[Errno {code}\]") as caught:
        opens(base, path, flags)
    assert (caught.value.errno, caught.value.filename) == (code, path)


def test_a_missing_file_is_the_error_that_a_server_answers_404_to(opens: Open, base: Path) -> None:
    with pytest.raises(FileNotFoundError):
        opens(base, "missing")


@pytest.mark.parametrize("links", [MAX_LINKS, MAX_LINKS + 1])
def test_as_many_links_are_followed_as_the_kernel_follows(opens: Open, base: Path, links: int) -> None:
    (base / "chain0").symlink_to("f")
    for number in range(1, links):
        (base / f"chain{number}").symlink_to(f"chain{number - 1}")
    if links <= MAX_LINKS:
        assert read(opens(base, f"chain{links - 1}")) == "IN"
    else:
        with pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
            opens(base, f"chain{links - 1}")


def test_a_file_can_be_made_below_the_folder_also_through_a_link(opens: Open, base: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    os.close(opens(base, "sub/new", flags, 0o640))
    os.close(opens(base, "link_missing", os.O_WRONLY | os.O_CREAT))
    assert (base / "sub" / "new").stat().st_mode & 0o777 == 0o640 & ~current_umask()
    assert (base / "sub" / "missing").exists()


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_no_file_is_made_outside_through_a_dangling_link(opens: Open, base: Path) -> None:
    (base / "dangling").symlink_to("../made")
    with pytest.raises(PathError):
        opens(base, "dangling", os.O_WRONLY | os.O_CREAT)
    assert not (base.parent / "made").exists()


def test_the_base_may_be_a_link_or_a_descriptor(opens: Open, base: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(base)
    assert read(opens(tmp_path / "alias", "f")) == "IN"
    opened = os.open(base, os.O_RDONLY)
    assert read(opens(opened, "f")) == "IN"
    with pytest.raises(PathError):
        opens(opened, "../secret")
    os.close(opened)


def test_the_built_in_open_takes_it_as_opener(base: Path) -> None:
    with open("sub/f", encoding="utf-8", opener=partial(open_beneath, base)) as file:
        assert file.read() == "IN"


def test_a_descriptor_is_not_inherited(opens: Open, base: Path) -> None:
    opened = opens(base, "f")
    assert not os.get_inheritable(opened)
    os.close(opened)


def test_a_path_descriptor_is_one_of_the_target_unless_links_are_not_followed(
    opens: Open, base: Path
) -> None:
    for flags, wanted in ((os.O_PATH, base / "sub" / "f"), (os.O_PATH | os.O_NOFOLLOW, base / "link_in")):
        opened = opens(base, "link_in", flags | os.O_NONBLOCK)
        assert os.fstat(opened).st_ino == wanted.lstat().st_ino
        os.close(opened)


def test_a_system_without_relative_opening_is_told_and_gets_no_lesser_check(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beneath, "_SUPPORTED", False)
    for opening in (open_beneath, safe_join):
        with pytest.raises(NotImplementedError):
            opening(base, "f")


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EPERM, errno.EAGAIN])
def test_the_walk_takes_over_where_the_kernel_cannot_say(
    base: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(beneath, "_syscall", lambda *_: (-1, code))
    assert read(open_beneath(base, "sub/../f")) == "IN"
    with pytest.raises(PathError):
        open_beneath(base, "link_folder/f")


def test_a_call_that_a_signal_interrupts_is_made_again(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([(-1, errno.EINTR), (-1, errno.EINTR), (os.open(base / "f", os.O_RDONLY), 0)])
    monkeypatch.setattr(beneath, "_syscall", lambda *_: next(answers))
    assert read(open_beneath(base, "f")) == "IN"


def test_an_unknown_machine_is_not_asked_by_the_number_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beneath, "_MACHINES", set())
    assert beneath._load_syscall()(0, b"", b"") == (-1, errno.ENOSYS)


def test_ctypes_is_imported_by_the_first_opening_and_not_before(base: Path) -> None:
    code = (
        "import sys, dryload.paths\n"
        "before = 'ctypes' in sys.modules\n"
        f"dryload.paths.open_beneath({str(base)!r}, 'f')\n"
        "print(before)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_an_audit_hook_sees_what_is_opened(base: Path) -> None:
    code = (
        "import sys, dryload.paths\n"
        "sys.addaudithook(lambda event, args: print('seen', args[0]) if event == 'open' else None)\n"
        f"dryload.paths.open_beneath({str(base)!r}, 'f')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "seen f\n" in run.stdout


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_PATH], ids=["read", "path"])
@pytest.mark.parametrize("path", ["swap/f", "swap"])
@pytest.mark.parametrize("target", ["../out", "../out/f"])
def test_a_link_put_in_place_between_two_looks_is_seen(
    base: Path, monkeypatch: pytest.MonkeyPatch, path: str, target: str, flags: int
) -> None:
    (base / "swap").mkdir()
    (base / "swap" / "f").write_text("IN")
    real = os.open

    def late(name: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if name == "swap" and not (base / "swap").is_symlink():
            (base / "swap").rename(base / "was")
            (base / "swap").symlink_to(target)
        return real(name, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(beneath, "_syscall", lambda *_: (-1, errno.ENOSYS))
    monkeypatch.setattr(os, "open", late)
    with pytest.raises(PathError) as caught:
        open_beneath(base, path, flags)
    assert caught.value.rule == "outside"


def test_a_link_that_flickers_is_tried_again_but_not_for_ever(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    def flickers(name: str, *, dir_fd: int | None = None) -> str:
        nonlocal looks
        looks += 1
        if looks % 2:
            raise OSError(errno.EINVAL, "no link")
        return "f"

    monkeypatch.setattr(beneath, "_syscall", lambda *_: (-1, errno.ENOSYS))
    monkeypatch.setattr(os, "readlink", flickers)
    with pytest.raises(BlockingIOError):
        open_beneath(base, "link_in")


def test_nothing_outside_is_opened_while_links_are_swapped(opens: Open, base: Path) -> None:
    """An attacker with write access swaps a folder and a link out of it all the time."""
    (base / "real").mkdir()
    (base / "real" / "f").write_text("IN")
    (base / "spare").symlink_to("../out")
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            (base / "spare").replace(base / "swap")
            (base / "swap").rename(base / "spare")
            (base / "real").rename(base / "swap")
            (base / "swap").rename(base / "real")

    attacker = threading.Thread(target=swap)
    attacker.start()
    seen = []
    try:
        for _ in range(500):
            try:
                seen.append(read(opens(base, "swap/f")))
            except (PathError, OSError) as error:
                seen.append(type(error).__name__)
    finally:
        done.set()
        attacker.join()
    assert "OUT" not in seen
    assert len(seen) == 500
