"""Opens a path only if the system finds it below a folder: by openat2, or by an equal walk.

A check of the text cannot see symbolic links, and a check before the opening is out of date when the file is
opened. Here the finding and the opening are one act. It refuses absolute paths, absolute links, links that
climb out of the folder, and links of /proc that lead anywhere; it never follows a link by the text of a path
that the system resolves again.

The walk holds every folder it went through open. `..` goes back to the folder that was come from, which is
what Linux grants too, and stops at the first.
"""

from __future__ import annotations

import errno
import os
import sys
from itertools import accumulate

from dryload.errors import PathError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def open_beneath(
    base: str | os.PathLike[str] | int, path: str, flags: int = os.O_RDONLY, mode: int = 0o666
) -> int:
    """Opens `path` below the folder `base` and gives the descriptor, as `os.open` does.

    `base` is trusted: a folder, itself reached through links or not, or a descriptor of one. `path` is not;
    it may go through `..` and links as long as every step stays below `base`. The built-in `open` gives a
    file object with `opener=functools.partial(open_beneath, base)`. Opening a FIFO waits for its other end,
    unless `flags` hold `os.O_NONBLOCK`.

    Raises:
        PathError: the path leads out of `base`, or is empty, absolute, too long or holds NUL.
        OSError: what `os.open` raises: the file is missing, permission is denied, links go in circles.
        NotImplementedError: this system can open nothing relative to a descriptor.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as base:
    ...     os.symlink("/etc", os.path.join(base, "link"))
    ...     open_beneath(base, "link/passwd")
    Traceback (most recent call last):
    dryload.errors.PathError: path leads out of its folder: 'link/passwd'
    """
    _check(path)
    if flags & _O_PATH:  # Linux ignores other flags beside O_PATH in open, and refuses them in openat2.
        flags &= _O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW
    folder = base if isinstance(base, int) else _open_folder(os.fspath(base))
    try:
        sys.audit("open", path, None, flags)
        try:
            return _openat2(folder, path, flags, mode)
        except OSError as error:
            # ENOSYS: Linux before 5.6. EPERM: also what seccomp filters older than the call say. EAGAIN:
            # something was renamed just now, which the walk does not mind.
            if error.errno not in {errno.ENOSYS, errno.EPERM, errno.EAGAIN}:
                raise
        return _walk(folder, path, flags, mode)
    finally:
        if folder is not base:
            os.close(folder)


def locate_beneath(base: str | os.PathLike[str], path: str) -> None:
    """Raises PathError if `path`, followed as far as it is there, leads out of `base`; opens no file.

    What is missing at the end of the path may be made later, but no `..` may stand behind it.
    """
    _check(path)
    folder = _open_folder(os.fspath(base))
    try:
        with _Walk(folder, path, follow=True) as walk:
            try:
                walk.to_parent()
            except (FileNotFoundError, NotADirectoryError):
                if ".." in walk.ahead:
                    raise _outside(path) from None
    finally:
        os.close(folder)


def _check(path: str) -> None:
    """Refuses what no engine may be asked: ctypes, for one, would end the path at a NUL."""
    if not path:
        raise _refusal("empty", "path is empty", path, 0)
    if "\0" in path:
        raise _refusal("nul", "path holds NUL", path, path.index("\0"))
    if path.startswith("/"):
        raise _refusal("absolute", "path is absolute", path, 0)
    try:
        encoded = os.fsencode(path)
    except UnicodeEncodeError as error:
        raise _refusal("encoding", "path is no text", path, error.start) from None
    if len(encoded) > MAX_PATH_BYTES:
        ends = accumulate(len(os.fsencode(each)) for each in path)
        position = next(index for index, end in enumerate(ends) if end > MAX_PATH_BYTES)
        raise _refusal("too-long", f"path is longer than {MAX_PATH_BYTES} bytes", path, position)


def shown(text: str) -> str:
    """Quotes a text from outside for a message, without control characters and cut to a line."""
    return ascii(text) if len(text) <= _SHOWN else ascii(text[:_SHOWN]) + "..."


def _refusal(rule: str, message: str, path: str, position: int) -> PathError:
    return PathError(f"{message}: {shown(path)}", rule=rule, value=path, position=position)


def _outside(path: str) -> PathError:
    return _refusal("outside", "path leads out of its folder", path, 0)


def _failure(code: int, path: str) -> OSError:
    return OSError(code, os.strerror(code), path)


def _open_folder(path: str) -> int:
    if not _SUPPORTED:
        raise NotImplementedError("this system opens no file relative to a folder's descriptor")
    return os.open(path, _FOLDER)


def _openat2(folder: int, path: str, flags: int, mode: int) -> int:
    """Asks the Linux kernel. OSError with ENOSYS says that there is nobody to ask."""
    global _syscall
    if _syscall is None:
        _syscall = _load_syscall()
    name = os.fsencode(path)
    flags |= os.O_CLOEXEC
    makes = flags & os.O_CREAT or flags & _O_TMPFILE == _O_TMPFILE != 0
    how = (flags, mode if makes else 0, _RESOLVE)
    packed = b"".join(field.to_bytes(8, sys.byteorder) for field in how)
    while True:
        opened, code = _syscall(folder, name, packed)
        if opened >= 0:
            return opened
        if code == errno.EXDEV:
            raise _outside(path)
        if code != errno.EINTR:
            raise _failure(code, path)


def _load_syscall() -> Callable[[int, bytes, bytes], tuple[int, int]]:
    """Prepares the system call; ctypes is imported when the first path is opened and not before."""
    missing = -1, errno.ENOSYS
    # The number of a call is that of an architecture and its word size; a wrong one would be another call.
    if sys.platform != "linux" or os.uname().machine not in _MACHINES or sys.maxsize < 2**32:
        return lambda *_: missing
    try:
        import ctypes

        call = ctypes.CDLL(None, use_errno=True).syscall
    except (ImportError, OSError, AttributeError):  # A Python without ctypes, or a C library without syscall.
        return lambda *_: missing
    call.restype = ctypes.c_long
    call.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t]

    def ask(folder: int, name: bytes, how: bytes) -> tuple[int, int]:
        opened = call(_OPENAT2, folder, name, how, len(how))
        return int(opened), ctypes.get_errno()

    return ask


def _walk(folder: int, path: str, flags: int, mode: int) -> int:
    """Opens one component after the other, without ever letting the system follow a link."""
    exclusive = bool(flags & os.O_CREAT and flags & os.O_EXCL)
    for _ in range(_TRIES):
        follow = not (flags & os.O_NOFOLLOW or exclusive)
        with _Walk(folder, path, follow=follow, makes=bool(flags & os.O_CREAT)) as walk:
            last = walk.to_parent()
            try:
                opened = os.open(last, flags | os.O_NOFOLLOW, mode, dir_fd=walk.top)
            except OSError as error:
                if error.errno in _IS_LINK and walk.follow and walk.link(last) is not None:
                    continue  # It became a link after it was looked at.
                raise _failure(error.errno or errno.EIO, path) from None
            # O_PATH with O_NOFOLLOW opens a link instead of refusing it.
            if flags & _O_PATH and walk.follow and _is_link(opened):
                os.close(opened)
                continue
            return opened
    raise _failure(errno.EAGAIN, path)


def _is_link(opened: int) -> bool:
    import stat

    return stat.S_ISLNK(os.fstat(opened).st_mode)


class _Walk:
    """The folders gone through, all held open, and the components still ahead, the next one last."""

    def __init__(self, folder: int, path: str, *, follow: bool, makes: bool = False) -> None:
        self.path = path
        self.follow = follow
        self.makes = makes
        self.folders = [folder]
        self.ahead: list[str] = []
        self.links = 0
        self.push(path)

    def __enter__(self) -> _Walk:
        return self

    def __exit__(self, *_: object) -> None:
        for opened in self.folders[1:]:
            os.close(opened)

    @property
    def top(self) -> int:
        """The folder that was reached."""
        return self.folders[-1]

    def push(self, path: str) -> None:
        """Puts the components of a path ahead; a slash at its end is kept, to be taken as `.`."""
        parts = [part for part in path.split("/") if part]
        if path.endswith("/"):
            parts.append("/")
        self.ahead += reversed(parts)

    def to_parent(self) -> str:
        """Goes to the folder that holds the last component and gives that component, which is no link
        unless links at the end are not to be followed."""
        while True:
            component = self.ahead[-1]
            final = len(self.ahead) == 1
            if component == "..":
                self.ahead.pop()
                if len(self.folders) == 1:
                    raise _outside(self.path)
                os.close(self.folders.pop())
                if final:
                    return "."
                continue
            if component in {".", "/"}:
                self.ahead.pop()
                if final:
                    return "."
                continue
            if self.makes and self.ahead[:-1] == ["/"]:
                # Linux makes no file by a name with a slash behind it, and says so before it looks.
                raise _failure(errno.EISDIR, self.path)
            target = self.link(component) if self.follow or not final else None
            if target is not None:
                self.ahead.pop()
                self.enter(target)
            elif final:
                self.ahead.pop()
                return component
            else:
                self.descend(component)

    def link(self, component: str) -> str | None:
        """The target of a link, or None if the component is something else or missing."""
        try:
            return os.readlink(component, dir_fd=self.top)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.EINVAL:
                return None
            raise _failure(error.errno or errno.EIO, self.path) from None

    def enter(self, target: str) -> None:
        """Puts the target of a link ahead."""
        self.links += 1
        if self.links > MAX_LINKS:
            raise _failure(errno.ELOOP, self.path)
        if target.startswith("/"):
            raise _outside(self.path)
        self.push(target)

    def descend(self, component: str) -> None:
        """Opens a folder and goes on inside it, unless it has become a link meanwhile."""
        try:
            self.folders.append(os.open(component, _FOLDER | os.O_NOFOLLOW, dir_fd=self.top))
        except OSError as error:
            if error.errno in _IS_LINK and (target := self.link(component)) is not None:
                self.ahead.pop()
                self.enter(target)
                return
            raise _failure(error.errno or errno.EIO, self.path) from None
        self.ahead.pop()


MAX_PATH_BYTES = 4095
"""PATH_MAX of Linux without its NUL; the kernel refuses longer ones whatever they name."""

MAX_LINKS = 40
"""MAXSYMLINKS of Linux: how many links one path may lead through."""

_SHOWN = 80

# A link that is swapped with a file between two looks costs a try; nobody wins 64 races in a row by chance.
_TRIES = 64

_SUPPORTED = os.open in os.supports_dir_fd and os.readlink in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")

# Opening a folder only to go through it takes no right to list it, where the system has O_PATH.
_O_PATH = getattr(os, "O_PATH", 0)
_O_TMPFILE = getattr(os, "O_TMPFILE", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0) | _O_PATH

# What O_NOFOLLOW says about a link: Linux and macOS, FreeBSD, and Linux with O_DIRECTORY; NetBSD has EFTYPE.
_IS_LINK = {errno.ELOOP, errno.EMLINK, errno.ENOTDIR, getattr(errno, "EFTYPE", errno.ELOOP)}

# openat2(2): RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS of <linux/openat2.h>; 437 on these architectures.
_RESOLVE = 0x08 | 0x02
_OPENAT2 = 437
_MACHINES = {"aarch64", "ppc64le", "riscv64", "s390x", "x86_64"}

_syscall: Callable[[int, bytes, bytes], tuple[int, int]] | None = None
