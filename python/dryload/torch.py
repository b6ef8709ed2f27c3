"""`torch.load` of what is inert.

A checkpoint is scanned first, then loaded by torch from the same open file under a guard. By default torch's
own `weights_only` stays on, so that both lists have to agree.
"""

from __future__ import annotations

import pickle
from importlib import import_module

from dryload.guards import safe_load

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any, BinaryIO

    from dryload.policy import Policy


def load(
    f: str | os.PathLike[str] | BinaryIO,
    map_location: Any = None,
    *,
    policy: Policy | None = None,
    trust_scan: bool = False,
    **options: Any,
) -> Any:
    """Loads a checkpoint as `torch.load` does, if it is inert.

    With `trust_scan` torch's own list is left out, so that what dryload proves inert loads even where torch
    refuses it: numpy scalars, an `argparse.Namespace`. Neither `weights_only=False` nor a `pickle_module` nor
    TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD does so.

    Raises:
        UnsafeModelError: it is not inert.
        TypeError: `weights_only` or `pickle_module` was given: this function decides them.
        ImportError: torch is not installed.
    """
    torch: Any = import_module("torch")
    for decided in ("weights_only", "pickle_module"):
        if decided in options:
            raise TypeError(f"dryload.torch.load decides {decided}; trust_scan=True leaves torch's list out")
    if trust_scan:
        options["pickle_module"] = pickle
    return safe_load(
        f,
        loader=torch.load,
        policy=policy,
        # torch maps the file by its name.
        by_name=bool(options.get("mmap")),
        map_location=map_location,
        weights_only=not trust_scan,
        **options,
    )
