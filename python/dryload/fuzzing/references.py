"""What is right: readers that a target is held against.

A reference takes bytes and returns when it takes them for a file of the format, or raises. The official ones
import nothing that a file names: names are stubbed in the unpickler, and arrays of objects are refused.
"""

from __future__ import annotations

import io
import zipfile

from dryload.errors import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Refused(ValueError):
    """The reference refuses the input; `code` names the reason, for one finding for each."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def reference(name: str, format: str) -> Callable[[bytes], Any]:
    """Gives a reference: `official`, `dryload`, or a function by MODULE:FUNCTION.

    What the latter returns is held against what the target returns. It raises ImportError where the reader is
    not installed.

    Raises:
        ValueError: there is no such reference for the format.
    """
    if name == "dryload":
        return _scanned(format)
    if name == "official":
        if format not in OFFICIAL:
            raise ValueError(f"no official reader of {format}")
        return OFFICIAL[format]()
    module, colon, path = name.partition(":")
    if not colon:
        raise ValueError(f"the reference is official, dryload or MODULE:FUNCTION, not {name!r}")
    from importlib import import_module

    found: Any = import_module(module)
    for step in path.split("."):
        found = getattr(found, step)
    call: Callable[[bytes], Any] = found
    return call


def _scanned(format: str) -> Callable[[bytes], None]:
    from dryload.findings import Verdict
    from dryload.scanner import scan

    def check(data: bytes) -> None:
        report = scan(data, name=f"input.{SUFFIX.get(format, format)}")
        if report.format not in FORMATS.get(format, (report.format,)):
            raise Refused("other-format", f"it is of the format {report.format or 'of no file'}")
        for finding in report.findings:
            if finding.verdict in (Verdict.INVALID, Verdict.INCONCLUSIVE):
                raise Refused(finding.rule, f"{finding.rule}: {finding.message}")

    return check


def _unpickler() -> Callable[[bytes], None]:
    from dryload.fuzzing.oracles import READERS, ask

    def check(data: bytes) -> None:
        asked = ask(data, readers=READERS[:1])[0]
        if not asked.pickles:
            raise Refused(asked.error.partition(":")[0], asked.error)

    return check


def _numpy() -> Callable[[bytes], None]:
    import numpy

    def check(data: bytes) -> None:
        with io.BytesIO(data) as file:
            numpy.lib.format.read_array(file, allow_pickle=False)
            if file.read(1):
                raise Refused("trailing", "bytes behind the array")

    return check


def _safetensors() -> Callable[[bytes], None]:
    from safetensors import deserialize

    def check(data: bytes) -> None:
        deserialize(data)  # type: ignore[no-untyped-call]

    return check


def _zipfile() -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            bad = archive.testzip()
        if bad is not None:
            raise Refused("checksum", f"the checksum of {bad!r} is another")

    return check


def code_of(error: BaseException) -> str:
    """Names what a reference refused an input for."""
    if isinstance(error, Refused | FormatError):
        return error.code
    return type(error).__name__


OFFICIAL = {
    "npy": _numpy,
    "pickle": _unpickler,
    "safetensors": _safetensors,
    "torch": _zipfile,
    "zip": _zipfile,
}
# How a scan calls what is read as a format.
FORMATS = {
    "npy": ("npy",),
    "pickle": ("pickle",),
    "safetensors": ("safetensors",),
    "torch": ("torch-zip",),
    "zip": ("zip", "npz", "torch-zip"),
}
SUFFIX = {"pickle": "pkl", "torch": "pt", "bytes": "bin"}
