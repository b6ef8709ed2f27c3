"""Answers questions about a policy: on which side a name stands, and which layer put it there.

It looks names up as the core does, which a test holds against the core. Reasons, classes and references of
the shared deny side, and what a built-in policy leaves out on purpose, are read from the sources that ship.
"""

from __future__ import annotations

import os

from dryload._frozen import frozen
from dryload.policy_table import KNOWN_NAMES, SOURCES, built_in, read_toml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dryload.policy import Policy
    from dryload.policy_layer import Layer, Name


@frozen
class Standing:
    """Where a name stands: `side` is allow, deny or unknown.

    `entry` is the name of the policy that decides, such as "os:*" for "os:system", `said` its spec or its
    reason, and `layer` the policy that brought it. All three are empty for an unknown name.
    """

    side: str
    entry: str = ""
    said: str = ""
    layer: str = ""


def standing(policy: Policy, name: Name, layers: Iterable[tuple[str, Layer]]) -> Standing:
    """Looks one name up; `layers` are those of the policy, the lowest first."""
    spec = policy.allowed.get(name)
    if spec is not None:
        return Standing(side="allow", entry=":".join(name), said=spec, layer=origins(policy, layers)[name])
    denied = policy.denied
    for key in _deciding(name):
        if key in denied:
            return Standing(
                side="deny",
                entry=":".join(key),
                said=denied[key],
                layer=_brought_by(key, denied[key], layers),
            )
    return Standing(side="unknown")


def origins(policy: Policy, layers: Iterable[tuple[str, Layer]]) -> dict[Name, str]:
    """Gives the policy that brought each allowed name; what no layer says came by option or configuration."""
    said: dict[Name, tuple[str, str]] = {}
    for source, layer in layers:
        said |= {name: (source, spec) for name, spec in layer.allow.items()}
    return {
        name: said[name][0] if name in said and said[name][1] == spec else AMENDMENT
        for name, spec in policy.allowed.items()
    }


def known_name(entry: str) -> Mapping[str, str]:
    """Gives class, reason and reference of an entry of the shared deny side; empty if it has none."""
    row = read_toml(KNOWN_NAMES)
    found = row.get(entry.removesuffix(":*")) or row.get(entry) or row.get(entry.replace(":", "."))
    return {key: str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def elsewhere(name: Name) -> dict[str, str]:
    """Gives the spec of each built-in policy that allows a name in its own file."""
    layers = built_in().layers.items()
    return {policy: layer.allow[name] for policy, layer in layers if name in layer.allow}


def left_out(name: Name) -> tuple[str, str]:
    """Gives the built-in policy that leaves a name out on purpose, and why; empty texts if none does."""
    dotted = ".".join(name)
    for policy, rows in _all_left_out():
        for names, reason in rows:
            if dotted in names:
                return policy, reason
    return "", ""


def permits(policy: str) -> str:
    """Says what a built-in policy permits: the first sentence of its source."""
    said: list[str] = []
    for line in _source(policy):
        text = line.removeprefix("#").strip()
        if not line.startswith("#") or not text:
            break
        said.append(text)
        if text.endswith("."):
            break
    return " ".join(said)


def starts(dotted: str) -> Iterator[str]:
    """Gives a dotted text and what it starts with: `a.b.c`, `a.b`, `a`."""
    while dotted:
        yield dotted
        dotted = dotted.rpartition(".")[0]


def _deciding(name: Name) -> Iterator[Name]:
    """Gives the deny entries that would decide, the nearest first: a dotted name is denied with its start."""
    module, qualname = name
    yield from ((module, start) for start in starts(qualname))
    yield from ((start, "*") for start in starts(module))


def _brought_by(key: Name, reason: str, layers: Iterable[tuple[str, Layer]]) -> str:
    sources = [source for source, layer in layers if layer.deny.get(key) == reason]
    if sources:
        return sources[-1]
    return SHARED if built_in().known.get(key) == reason else AMENDMENT


def _all_left_out() -> Iterator[tuple[str, list[tuple[set[str], str]]]]:
    for file in sorted(os.listdir(SOURCES)):
        if file.endswith(".toml"):
            policy = file.removesuffix(".toml")
            yield policy, list(_left_out_rows(_source(policy)))


def _left_out_rows(lines: Iterable[str]) -> Iterator[tuple[set[str], str]]:
    """Reads the comment "Left out" at the end of a source: names, then the reason behind a gap.

    A row without names goes on with the reason of the row before.
    """
    names: set[str] = set()
    reason = ""
    inside = False
    for line in lines:
        if line.startswith("# Left out"):
            inside = True
        elif inside and line.startswith("#   "):
            text = line.removeprefix("#   ").rstrip()
            if text.startswith(" "):
                reason = f"{reason} {text.strip()}".strip()
                continue
            if names and reason:
                yield names, reason
                names = set()
            told, _, reason = text.partition("  ")
            names = names | {each.strip() for each in told.split(",")}
            reason = reason.strip()
    if names and reason:
        yield names, reason


def _source(policy: str) -> list[str]:
    with open(os.path.join(SOURCES, f"{policy}.toml"), encoding="utf-8") as file:
        return file.read().splitlines()


# What `Standing.layer` says of entries that stand in no policy.
SHARED = "every policy"
AMENDMENT = "an option or the configuration"
