"""Prints the operators that TorchScript code may name without a word, with what some of them do.

Asks the installed torch for the schemas of all operators it has, and keeps the
namespaces `aten` and `prim`: the table that the core reads as
`rust/core/src/formats/torchscript/ops.tsv`.

    python tools/derive_torchscript.py > rust/core/src/formats/torchscript/ops.tsv
    python tools/derive_torchscript.py --against rust/core/src/formats/torchscript/ops.tsv
    python tools/derive_torchscript.py --suspects

`--against` prints what the table lacks. Names that a release had and another
lacks stay in the table, as files with them do. `--suspects` prints the schemas
whose arguments look like a name of a file or an address: read their code, and
enter what acts in ACTING.

Refuses to guess: an operator acts only if somebody read that it does.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator
from pathlib import Path

NAMESPACES = ("aten", "prim")

# What does more than compute, read in torch 2.15.0: register_special_ops.cpp, native_functions.yaml and
# torch/csrc/distributed/rpc.
ACTING = {
    "aten::from_file": "maps a file into memory, and creates it if asked to share",
    "aten::save": "writes a file",
    "prim::IgnoredPythonOp": "calls Python",
    "prim::PythonOp": "calls Python",
    "prim::rpc_async": "calls a function on another machine",
    "prim::rpc_remote": "calls a function on another machine",
    "prim::rpc_sync": "calls a function on another machine",
}
# Words in the names of text arguments that make an operator worth a look.
SUSPECT = ("file", "path", "dir", "url", "host", "addr", "name", "cmd", "code")


def schemas() -> Iterator[object]:
    """Yields the schemas of all operators of the installed torch."""
    yield from importlib.import_module("torch")._C._jit_get_all_schemas()


def operators() -> set[str]:
    """Gives the names of the operators of the namespaces, without overloads."""
    names = {str(schema.name) for schema in schemas()}  # type: ignore[attr-defined]
    return {name for name in names if name.partition("::")[0] in NAMESPACES}


def table(path: Path) -> dict[str, str]:
    """Reads a table: the name of each operator, and what it does if it acts."""
    rows = (line.partition("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return {name: does for name, _, does in rows if not name.startswith("#")}


def suspects() -> list[str]:
    """Lists the schemas with a text argument whose name is a suspect word."""
    found = []
    for schema in schemas():
        arguments = [(a.name, str(a.type)) for a in schema.arguments]  # type: ignore[attr-defined]
        if any("str" in kind and any(word in name for word in SUSPECT) for name, kind in arguments):
            found.append(str(schema))
    return sorted(found)


def main() -> None:
    """Prints the table, what a table lacks, or what to look at."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--against", type=Path, metavar="TSV", help="print what this table lacks and has extra"
    )
    parser.add_argument("--suspects", action="store_true", help="print schemas to look at")
    options = parser.parse_args()
    if options.suspects:
        print("\n".join(suspects()))
    elif options.against:
        ours, theirs = set(table(options.against)), operators()
        print("\n".join([f"missing: {name}" for name in sorted(theirs - ours)]))
        print("\n".join([f"extra: {name}" for name in sorted(ours - theirs)]))
    else:
        version = importlib.import_module("torch").__version__
        print(f"# made by tools/derive_torchscript.py from torch {version.partition('+')[0]}")
        for name in sorted(operators() | set(ACTING)):
            print(f"{name}\t{ACTING[name]}" if name in ACTING else name)


if __name__ == "__main__":
    main()
