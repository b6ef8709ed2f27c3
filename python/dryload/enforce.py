"""The audit hook behind the guards: which names a load may ask for, and what it may not do meanwhile.

CPython tells an audit hook of each name that an unpickler looks up (`pickle.find_class`), however the
unpickler was reached and whenever it was bound; only one written in Python that never calls
`super().find_class` is not told of. What holds in a context (`contextvars`) holds for it alone: threads and
tasks keep apart, and a guard inside another allows what both do.

A hook cannot be taken out again. It is put in once, at the first guard, and costs what is not guarded one
look-up an event.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from contextvars import ContextVar

from dryload.errors import UnsafeLoadError, UnsafeModelError
from dryload.findings import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dryload.policy import Policy
    from dryload.report import Report

    Name = tuple[str, str]


class Guard:
    """What is allowed in one context.

    Attributes:
        mode: "raise", or "warn" to let it happen and tell. names: names that a scan saw, beyond which none is
        allowed; None where the policy and the files that are opened decide.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        mode: str = "raise",
        names: frozenset[Name] | None = None,
        memory: str = "names",
        above: Guard | None = None,
    ) -> None:
        if mode not in ("raise", "warn"):
            raise ValueError(f"mode is raise or warn, not {mode!r}")
        if memory not in ("names", "deny"):
            raise ValueError(f"memory is names or deny, not {memory!r}")
        self.policy = policy
        self.mode = mode
        self.names = names
        self.memory = memory
        self._above = above
        self._allowed: Mapping[Name, str] = policy.allowed if names is None else {}
        self._seen: set[Name] = set()
        self._refused: dict[Name, Report] = {}
        self._opened: deque[str] = deque(maxlen=MOST_OPENED)
        self._scanned: set[tuple[str, int, int, int]] = set()

    def check(self, event: str, args: tuple[Any, ...]) -> None:
        """Looks at one event of the audit hook.

        Raises:
            UnsafeLoadError: it is not allowed here.
            UnsafeModelError: a file that was opened here asks for a name, and is not inert.
        """
        if event == "pickle.find_class":
            self._check_name(args[0], args[1])
        elif event == "open":
            self._check_open(args[0], args[2])
        elif self.names is not None:
            self._fail(UnsafeLoadError(f"{event} while a model is loaded", event=event))
        if self._above is not None:
            self._above.check(event, args)

    def _check_name(self, module: str, qualname: str) -> None:
        name = (module, qualname)
        if self.names is not None:
            if name not in self.names and mapped(name) not in self.names:
                told = f"asks for {module}.{qualname}, which the scan of this file did not see"
                self._fail(UnsafeLoadError(told, event="pickle.find_class", name=name))
            return
        if name in self._seen:
            return
        self._scan_opened()
        if name in self._seen or mapped(name) in self._seen:
            return
        if name in self._refused:
            self._fail(UnsafeModelError(self._refused[name]))
        elif name not in self._allowed and mapped(name) not in self._allowed:
            told = f"asks for {module}.{qualname}, which the policy {self.policy.name!r} does not allow"
            self._fail(UnsafeLoadError(told, event="pickle.find_class", name=name))
        elif self.memory == "deny":
            told = f"asks for {module}.{qualname} in bytes that no scan saw"
            self._fail(UnsafeLoadError(told, event="pickle.find_class", name=name))

    def _check_open(self, path: object, flags: object) -> None:
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if self.names is not None:
            if writes and not _is_bytecode(path):
                told = f"opens {path!r:.200} for writing while a model is loaded"
                self._fail(UnsafeLoadError(told, event="open"))
        elif not writes and isinstance(path, str | bytes | os.PathLike):
            name = os.fsdecode(path)
            if not name.endswith(OF_IMPORTS):
                self._opened.append(name)

    def _scan_opened(self) -> None:
        """Scans the files that were opened since the last look, and learns the names of inert ones."""
        from dryload.scanner import scan

        while self._opened:
            path = self._opened.popleft()
            try:
                told = os.stat(path)  # noqa: PTH116 - to import pathlib here would open files
                key = (path, told.st_ino, told.st_size, told.st_mtime_ns)
                if key in self._scanned or not os.path.isfile(path):
                    continue
                report = scan(path, policy=self.policy)
            except (OSError, ValueError):
                continue  # not a file, or gone: its names are asked of the policy alone
            self._scanned.add(key)
            names = names_of(report)
            if report.verdict is Verdict.INERT:
                self._seen |= names
            else:
                self._refused.update(dict.fromkeys(names, report))

    def _fail(self, error: UnsafeLoadError | UnsafeModelError) -> None:
        if self.mode == "raise":
            raise error
        import logging
        import warnings

        logging.getLogger("dryload.guard").warning("%s", error)
        warnings.warn(str(error), UnsafeModelWarning, stacklevel=6)


class UnsafeModelWarning(UserWarning):
    """What a guard of mode "warn" lets happen."""


def names_of(report: Report) -> frozenset[Name]:
    """Gives the names that a file asks for, as it writes them and as they are mapped."""
    return report.names


class holding:  # noqa: N801 - used as a function; one of contextlib takes three times as long
    """Puts a guard in force for this context, on top of what is in force."""

    def __init__(self, guard: Guard) -> None:
        _install()
        self._guard = guard

    def __enter__(self) -> None:
        self._token = _CURRENT.set(self._guard)

    def __exit__(self, *_: object) -> None:
        _CURRENT.reset(self._token)


def current() -> Guard | None:
    """Gives the guard that is in force here."""
    found = _CURRENT.get()
    return _EVERYWHERE[0] if found is None and _EVERYWHERE else found


def hold_everywhere(guard: Guard) -> None:
    """Puts a guard in force for the whole process, in contexts that have none of their own."""
    _install()
    _EVERYWHERE[:] = [guard]


class released:  # noqa: N801
    """Lets this context do what the guard itself has to."""

    def __enter__(self) -> None:
        self._token = _BUSY.set(True)

    def __exit__(self, *_: object) -> None:
        _BUSY.reset(self._token)


def _install() -> None:
    if not _INSTALLED:
        # Both before the hook is there: it must not import as it runs.
        import dryload.rules.judging
        import dryload.scanner  # noqa: F401

        _INSTALLED.append(True)
        sys.addaudithook(_hook)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if event not in WATCHED or _BUSY.get():
        return
    guard = current()
    if guard is None:
        return
    token = _BUSY.set(True)
    try:
        guard.check(event, args)
    finally:
        _BUSY.reset(token)


def mapped(name: Name) -> Name:
    """Gives a name of Python 2 as an unpickler maps it: the event tells it as it is written."""
    import _compat_pickle as compat

    if name in compat.NAME_MAPPING:
        return compat.NAME_MAPPING[name]
    return compat.IMPORT_MAPPING.get(name[0], name[0]), name[1]


def _is_bytecode(path: object) -> bool:
    """True for what an import writes beside a module: a loader may import, and that is what it leaves."""
    return isinstance(path, str) and "__pycache__" in path and ".pyc" in path


_CURRENT: ContextVar[Guard | None] = ContextVar("dryload_guard", default=None)
_BUSY: ContextVar[bool] = ContextVar("dryload_guard_busy", default=False)
_EVERYWHERE: list[Guard] = []
_INSTALLED: list[bool] = []

# Files that were opened and not looked at yet: a load asks for its first name soon after it opens one.
MOST_OPENED = 64
# What an import opens. A model of such a name is held against the policy alone.
OF_IMPORTS = (".py", ".pyc", ".so", ".pth")
# Events that a guard looks at. Those that act are denied while a scanned model is loaded.
WATCHED = frozenset(
    {
        "pickle.find_class",
        "open",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "os.system",
        "pty.spawn",
        "subprocess.Popen",
        "ctypes.dlopen",
        "socket.bind",
        "socket.connect",
        "socket.sendto",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.mkdir",
        "os.chmod",
        "os.chown",
        "os.link",
        "os.symlink",
        "os.truncate",
        "shutil.rmtree",
    }
)
