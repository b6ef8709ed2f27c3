"""Checks a policy file for people: all that is wrong with it at once, and what is allowed but odd.

What is an error here is an error when the file is loaded, and the other way round: both ask the same
functions, this one entry by entry. Remarks never make a file invalid; they point at lines that grant more
than somebody may have meant.
"""

from __future__ import annotations

from dryload._frozen import frozen, replace
from dryload.errors import PolicyError
from dryload.policy import Policy, layers_below
from dryload.policy_layer import allow_row, layer_of
from dryload.policy_spec import beyond, is_everything, parse_spec
from dryload.policy_table import read_toml
from dryload.policy_view import standing, starts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from dryload.policy_layer import Layer, Name

    Layers = list[tuple[str, Layer]]


@frozen
class Remark:
    """One thing to say of a file; `line` counts from 1 and is None where it could not be had.

    An `error` makes the file unusable, a warning does not. `about` says which kind of warning it is.
    """

    message: str
    about: str = "error"
    line: int | None = None

    @property
    def is_error(self) -> bool:
        """True for what makes the file unusable."""
        return self.about == "error"


def check(path: str) -> list[Remark]:
    """Gives all remarks, in the order of the file; none of them is an error exactly if it can be loaded.

    Raises:
        PolicyError: the file cannot be read, or is no TOML.
    """
    document = read_toml(path)
    lines = _Lines(path)
    found = list(_errors(document, path))
    extends = None
    if "extends" in document and ("extends",) not in dict(found):
        extends = layer_of({"extends": document["extends"]}, where=path).extends
    try:
        below = layers_below(path, extends)
    except PolicyError as error:
        if ("extends",) not in dict(found):
            found.append((("extends",), Remark(message=_without(str(error), path))))
    else:
        if not found:
            found = list(_warnings(document, path, below))
    remarks = [replace(remark, line=lines.find(*where)) for where, remark in found]
    return sorted(remarks, key=lambda remark: remark.line or 0)


def _errors(document: Mapping[str, object], path: str) -> Iterator[tuple[tuple[str, ...], Remark]]:
    """Asks for each entry as if it stood alone in the file."""
    for key, value in document.items():
        pieces: list[tuple[tuple[str, ...], object]] = [((key,), value)]
        if isinstance(value, dict) and key in _TABLES:
            pieces = [((key, inner), {inner: said}) for inner, said in value.items()]
        for place, piece in pieces:
            try:
                layer_of({key: piece}, where=path)
            except PolicyError as error:
                yield place, Remark(message=_without(str(error), path))


def _warnings(
    document: Mapping[str, object], path: str, layers: Layers
) -> Iterator[tuple[tuple[str, ...], Remark]]:
    below = Policy.stacked("below", layers)
    layer = layer_of(document, where=path)
    allow = document.get("allow", {})
    assert isinstance(allow, dict)  # layer_of has seen to it
    spelled: dict[Name, str] = {}
    for key, value in allow.items():
        name, spec = allow_row(key, value, where=path)
        remarks = list(_said_of(name, spec, below, layers, layer.deny))
        if name in spelled:
            remarks.append(("twice", f"{spelled[name]!r} is the same name; the last line counts"))
        spelled[name] = key
        for about, message in remarks:
            yield ("allow", key), Remark(about=about, message=f"[allow] {key!r}: {message}")


def _said_of(
    name: Name, text: str, below: Policy, layers: Layers, denied: Container[Name]
) -> Iterator[tuple[str, str]]:
    if any(key in denied for key in (name, *((module, "*") for module in starts(name[0])))):
        yield "no-effect", "[deny] of this file names it too, and inside one file deny wins"
        return
    stands = standing(below, name, layers)
    if stands.side == "deny":
        yield "denied", f"THIS NAME IS ON THE DENY SIDE, and this line overrules it ({stands.said})"
    if not all(word.isidentifier() for word in ".".join(name).split(".")):
        yield "no-name", "no Python code can have this name; a file that uses it is not to be loaded"
    spec = parse_spec(text)
    if is_everything(spec):
        yield "everything", "grants whatever can be done with the name; say what your files need"
    granted, layer = (stands.said, stands.layer) if stands.side == "allow" else (_in_default(name), "default")
    if not granted:
        return
    more = beyond(spec, parse_spec(granted))
    if more:
        yield "widens", f'{layer} allows it as "{granted}", this line goes beyond that: {", ".join(more)}'
    elif stands.side == "allow" and not beyond(parse_spec(granted), spec):
        yield "redundant", f"{layer} grants the same already"


def _in_default(name: Name) -> str:
    """Gives the spec of the built-in default, for a file that is laid upon less or upon nothing."""
    return Policy.default().allowed.get(name, "")


def _without(message: str, path: str) -> str:
    """Takes the path from the start of a message: whoever prints it names the file and the line first."""
    return message.removeprefix(f"{path}: ")


class _Lines:
    """Finds the lines of keys.

    It reads one line at a time, so that a text of several lines that looks like a key is taken for one.
    """

    def __init__(self, path: str) -> None:
        with open(path, encoding="utf-8") as file:
            self._found = dict(_keys(file.read().splitlines()))

    def find(self, *key: str) -> int | None:
        """Gives the line of a key; None if it was not found."""
        return self._found.get(key)


def _keys(lines: Iterable[str]) -> Iterator[tuple[tuple[str, ...], int]]:
    section: tuple[str, ...] = ()
    seen: set[tuple[str, ...]] = set()
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text.startswith("["):
            section = _path_of(text) or ()
            key = section
        elif (inner := _path_of(text) or _path_of(_key_alone(text))) is not None:
            key = section + inner
        else:
            continue
        for end in range(1, len(key) + 1):
            if key[:end] not in seen:
                seen.add(key[:end])
                yield key[:end], number


def _path_of(statement: str) -> tuple[str, ...] | None:
    """Gives the keys that one line of TOML opens; None when it is no statement of its own."""
    import tomllib

    try:
        document: object = tomllib.loads(statement)
    except ValueError:
        return None
    path: list[str] = []
    while isinstance(document, dict) and len(document) == 1:
        (key,) = document
        path.append(key)
        document = document[key]
    return tuple(path) or None


def _key_alone(line: str) -> str:
    """Gives the key of a line whose value goes on in the next, with a value in its place."""
    quoted = ""
    for index, sign in enumerate(line):
        if sign == quoted:
            quoted = ""
        elif sign in "\"'" and not quoted:
            quoted = sign
        elif sign == "=" and not quoted:
            return f"{line[: index + 1]} 0"
    return ""


_TABLES = ("allow", "deny", "limits", "rules", "fail")
