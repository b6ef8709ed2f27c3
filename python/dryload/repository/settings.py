"""The settings beside a model: keys that make a loader import or fetch code.

Only keys that loaders act on are named: `auto_map` and its kin run code of the repository where the caller
trusts it, `trust_remote_code` and the names of implementations decide for the caller (CVE-2026-5241,
CVE-2026-4372), `_target_` is called by Hydra.
"""

from __future__ import annotations

import re
from typing import Any

from dryload.repository.files import Folder, Unread, fact, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dryload._core import Observation

# Settings of a model are small; what is larger is a vocabulary.
MAX_BYTES = 4_000_000
# Files of settings that loaders read.
_NAMES = re.compile(
    r"(config|.*_config|model_index|modules|adapter_.*|.*processor.*|config_.*|params|hyperparams)\.json",
    re.I,
)
_IMPLEMENTATIONS = ("_attn_implementation_internal", "_experts_implementation_internal")
_NAMED = (*_IMPLEMENTATIONS, "_attn_implementation", "attn_implementation", "_experts_implementation")
_TARGET = re.compile(r"^[ \t]*(?:-[ \t]*)?['\"]?_target_['\"]?[ \t]*:[ \t]*(\S.*)$", re.M)
# Libraries whose classes diffusers and sentence-transformers load by name.
_LIBRARIES = ("diffusers", "transformers", "sentence_transformers", "onnxruntime", "peft", "flax", "null")


def facts(folder: Folder) -> Iterator[Observation]:
    """Gives the settings of a folder that make a loader run code, and the code itself."""
    for name in folder.names:
        if _NAMES.fullmatch(name):
            try:
                value, twice = folder.json(name, MAX_BYTES)
            except Unread as error:
                yield fact("repository-unread", name, "", str(error))
                continue
            for key in twice:
                yield fact("repository-duplicate-key", name, "", repr(key))
            yield from _of_value(name, value)
        elif name.lower().endswith((".yaml", ".yml")):
            yield from _of_yaml(folder, name)
    for name in folder.ending(".py"):
        yield fact("repository-custom-code", name, "", "a Python file")


def _of_value(name: str, value: Any) -> Iterator[Observation]:
    for key, pointer, item in walk(value):
        if key in ("auto_map", "custom_pipelines") and item:
            yield fact("repository-custom-code", name, pointer, f"{key}: {_short(item)}")
        elif key == "trust_remote_code" and item is True:
            yield fact("repository-remote-code", name, pointer, "trust_remote_code: true")
        elif key in _NAMED and isinstance(item, str) and "/" in item:
            yield fact("repository-remote-code", name, pointer, f"{key}: {item[:80]}")
        elif key == "_target_" and isinstance(item, str):
            yield fact("repository-custom-code", name, pointer, f"_target_: {item[:80]}")
    if name == "modules.json" and isinstance(value, list):
        for i, module in enumerate(value):
            kind = module.get("type") if isinstance(module, dict) else None
            if isinstance(kind, str) and not kind.startswith("sentence_transformers."):
                yield fact("repository-custom-code", name, f"/{i}/type", f"type: {kind[:80]}")
    if name == "model_index.json" and isinstance(value, dict):
        for key, item in value.items():
            own = isinstance(item, list) and len(item) == 2 and isinstance(item[0], str)
            if own and item[0] not in _LIBRARIES:
                yield fact("repository-custom-code", name, f"/{key}", f"{item[0][:60]}: {_short(item[1])}")


def _of_yaml(folder: Folder, name: str) -> Iterator[Observation]:
    try:
        text = folder.text(name, MAX_BYTES)
    except Unread as error:
        yield fact("repository-unread", name, "", str(error))
        return
    for match in list(_TARGET.finditer(text))[:16]:
        yield fact("repository-custom-code", name, "", f"_target_: {match[1].rstrip()[:80]}")


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:79] + "…"
