"""Loads a model only if it is inert, and lets the loader do no more than the scan saw.

`safe_load` scans a file and hands the same open file to the loader, under an audit hook that permits exactly
the names that the scan saw and, meanwhile, no process, no native library, no connection and no writing to
files. A file that somebody puts in the place of the scanned one is not read; one that is written into while
it is loaded gets no further than names that were seen, and the load is an error when it ends.

`guard` and `install_guard` are for code that one does not own. They cannot know which bytes a loader is
given, so they hold each name against the files that were opened, and against the policy for what is left.
"""

from __future__ import annotations

import functools
import importlib
import io
import os
import sys
from contextlib import contextmanager
from typing import cast

from dryload.enforce import Guard, UnsafeModelWarning, current, hold_everywhere, holding, names_of, released
from dryload.errors import SourceError, UnsafeLoadError
from dryload.policy import Policy
from dryload.scanner import scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, BinaryIO, TypeVar

    from typing_extensions import Buffer

    from dryload.report import Report

    T = TypeVar("T")
    Source = str | os.PathLike[str] | Buffer | BinaryIO

__all__ = ["UnsafeModelWarning", "guard", "guarded", "install_guard", "safe_load"]


def safe_load(
    source: Source,
    *,
    loader: Callable[..., T],
    policy: Policy | None = None,
    name: str | None = None,
    by_name: bool = False,
    **options: object,
) -> T:
    """Calls `loader(file, **options)` with the scanned file, if it is inert, and permits only what was seen.

    The source is a path, bytes, a buffer or a seekable binary file. A path is opened once: up to 16 MiB are
    read and scanned and loaded from memory; of a larger one the scan reads what it needs and the loader goes
    on with the same open file, so that tensors are not copied. A buffer that can change is copied first. With
    `by_name` the loader gets a path, `/proc/self/fd/N`, for loaders that open or map files themselves.

    Raises:
        UnsafeModelError: the verdict is not inert, and the loader was not called; or, as an UnsafeLoadError,
        the loader asked for a name that the scan did not see, did what no load has to do, or the file changed
        meanwhile.
        SourceError: the file could not be read.
    """
    policy = Policy.default() if policy is None else policy
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        with _opened(path) as file:
            if not by_name and os.fstat(file.fileno()).st_size <= COPIED:
                # Nobody can write into what is held here.
                return _loaded(
                    io.BytesIO(file.read()), loader, policy, name or path, by_name=False, options=options
                )
            return _loaded(file, loader, policy, name or path, by_name=by_name, options=options)
    if hasattr(source, "read"):
        return _loaded(cast("BinaryIO", source), loader, policy, name, by_name=by_name, options=options)
    held = io.BytesIO(source if isinstance(source, bytes) else bytes(memoryview(source)))
    return _loaded(held, loader, policy, name, by_name=False, options=options)


def _loaded(
    file: BinaryIO,
    loader: Callable[..., T],
    policy: Policy,
    name: str | None,
    *,
    by_name: bool,
    options: dict[str, object],
) -> T:
    if isinstance(file, io.BytesIO):
        with released():
            report = scan(file.getvalue() if file.tell() == 0 else file, policy=policy, name=name)
        report.raise_for_verdict()
        with permitted(report, policy):
            return loader(file, **options)
    watched = _Watched(file)
    with released():
        report = scan(file, policy=policy, name=name)
    report.raise_for_verdict()
    with watched, permitted(report, policy):
        loaded = loader(f"/proc/self/fd/{file.fileno()}" if by_name else file, **options)
    if watched.changed:
        raise UnsafeLoadError(f"{report.path} changed while it was loaded", event="open")
    return loaded


def permitted(report: Report, policy: Policy) -> holding:
    """Permits what an inert file needs, and nothing else, for the time of a load.

    The modules that it names are imported before, so that their import, which may do anything, is not taken
    for the load.
    """
    names = names_of(report)
    if names:
        with released():
            for module in sorted({module for module, _ in names}):
                try:
                    importlib.import_module(module)
                except ImportError:
                    continue  # The loader says so better.
    return holding(Guard(policy, names=names))


@contextmanager
def guard(policy: Policy | None = None, *, mode: str = "raise", memory: str = "names") -> Iterator[None]:
    """Guards every load in this context, whatever code makes it; a guard inside it only tightens.

    A name is allowed if a file that was opened in this context asks for it and is inert. Names that no such
    file asks for come from bytes in memory, which the hook does not see: they are allowed if the policy lists
    them (`memory="names"`), whatever is done with them, or not at all (`memory="deny"`). `mode="warn"` lets
    everything happen and tells it by `logging` (dryload.guard) and by an `UnsafeModelWarning`.

    It holds for this thread and task, not for threads that are started in it: `install_guard` is for those.

    Raises:
        ValueError: `mode` or `memory` is unknown.
        UnsafeModelError: in the code that loads, where something is not allowed.
    """
    made = Guard(Policy.default() if policy is None else policy, mode=mode, memory=memory, above=current())
    with holding(made):
        yield


def install_guard(policy: Policy | None = None, *, mode: str = "raise", memory: str = "names") -> None:
    """Guards every load of this process, as `guard` does, in all contexts that have no guard of their own.

    It cannot be taken away again; the last call counts.
    """
    hold_everywhere(Guard(Policy.default() if policy is None else policy, mode=mode, memory=memory))


def guarded(
    policy: Policy | None = None, *, argument: int | str = 0
) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Makes a loader of one's own scan what it is given first: a path, bytes or a binary file, by position or
    by name.

    >>> import pickle
    >>> @guarded()
    ... def load_vocabulary(file):
    ...     return pickle.load(file)
    >>> load_vocabulary(b"\\x80\\x02]K\\x01a.")
    [1]
    """

    def decorate(function: Callable[..., T]) -> Callable[..., T]:
        @functools.wraps(function)
        def call(*args: Any, **options: Any) -> T:
            given = list(args)
            source = given[argument] if isinstance(argument, int) else options.pop(argument)

            def loader(file: object, **rest: object) -> T:
                if isinstance(argument, int):
                    given[argument] = file
                    return function(*given, **rest)
                return function(*given, **{argument: file}, **rest)

            return safe_load(source, loader=loader, policy=policy, **options)

        return call

    return decorate


def _opened(path: str) -> BinaryIO:
    try:
        with released():
            return open(path, "rb")
    except OSError as error:
        raise SourceError(error.errno, error.strerror or str(error), path) from error


class _Watched:
    """Sees whether an open file was written to, also when the loader closes it."""

    def __init__(self, file: BinaryIO) -> None:
        self.changed = False
        try:
            self._fd = os.dup(file.fileno())
        except (OSError, AttributeError, ValueError):
            self._fd = -1
        self._before = self._identity()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.changed = self._identity() != self._before
        if self._fd >= 0:
            os.close(self._fd)

    def _identity(self) -> tuple[int, ...]:
        if self._fd < 0:
            return ()
        told = os.fstat(self._fd)
        return told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns


def unguardable() -> list[str]:
    """Names the classes that unpickle without asking the hook: in Python, with a `find_class` of their own
    that never reaches the one it stands for.

    It looks at subclasses of pickle's unpicklers that exist now, by their bytecode: `super` or the base class
    must be among the names that `find_class` uses. A class that hides better is not seen.
    """
    import pickle

    found: list[str] = []
    waiting: list[type[Any]] = [pickle.Unpickler, pickle._Unpickler]
    while waiting:
        for each in waiting.pop().__subclasses__():
            waiting.append(each)
            own = vars(each).get("find_class")
            code = getattr(own, "__code__", None)
            if code is not None and "find_class" not in code.co_names:
                found.append(f"{each.__module__}.{each.__qualname__}")
    return sorted(found)


def run_guarded(script: str, arguments: list[str], policy: Policy, *, mode: str, memory: str) -> None:
    """Runs a script as `python script` does, with every load guarded."""
    import runpy

    install_guard(policy, mode=mode, memory=memory)
    sys.argv = [script, *arguments]
    sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
    runpy.run_path(script, run_name="__main__")


# Bytes up to which a file is copied, so that nobody can write into it between the scan and the load.
COPIED = 16 * 1024 * 1024
