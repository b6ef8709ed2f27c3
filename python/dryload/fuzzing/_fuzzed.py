"""Calls a target with one input after the other and tells what became of each. Run as a script, by `runner`.

A line of JSON on stdin says what to call and from which input on; each finding is a line on fd 3. Before each
call the number of the input is written into a shared file, so that the parent knows the input of a process
that died or hangs. What the target prints goes nowhere.
"""

from __future__ import annotations

import base64
import importlib
import io
import json
import mmap
import os
import resource
import struct
import sys
import tempfile
import traceback
from typing import Any

ACTS = frozenset(
    {"os.system", "subprocess.Popen", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "socket.connect"}
    | {"os.remove", "os.rename", "os.rmdir", "shutil.rmtree", "os.mkdir"}
)


class Acted(BaseException):
    """Stops a side effect before it happens; not an Exception, so that few handlers swallow it."""


class Target:
    """What is called, and what it did."""

    def __init__(self, told: dict[str, Any]) -> None:
        module, _, name = told["target"].partition(":")
        sys.path.insert(0, told["folder"])
        found: Any = importlib.import_module(module)
        for step in name.split("."):
            found = getattr(found, step)
        self._call = found
        self._way = told["as"]
        self._expected = set(told["expect"])
        self._watching = False
        self.acts: list[str] = []
        suffix = told["suffix"]
        self._file = tempfile.NamedTemporaryFile(suffix=suffix) if self._way == "path" else None  # noqa: SIM115
        sys.addaudithook(self._hook)

    def outcome(self, data: bytes) -> dict[str, Any] | None:
        """Calls it; None where nothing is to be told."""
        self.acts.clear()
        try:
            given = self._given(data)
            self._watching = True
            self._call(given)
        except Acted:
            pass
        except MemoryError as error:
            self._watching = False
            return self._told("memory", error)
        except RecursionError as error:
            self._watching = False
            return None if self._is_expected(error) else self._told("exception", error)
        except BaseException as error:
            self._watching = False
            if not self._is_expected(error):
                return self._told("exception", error)
        finally:
            self._watching = False
        if self.acts:
            return {
                "class": "side_effect",
                "type": self.acts[0].partition("(")[0],
                "where": "",
                "text": self.acts[0],
            }
        return None

    def _given(self, data: bytes) -> Any:
        if self._file is None:
            return io.BytesIO(data) if self._way == "file" else data
        self._file.seek(0)
        self._file.truncate()
        self._file.write(data)
        self._file.flush()
        return self._file.name

    def _is_expected(self, error: BaseException) -> bool:
        return any(each.__name__ in self._expected for each in type(error).__mro__)

    def _told(self, kind: str, error: BaseException) -> dict[str, Any]:
        frames = traceback.extract_tb(error.__traceback__)
        last = frames[-1] if len(frames) > 1 else None
        where = "" if last is None else f"{os.path.basename(last.filename)}:{last.name}:{last.lineno}"
        text = f"{type(error).__name__}: {error}"[:400]
        return {"class": kind, "type": type(error).__name__, "where": where, "text": text}

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._watching:
            return
        writes = (
            event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        )
        if event in ACTS or (writes and "__pycache__" not in str(args[0])):
            self._watching = False
            self.acts.append(f"{event}({str(args[0])[:80] if args else ''})")
            raise Acted(event)


def main() -> None:
    """Works through the inputs, or through those that the parent sends."""
    out = os.fdopen(3, "w", encoding="utf-8")
    lines = os.fdopen(os.dup(0), "rb")
    told = json.loads(lines.readline())
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    try:
        target = Target(told)
    except BaseException as error:
        print(json.dumps({"broken": f"{type(error).__name__}: {error}"}), file=out, flush=True)
        return
    limit = told["memory"]
    with open("/proc/self/statm", encoding="ascii") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + limit, used + limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(json.dumps({"ready": True}), file=out, flush=True)
    with open(told["place"], "r+b") as place, mmap.mmap(place.fileno(), 16) as shared:
        if told["probe"]:
            for number, line in enumerate(lines, 1):
                struct.pack_into("<Q", shared, 0, number)
                print(json.dumps(target.outcome(base64.b64decode(line))), file=out, flush=True)
                struct.pack_into("<Q", shared, 8, number)
            return
        from dryload.fuzzing.inputs import Inputs

        seeds = [base64.b64decode(each) for each in told["seeds"]]
        inputs = Inputs(told["format"], seeds, seed=told["seed"], max_len=told["max_len"])
        for number in range(told["first"], told["end"]):
            data = inputs.at(number)
            struct.pack_into("<Q", shared, 0, number)
            found = target.outcome(data)
            struct.pack_into("<Q", shared, 8, number + 1)
            if found is not None:
                print(json.dumps({"number": number, **found}), file=out, flush=True)
    print(json.dumps({"done": True}), file=out, flush=True)


if __name__ == "__main__":
    main()
