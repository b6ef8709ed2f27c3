"""Prints torch's own weights-only list, in the layout of a policy.

Asks the installed torch which names `torch.load(weights_only=True)` allows
without `add_safe_globals`, so that the next person can hold them against
`python/dryload/policies/weights-only.toml` when torch moves on:

    python tools/derive_torch.py
    python tools/derive_torch.py --against python/dryload/policies/weights-only.toml

Refuses to guess argument schemas: a callable is printed with its parameters
in a comment, and its spec is written by hand.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
from pathlib import Path
from types import FunctionType
from typing import Any

from derive import allowed


def weights_only() -> dict[str, Any]:
    """Reads torch's list: `module:qualname` to the object that it stands for.

    Raises:
        AttributeError: this torch keeps its list elsewhere.
    """
    unpickler = importlib.import_module("torch._weights_only_unpickler")
    names: dict[str, Any] = {}
    for path, value in unpickler._get_allowed_globals().items():
        module, _, qualname = path.rpartition(".")
        names[f"{module}:{qualname}"] = value
    return names


def spec(value: object) -> str:
    """Writes the least that a name of this sort needs; a function needs a schema by hand."""
    if isinstance(value, FunctionType):
        parameters = ", ".join(inspect.signature(value).parameters)
        return f'"call(...)"  # {parameters}'
    if isinstance(value, type) or type(value).__name__ == "StorageType":
        return '"type"'
    return '"value"'


def main() -> None:
    """Prints the list, or what a policy has too few and too many."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--against", type=Path, metavar="POLICY", help="print only the differences from this policy"
    )
    options = parser.parse_args()
    torch = importlib.import_module("torch")
    ours = weights_only()
    theirs = allowed(options.against) if options.against else set()
    print(f"# torch {torch.__version__} ({torch.version.git_version}): {len(ours)} names")
    print("[allow]")
    for name in sorted(ours.keys() - theirs):
        print(f'"{name}" = {spec(ours[name])}')
    for name in sorted(theirs - ours.keys()):
        print(f"# not in this torch: {name}")


if __name__ == "__main__":
    main()
