"""The built-in policies, as one table of plain text that a process can read in a millisecond.

The sources are `policies/*.toml` and `data/known_names.toml`. Importing `tomllib` alone costs 13 ms, more
than starting the interpreter, so the wheel carries `data/policies.tsv`, which `python -m
dryload.policy_table` makes from them. A test fails when the two differ. Nothing here checks the table: it
was checked when it was made.
"""

from __future__ import annotations

import os
from functools import cache

from dryload._frozen import frozen
from dryload.errors import PolicyError
from dryload.findings import Verdict
from dryload.policy_layer import Layer, check_keys, deny_row, layer_of
from dryload.policy_names import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dryload.policy_layer import Name


@frozen
class BuiltIn:
    """The built-in layers by name, and the deny side that all policies share."""

    layers: Mapping[str, Layer]
    known: Mapping[Name, str]


@cache
def built_in() -> BuiltIn:
    """Reads the table."""
    with open(TABLE, encoding="utf-8") as file:
        return _parsed(file.read())


def compiled() -> str:
    """Makes the text of the table from the TOML sources.

    Raises:
        PolicyError: a source says something that is not understood.
    """
    lines = ["# made by `python -m dryload.policy_table`"]
    for name in sorted(os.listdir(SOURCES)):
        if name.endswith(".toml"):
            lines += _rows(
                name.removesuffix(".toml"), layer_of(read_toml(os.path.join(SOURCES, name)), where=name)
            )
    known = (_known_row(name, entry) for name, entry in read_toml(KNOWN_NAMES).items())
    lines += [_line("known", *pair, reason) for pair, reason in known]
    return "\n".join(lines) + "\n"


def read_toml(path: str | os.PathLike[str]) -> dict[str, object]:
    """Parses one TOML file.

    Raises:
        PolicyError: it cannot be read, or is no TOML.
    """
    import tomllib

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise PolicyError(f"{os.fspath(path)}: {error.strerror}") from error
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError
        raise PolicyError(f"{os.fspath(path)}: {error}") from error


def _rows(name: str, layer: Layer) -> Iterator[str]:
    yield _line("policy", name)
    yield from (_line("extends", base) for base in layer.extends or ())
    yield from (_line("allow", *pair, spec) for pair, spec in layer.allow.items())
    yield from (_line("deny", *pair, reason) for pair, reason in layer.deny.items())
    yield from (_line("limit", limit, str(value)) for limit, value in layer.limits.items())
    yield from (_line("rule", slug, level) for slug, level in layer.rules.items())
    yield from (_line("fail", verdict.value) for verdict in sorted(layer.fail_on or ()))


def _known_row(name: str, entry: object) -> tuple[Name, str]:
    where = f"known_names.toml: {name!r}"
    if not isinstance(entry, dict):
        raise PolicyError(f"{where}: a table is wanted")
    check_keys(entry, ("kind", "class", "reason", "reference"), where=where)
    check_keys([str(entry.get("kind"))], ("module", "name"), where=where, what="kind")
    reason, reference = entry.get("reason"), entry.get("reference")
    told = f"{name}: {reason} ({reference})" if reference else f"{name}: {reason}"
    return deny_row(f"{name}:*" if entry["kind"] == "module" else name, reason and told, where=where)


def _line(*fields: str) -> str:
    if any("\t" in field or "\n" in field for field in fields):
        raise PolicyError(f"a tab or a line break in {fields!r}")
    return "\t".join(fields)


def _parsed(text: str) -> BuiltIn:
    sections: dict[str, dict[str, list[list[str]]]] = {}
    allowed: dict[str, dict[Name, str]] = {}
    known: dict[Name, str] = {}
    rows: dict[str, list[list[str]]] = {}
    allow: dict[Name, str] = {}
    # Nearly all rows are one of two kinds, which go where they stay: 1,600 rows are read in 1 ms.
    for line in text.splitlines()[1:]:
        fields = line.split("\t")
        kind = fields[0]
        if kind == "allow":
            allow[fields[1], fields[2]] = fields[3]
        elif kind == "known":
            known[fields[1], fields[2]] = fields[3]
        elif kind == "policy":
            rows = sections[fields[1]] = {}
            allow = allowed[fields[1]] = {}
        else:
            rows.setdefault(kind, []).append(fields[1:])
    return BuiltIn(layers={name: _layer(allowed[name], rows) for name, rows in sections.items()}, known=known)


def _layer(allow: Mapping[Name, str], rows: Mapping[str, list[list[str]]]) -> Layer:
    return Layer(
        extends=tuple(base for (base,) in rows.get("extends", ())),
        allow=allow,
        deny={(module, qualname): reason for module, qualname, reason in rows.get("deny", ())},
        limits={name: int(value) for name, value in rows.get("limit", ())},
        rules=dict(rows.get("rule", ())),
        fail_on=frozenset(Verdict(word) for (word,) in rows["fail"]) if "fail" in rows else None,
    )


_HERE = os.path.dirname(__file__)
KNOWN_NAMES = os.path.join(_HERE, "data", "known_names.toml")
SOURCES = os.path.join(_HERE, "policies")

if __name__ == "__main__":
    with open(TABLE, "w", encoding="utf-8", newline="\n") as output:
        output.write(compiled())
