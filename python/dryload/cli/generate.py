"""`dryload generate FORMAT`: writes sample files of a format, with a list of what each is.

Files are right unless a fault or an attack is asked for. An attack calls a function of dryload that does
nothing. The same seed gives the same files; nothing that is there already is overwritten by something else.
"""

from __future__ import annotations

import json
import os

from dryload._native import faults, formats, generate
from dryload.errors import PolicyError
from dryload.policy_layer import check_keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(words: list[str]) -> int:
    """Writes the files and the list."""
    options = _parser().parse_args(words)
    if options.list:
        for format in formats() if options.format is None else [options.format]:
            for slug in faults(format):
                print(f"{format:<12} {slug}")
        return 0
    if options.format is None or options.out is None:
        raise PolicyError("name a format and --out DIR, or ask for --list")
    if options.fault is not None:
        check_keys(
            [options.fault], faults(options.format), where=f"--fault of {options.format}", what="fault"
        )
    if options.malicious and options.format in HARMLESS:
        raise PolicyError(f"nothing in a file of {options.format} is ever called")
    kind = options.fault or ("malicious" if options.malicious else "any" if options.any else "valid")
    try:
        os.makedirs(options.out, exist_ok=True)  # noqa: PTH103 - a name from the command line
        samples = [_written(options, kind, options.seed + number) for number in range(options.count)]
        _write(
            os.path.join(options.out, f"{kind}.manifest.json"),
            json.dumps(_manifest(options, kind, samples), indent=1).encode() + b"\n",
            mode="wb",
        )
    except OSError as error:
        raise PolicyError(f"--out {options.out}: {error.strerror or error}") from error
    size = sum(int(str(each["bytes"])) for each in samples)
    print(f"{len(samples):,} files of {options.format}, {kind}, {size:,} bytes: {options.out}")
    return 0


def _written(options: argparse.Namespace, kind: str, seed: int) -> dict[str, object]:
    from hashlib import sha256

    data = generate(options.format, seed, kind)
    name = f"{kind}-{seed}.{SUFFIX[options.format]}"
    path = os.path.join(options.out, name)
    try:
        _write(path, data, mode="xb")
    except FileExistsError:
        with open(path, "rb") as file:
            if file.read() != data:
                raise
    return {"name": name, "seed": seed, "bytes": len(data), "sha256": sha256(data).hexdigest()}


def _write(path: str, data: bytes, *, mode: str) -> None:
    with open(path, mode) as file:
        file.write(data)


def _manifest(options: argparse.Namespace, kind: str, samples: list[dict[str, object]]) -> dict[str, object]:
    from dryload._version import __version__

    return {
        "schema": "dryload.samples/1",
        "tool": {"name": "dryload", "version": __version__},
        "format": options.format,
        "kind": kind,
        "samples": samples,
    }


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="dryload generate",
        description="Write sample files of a format: right ones, ones with a fault, or with an attack.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("format", nargs="?", choices=formats(), metavar="FORMAT", help=", ".join(formats()))
    add("-n", dest="count", type=int, default=1, metavar="N", help="how many (default: 1)")
    add("--seed", type=int, default=1, metavar="N", help="seed of the first file (default: 1)")
    add("--out", metavar="DIR", help="the folder they go to")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--fault", metavar="SLUG", help="with this fault and no other")
    kind.add_argument("--malicious", action="store_true", help="that call a function of dryload's own")
    kind.add_argument("--any", action="store_true", help="of all kinds, as a fuzzer has them")
    add("--list", action="store_true", help="list the faults of the format, or of all")
    return parser


# Formats without pickles.
HARMLESS = frozenset({"bytes", "safetensors"})
SUFFIX = {
    "bytes": "bin",
    "npy": "npy",
    "pickle": "pkl",
    "safetensors": "safetensors",
    "torch": "pt",
    "zip": "zip",
}
