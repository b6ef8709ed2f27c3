"""A spec taken apart: what may be done with a name, word by word, so that two specs can be compared.

The core reads specs for itself and decides alone what one grants; this is for people and for tools that
write policies. It refuses to judge: text that the core does not take is not for this module either.
"""

from __future__ import annotations

from dryload._frozen import frozen
from dryload._native import check_spec
from dryload.errors import PolicyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Kinds = frozenset[str]


@frozen
class Spec:
    """One spec; kinds are words of the grammar or texts in their single quotes.

    `call` holds the kinds of each parameter, or None when a call is not granted; those from `required` on
    may be missing, and with `rest` the last may stand any number of times. `clauses` are the words that say
    how a call or a state is judged (`gives`, `applies`, `makes`, `updates`, `key`, `tag` and their kin), as
    they are written.
    """

    is_type: bool = False
    is_new: bool = False
    call: tuple[Kinds, ...] | None = None
    required: int = 0
    rest: bool = False
    state: Kinds | None = None
    items: bool = False
    append: bool = False
    clauses: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Writes it as the core reads it, always in the same order."""
        words = ["type"] * self.is_type
        if self.call is not None:
            words.append(f"{'new' if self.is_new else 'call'}({self.parameters()})")
        if self.state is not None:
            words.append(f"state({alternatives(self.state)})")
        words += ["items"] * self.items + ["append"] * self.append + list(self.clauses)
        return " ".join(words) or "value"

    def parameters(self) -> str:
        """Writes what stands inside `call(...)`."""
        params = self.call or ()
        marks = ["?" if index >= self.required else "" for index in range(len(params))]
        if self.rest and marks:
            marks[-1] = "*"
        return ", ".join(alternatives(kinds) + mark for kinds, mark in zip(params, marks, strict=True))

    def parameter(self, index: int) -> Kinds | None:
        """Gives the kinds that the argument at `index` may be of; None when none may stand there."""
        params = self.call or ()
        if index < len(params):
            return params[index]
        return params[-1] if self.rest and params else None


def parse_spec(text: str) -> Spec:
    """Takes a spec apart.

    >>> str(parse_spec("append  call( str|int ,'C'? )"))
    "call(int|str, 'C'?) append"

    Raises:
        PolicyError: the core does not take it.
    """
    try:
        check_spec(text)
    except ValueError as error:
        raise PolicyError(str(error)) from error
    found: dict[str, object] = {}
    clauses: list[str] = []
    for word, inside in _words(text):
        if word in ("call", "new"):
            found["is_new"] = word == "new"
            params = [part.strip() for part in _split(inside, ",")] if inside.strip() else []
            found["call"] = tuple(_kinds(part.rstrip("?*")) for part in params)
            found["rest"] = bool(params) and params[-1].endswith("*")
            found["required"] = next(
                (index for index, part in enumerate(params) if part.endswith(("?", "*"))), len(params)
            )
        elif word == "state":
            found["state"] = _kinds(inside)
        elif word in ("type", "items", "append"):
            found["is_type" if word == "type" else word] = True
        elif word != "value":
            clauses.append(word if word in _BARE else f"{word}({inside.strip()})")
    return Spec(**found, clauses=tuple(clauses))  # type: ignore[arg-type]


def beyond(spec: Spec, floor: Spec) -> list[str]:
    """Gives the words of `spec` that grant something which `floor` does not; none when it grants all of it.

    >>> beyond(parse_spec("type call(int|str)"), parse_spec("type call(int)"))
    ['call(int|str)']
    """
    words: list[str] = []
    if spec.is_type and not floor.is_type:
        words.append("type")
    if spec.call is not None and not _call_within(spec, floor):
        words.append(f"{'new' if spec.is_new else 'call'}({spec.parameters()})")
    if spec.state is not None and not (floor.state is not None and _within(spec.state, floor.state)):
        words.append(f"state({alternatives(spec.state)})")
    words += [word for word in ("items", "append") if getattr(spec, word) and not getattr(floor, word)]
    words += [clause for clause in spec.clauses if clause not in floor.clauses]
    if spec.call is not None or spec.state is not None:
        # A clause may bind a call or a state as well as grant something, so a missing one is told too.
        words += [f"no {clause}" for clause in floor.clauses if clause not in spec.clauses]
    return words


def in_words(spec: Spec) -> list[str]:
    """Says what a spec grants, a phrase each, to stand behind the name.

    >>> in_words(parse_spec("call(str, 'latin1') gives(bytes)"))
    ["may be called with (str, 'latin1')", 'what it makes counts as bytes']
    """
    phrases: list[str] = []
    if spec.is_type:
        phrases.append("may stand where a type is expected")
    if spec.call is not None:
        how = "made, its constructor not run," if spec.is_new else "called"
        phrases.append(
            f"may be {how} with ({spec.parameters()})" if spec.call else f"may be {how} without arguments"
        )
    if spec.state is not None:
        phrases.append(f"may be given a state of {' or '.join(_ordered(spec.state))}")
    if spec.items:
        phrases.append("may have items written into it")
    if spec.append:
        phrases.append("may have values appended to it")
    phrases += [_clause_in_words(clause) for clause in spec.clauses]
    return phrases or ["may be imported, and nothing else may be done with it"]


def is_everything(spec: Spec) -> bool:
    """True for a spec that lets a call have arguments of every kind."""
    return any("any" in kinds for kinds in (*(spec.call or ()), spec.state or frozenset()))


def alternatives(kinds: Iterable[str]) -> str:
    """Writes kinds with bars between them, in the order of the grammar, texts last."""
    return "|".join(_ordered(kinds))


def _ordered(kinds: Iterable[str]) -> list[str]:
    return sorted(kinds, key=lambda kind: (KINDS.index(kind) if kind in KINDS else len(KINDS), kind))


def _call_within(spec: Spec, floor: Spec) -> bool:
    if (
        floor.call is None
        or spec.call is None
        or spec.required < floor.required
        or (floor.is_new > spec.is_new)
    ):
        return False
    if spec.rest and not floor.rest:
        return False
    count = max(len(spec.call), len(floor.call)) if spec.rest else len(spec.call)
    for index in range(count):
        kinds, granted = spec.parameter(index), floor.parameter(index)
        if kinds is None or granted is None or not _within(kinds, granted):
            return False
    return True


def _within(kinds: Kinds, granted: Kinds) -> bool:
    return all(kind in granted or not _broader(kind).isdisjoint(granted) for kind in kinds)


def _broader(kind: str) -> frozenset[str]:
    # Nothing but its tag asks for a value that stands apart.
    return _BROADER.get(kind, frozenset[str]() if kind.startswith("#") else _TEXT)


def _clause_in_words(clause: str) -> str:
    word, _, inside = clause.rstrip(")").partition("(")
    if word == "gives":
        return f"what it makes counts as {inside}"
    if word == "applies":
        callee, _, args = inside.partition(",")
        called = f"calls its argument {callee.strip()} with its argument {args.strip()}"
        return f"{called}, as that name's entry permits"
    if word == "key":
        name, _, kinds = inside.partition(",")
        return f"what its state holds under {name.strip()} is {kinds.strip().replace('|', ' or ')}"
    if word in _BARE:
        return _BARE[word]
    if word == "keys":
        return f"its argument {inside} holds what those keys say"
    if word == "fields":
        return f"its state is a tuple of {inside.replace('|', ' or ')}"
    if word == "tag":
        return f"what it makes stands apart: only what asks for #{inside} is given it"
    if word == "makes":
        return f"makes an instance of its argument {inside}"
    return f"sets the keys of its argument {inside} as attributes"


def _words(text: str) -> Iterator[tuple[str, str]]:
    """Gives each word with what stands in its parentheses."""
    rest = text.strip()
    while rest:
        end = next((index for index, sign in enumerate(rest) if not sign.isalnum()), len(rest))
        word, after = rest[:end], rest[end:].lstrip()
        inside = ""
        if after.startswith("("):
            inside = next(_split(after[1:], ")"))
            after = after[len(inside) + 2 :]
        yield word, inside
        rest = after.lstrip()


def _split(text: str, sign: str) -> Iterator[str]:
    """Splits at a sign outside single quotes."""
    start, quoted = 0, False
    for index, each in enumerate(text):
        if each == "'":
            quoted = not quoted
        elif each == sign and not quoted:
            yield text[start:index]
            start = index + 1
    yield text[start:]


def _kinds(text: str) -> Kinds:
    return frozenset(kind.strip() for kind in text.split("|"))


# The words of the grammar, and its kinds, in the order in which they are written.
WORDS = (
    "value",
    "type",
    "call",
    "new",
    "state",
    "items",
    "append",
    "gives",
    "applies",
    "makes",
    "updates",
    "key",
    "attributes",
    "attribute",
    "closed",
    "keys",
    "fields",
    "tag",
)
KINDS = (
    "none",
    "bool",
    "int",
    "size",
    "small",
    "float",
    "str",
    "bytes",
    "tuple",
    "list",
    "dict",
    "set",
    "empty",
    "object",
    "storage",
    "type",
    "callable",
    "global",
    "data",
    "any",
    "never",
    "array",
    "dtype",
    "slice",
    "each",
    "keyed",
    "zone",
)
# Words that stand without parentheses, and what they say.
_BARE = {
    "attributes": "its items are its attributes",
    "attribute": "gives the name of an attribute of its first argument; all else is denied",
    "closed": "no other key may stand there",
}
_DATA = frozenset({"data", "any"})
_TEXT = _DATA | {"str"}
# The kinds that take everything which a kind takes. A text in quotes is not here: `str` and what is broader.
_BROADER = {
    **dict.fromkeys(KINDS[:15], _DATA),
    "bool": _DATA | {"int"},
    "size": _DATA | {"int"},
    "small": _DATA | {"int"},
    "empty": _DATA | {"tuple"},
    "type": frozenset({"global", "any"}),
    "callable": frozenset({"global", "any"}),
    "global": frozenset({"any"}),
    "data": frozenset({"any"}),
    "any": frozenset[str](),
    "never": frozenset(KINDS),
    **dict.fromkeys(("array", "dtype", "slice"), _DATA | {"object"}),
    **dict.fromkeys(("each", "keyed"), frozenset({"any"})),
    "zone": _TEXT,
}
