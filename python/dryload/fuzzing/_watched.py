"""Loads files in processes that are thrown away, and says what each load did. Run as a script, by `effects`.

It imports nothing of dryload. For each group of files it forks a room, which imports the modules that the
files may import and loads a harmless file, so that the loader itself is set up; the room forks a child for
each file. The child binds itself, arms an audit hook that permits next to nothing, loads, and tells. Rooms
are forked from a hall, where a package is imported once whose modules all of them name.

It is not a sandbox: it is a witness for files that were called inert.
"""

from __future__ import annotations

import _compat_pickle as compat
import _thread
import atexit
import base64
import contextlib
import copyreg
import gc
import importlib
import importlib.util
import io
import json
import os
import pickle
import resource
import select
import signal
import sys
import time
import types
import warnings
import zoneinfo
from typing import Any, NoReturn

# Events that only look: everything else is an effect, whatever it is called.
QUIET = {
    "pickle.find_class",  # Held against the names that may be asked for.
    "array.__new__",  # Memory of this process, and no more.
    "object.__getattr__",
    "builtins.id",
    "ctypes.dlsym",  # A function of a library that is there already; opening one is another event.
    "ctypes.cdata/buffer",  # A view of an object's own bytes; one of an address is `ctypes.cdata`.
    "sys.unraisablehook",  # An error in a destructor is printed, and stdout and stderr are watched.
}

# Modules of the interpreter that an allowed callable imports by itself, whatever the file says: protocol 2
# writes bytes as `_codecs.encode(text, 'latin1')`, and the policy grants no other codec.
ALWAYS = ["encodings.latin_1"]

# A zone is read by its name from the machine's own database, or from the package tzdata, a module a folder.
ZONE = ("zoneinfo", "ZoneInfo._unpickle")
DATABASE = ("importlib.resources", "importlib.readers", "tzdata")

# Libraries whose models are made by their native part, through ctypes.
NATIVE = ("xgboost.", "lightgbm.")

# What an interpreter keeps in a module when it warns.
NOTES = {"__warningregistry__"}


_TZDATA = importlib.util.find_spec("tzdata")


class Blocked(BaseException):
    """Stops the load before the effect happens; not an Exception, so that few handlers swallow it."""


class Watch:
    """What was done while it was armed."""

    def __init__(self, names: set[tuple[str, str]], kind: str) -> None:
        self.names = names
        self.kind = kind
        self.armed = False
        self.events: list[str] = []

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        if event == "pickle.find_class" and not {args, mapped(*args)} & self.names:
            told = f"asks for {args[0]!r}.{args[1]!r}"
        elif event == "ctypes.cdata" and any(module.startswith(NATIVE) for module, _ in self.names):
            # A library that was called through ctypes gives back a handle.
            return
        elif event in ("import", "open") and ZONE in self.names and _is_of_zones(str(args[0])):
            return
        elif event in QUIET or (
            event == "compile" and self.kind in ("numpy", "skops") and args[1] == "<unknown>"
        ):
            # numpy reads the header of an array by `ast.literal_eval`: it parses, and executes nothing.
            return
        else:
            told = f"{event}{tuple(_short(arg) for arg in args)}"
        if len(self.events) < 20:
            self.events.append(told)
        raise Blocked(told)


def mapped(module: str, name: str) -> tuple[str, str]:
    """A name of Python 2 as `fix_imports` maps it: the event tells it as it is written."""
    if (module, name) in compat.NAME_MAPPING:
        return compat.NAME_MAPPING[module, name]
    return compat.IMPORT_MAPPING.get(module, module), name


def _short(value: object) -> str:
    # Not the repr of a foreign object: that would be code of the file's choosing.
    known = isinstance(value, str | bytes | int | float) or value is None
    return repr(value)[:80] if known else type(value).__name__


class State:
    """What a load must leave as it is."""

    def __init__(self, modules: list[str], names: set[tuple[str, str]]) -> None:
        self.names = names
        self.parts: dict[str, dict[Any, Any]] = {
            "os.environ": dict(os.environ),
            "sys.modules": dict(sys.modules),
            "sys.path": dict(enumerate(sys.path)),
            "sys.meta_path": dict(enumerate(sys.meta_path)),
            "sys.path_hooks": dict(enumerate(sys.path_hooks)),
            "copyreg.dispatch_table": dict(copyreg.dispatch_table),
            "the extension registry": dict(copyreg._extension_registry),  # type: ignore[attr-defined]
            "threads": {"count": _threads(), "python": _thread._count()},
            "open files": dict.fromkeys(os.listdir("/proc/self/fd")),
            "exit functions": {"count": atexit._ncallbacks()},
            "the working directory": {"path": os.path.realpath(".")},
        }
        for name in {*modules, "builtins", "sys", "os", "pickle", "copyreg"}:
            self.parts[f"module {name}"] = _attributes(sys.modules[name])
        for module, name in names:
            found: Any = sys.modules.get(module)
            for step in name.split("."):
                found = vars(found).get(step) if hasattr(found, "__dict__") else None
            if isinstance(found, type) or callable(found):
                self.parts[f"{module}.{name}"] = _attributes(found)

    def changes(self, later: State) -> list[str]:
        told = [
            f"changes {part}: {key!r:.80}"
            for part, before in self.parts.items()
            for key in before.keys() | later.parts[part].keys()
            if not (part == "sys.modules" and ZONE in self.names and _is_of_zones(str(key)))
            if key not in before
            or key not in later.parts[part]
            or not _same(before[key], later.parts[part][key])
        ]
        return told[:20]


def _is_of_zones(name: str) -> bool:
    # A module's name, or a path in the database or the package.
    folders = [*zoneinfo.TZPATH, *(os.path.dirname(p) for p in [getattr(_TZDATA, "origin", None)] if p)]
    inside = any(os.path.realpath(name).startswith(os.path.realpath(folder) + os.sep) for folder in folders)
    return inside or name.startswith(DATABASE)


def _attributes(of: Any) -> dict[Any, Any]:
    # By `vars` alone: a module may have a `__getattr__` that imports.
    found = (
        {key: value for key, value in vars(of).items() if key not in NOTES} if hasattr(of, "__dict__") else {}
    )
    if isinstance(of, types.FunctionType):
        found["__defaults__"], found["__code__"] = of.__defaults__, of.__code__
        found["__kwdefaults__"] = dict(of.__kwdefaults__ or {})
    return found


def _same(one: Any, other: Any) -> bool:
    # Numbers and texts are compared, everything else must be the same object.
    return one is other or (type(one) is type(other) and type(one) in (int, str, dict) and one == other)


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))


def load(kind: str, data: bytes) -> object:
    """Loads as a user would."""
    if kind == "numpy":
        import numpy

        loaded = numpy.load(io.BytesIO(data), allow_pickle=True)
        return {name: loaded[name] for name in loaded.files} if hasattr(loaded, "files") else loaded
    if kind == "joblib":
        joblib: Any = importlib.import_module("joblib")

        return joblib.load(io.BytesIO(data))
    if kind == "torch":
        torch: Any = importlib.import_module("torch")

        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=False)
    if kind == "skops":
        skops: Any = importlib.import_module("skops.io")

        # It asks which types are trusted: who was told that the file is inert trusts all that it names.
        return skops.loads(data, trusted=skops.get_untrusted_types(data=data))
    return pickle.loads(data)


def harmless(kind: str) -> list[bytes]:
    """Files with which a loader comes into its stride."""
    file = io.BytesIO()
    if kind == "numpy":
        import numpy

        made = []
        for array in (numpy.zeros(1), numpy.array([{}], dtype=object), numpy.zeros(1, "M8[ns]")):
            for save in (numpy.save, numpy.savez):
                file = io.BytesIO()
                save(file, array)
                made.append(file.getvalue())
        return made
    if kind == "joblib":
        import numpy

        joblib: Any = importlib.import_module("joblib")

        joblib.dump([numpy.zeros(1), {}], file)
        return [file.getvalue()]
    if kind == "torch":
        torch: Any = importlib.import_module("torch")

        made = []
        for new in (True, False):
            file = io.BytesIO()
            torch.save({"a": torch.zeros(2)}, file, _use_new_zipfile_serialization=new)
            made.append(file.getvalue())
        return made
    if kind == "skops":
        import numpy

        skops: Any = importlib.import_module("skops.io")

        return [skops.dumps({"a": [numpy.zeros(1), numpy.float64(1), None, print], "b": (1, "c")})]
    return [pickle.dumps({})]


def bind(memory: int, seconds: int) -> None:
    """Bounds what the process may use. As root the number of processes is not bounded by it: the hook is
    what stops those."""
    with open("/proc/self/statm", encoding="ascii") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    # At its hard limit a process gets SIGKILL, which tells nothing: SIGXCPU comes a second before.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    for limit, value in (
        (resource.RLIMIT_AS, used + memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(limit, (value, value))


def resolve(names: set[tuple[str, str]]) -> list[str]:
    """Looks up the names that a file may ask for; gives what that imports beyond their packages.

    To look up a name can import: numpy 2 answers for `numpy.core.defchararray` from another module of its
    own. That is the name's doing, and the same for every file.
    """
    before = set(sys.modules)
    for module, name in names:
        found: Any = sys.modules.get(module)
        # A name that is not there is the loader's business.
        with contextlib.suppress(AttributeError):
            for step in name.split("."):
                found = getattr(found, step)
    packages = {module.partition(".")[0] for module, _ in names}
    new = sorted(set(sys.modules) - before)
    return [f"looking up its names imports {name}" for name in new if name.partition(".")[0] not in packages]


def child(kind: str, data: bytes, modules: list[str], names: set[tuple[str, str]], tell: int) -> NoReturn:
    """Loads one file and tells what that did."""
    watch = Watch(names, kind)
    printed = io.StringIO()
    sys.stdout = sys.stderr = printed
    error = ""
    foreign = resolve(names)
    before = State(modules, names)
    sys.addaudithook(watch.hook)
    watch.armed = True
    try:
        loaded: object = load(kind, data)
        # What it does when it goes away belongs to it.
        del loaded
    except MemoryError:
        error = "MemoryError"
    except BaseException as fault:
        # Not its text: that may be code of the file's choosing.
        error = type(fault).__name__
        args = fault.args
        del fault
        error += f": {args[0]:.200}" if args and type(args[0]) is str else ""
    gc.collect()
    watch.armed = False
    events = foreign + watch.events + before.changes(State(modules, names))
    if printed.getvalue():
        events.append(f"prints {printed.getvalue()[:80]!r}")
    os.write(tell, json.dumps({"events": events, "error": error}).encode())
    os._exit(0)


def watched(item: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
    """The outcome of one file, loaded in a child of its own."""
    names = {(module, name) for module, name in item["names"]}
    read, write = os.pipe()
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        bind(group["memory"], group["seconds"])
        child(group["kind"], base64.b64decode(item["data"]), group["modules"], names, write)
    os.close(write)
    said = b""
    late = False
    while True:
        left = began + group["seconds"] - time.monotonic()
        ready = select.select([read], [], [], max(left, 0))[0]
        if not ready:
            late = True
            os.kill(pid, signal.SIGKILL)
            break
        piece = os.read(read, 65536)
        if not piece:
            break
        said += piece
    os.close(read)
    status = os.waitpid(pid, 0)[1]
    if late or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
        return {"outcome": "late", "events": [], "error": f"not done in {group['seconds']} s"}
    if os.WIFSIGNALED(status):
        return {"outcome": "killed", "events": [], "error": signal.Signals(os.WTERMSIG(status)).name}
    if not said:
        return {"outcome": "killed", "events": [], "error": f"exit {os.WEXITSTATUS(status)}"}
    told: dict[str, Any] = json.loads(said)
    if told["events"]:
        outcome = "acted"
    elif told["error"]:
        outcome = "starved" if told["error"].startswith("MemoryError") else "raised"
    else:
        outcome = "quiet"
    return {"outcome": outcome, **told}


def room(group: dict[str, Any], out: int) -> NoReturn:
    """Imports what the files of a group may import, then loads them one after the other."""
    absent = ""
    try:
        for module in [*group["modules"], *ALWAYS]:
            importlib.import_module(module)
        for data in harmless(group["kind"]):
            load(group["kind"], data)
    except Exception as fault:
        absent = f"{type(fault).__name__}: {fault}"
    gc.collect()
    gc.freeze()
    for item in group["items"]:
        if absent:
            told: dict[str, Any] = {"outcome": "absent", "events": [], "error": absent}
        else:
            told = watched(item, group)
        os.write(out, json.dumps({"at": item["at"], **told}).encode() + b"\n")
    os._exit(0)


def hall(bundle: dict[str, Any], out: int) -> NoReturn:
    """Imports the packages that all groups of a bundle have in common, and forks a room for each."""
    for package in bundle["packages"]:
        # A room tells what is absent.
        with contextlib.suppress(Exception):
            importlib.import_module(package)
    for group in bundle["groups"]:
        pid = os.fork()
        if pid == 0:
            room(group, out)
        os.waitpid(pid, 0)
    os._exit(0)


def main() -> None:
    """Reads bundles as lines of JSON; writes a line for each file, and an empty one after each bundle."""
    out = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    lines = os.fdopen(os.dup(0), "rb")
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    warnings.simplefilter("ignore")
    hello = json.loads(lines.readline())
    sys.path.extend(hello["paths"])
    for line in lines:
        bundle = json.loads(line)
        pid = os.fork()
        if pid == 0:
            hall(bundle, out)
        os.waitpid(pid, 0)
        os.write(out, b"\n")


if __name__ == "__main__":
    main()
