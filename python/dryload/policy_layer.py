"""What one policy file says, checked: the tables of the TOML text as a `Layer`.

It refuses to guess. An unknown key, slug, limit or word of a spec is a PolicyError that names the file, the
key and the nearest known word; an allow entry is one exact name, never a prefix.
"""

from __future__ import annotations

from dryload._frozen import frozen
from dryload._native import check_spec, limits
from dryload.errors import PolicyError
from dryload.findings import Severity, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Name = tuple[str, str]


@frozen
class Layer:
    """One file's own say, before anything that it extends is put under it.

    `allow` and `deny` are keyed by (module, qualified name); in `deny` the qualified name "*" means the
    module and every module below it. `rules` maps a slug to a severity or to "off".
    """

    extends: tuple[str, ...] | None
    allow: Mapping[Name, str]
    deny: Mapping[Name, str]
    limits: Mapping[str, int]
    rules: Mapping[str, str]
    fail_on: frozenset[Verdict] | None


def layer_of(document: Mapping[str, object], *, where: str) -> Layer:
    """Checks a parsed TOML document; `where` is what messages call the file.

    Raises:
        PolicyError: something in it is not understood.
    """
    check_keys(document, ("extends", "allow", "deny", "limits", "rules", "fail"), where=where)
    return Layer(
        extends=_extends(document, where),
        allow=_allow(_table(document, "allow", where), where),
        deny=_deny(_table(document, "deny", where), where),
        limits=checked_limits(_table(document, "limits", where), where=f"{where}: [limits]"),
        rules=_rules(_table(document, "rules", where), where),
        fail_on=_fail_on(_table(document, "fail", where), where),
    )


def split_name(name: str, *, where: str) -> Name:
    """Splits "module.Qualname" at its last dot, or "module:Outer.Inner" at its colon.

    >>> split_name("collections.OrderedDict", where="example")
    ('collections', 'OrderedDict')
    >>> split_name("mycorp.features:Scaler.Config", where="example")
    ('mycorp.features', 'Scaler.Config')

    Raises:
        PolicyError: it is no full name.
    """
    module, _, qualname = name.partition(":") if ":" in name else name.rpartition(".")
    if not module or not qualname or ":" in qualname:
        raise PolicyError(f'{where}: {name!r} is no full name: write "module:Name" or "module.Name"')
    return module, qualname


def allow_row(name: str, spec: object, *, where: str) -> tuple[Name, str]:
    """Checks one allow entry; True stands for `BARE_SPEC`.

    Raises:
        PolicyError: the name is a prefix, or the spec is not understood.
    """
    if isinstance(spec, dict):
        raise PolicyError(f"{where}: {name!r}: quote the whole name, TOML takes its dots for tables")
    pair = split_name(name, where=where)
    if "*" in name:
        raise PolicyError(f"{where}: {name!r} is a prefix; an allow-list holds exact names only")
    if spec is True:
        return pair, BARE_SPEC
    if not isinstance(spec, str):
        raise PolicyError(f"{where}: {name!r}: a spec is a string, or true")
    try:
        check_spec(spec)
    except ValueError as error:
        raise PolicyError(f"{where}: {name!r}: {error}{_nearest_word(str(error))}") from error
    return pair, spec


def deny_row(name: str, reason: object, *, where: str) -> tuple[Name, str]:
    """Checks one deny entry; "module.*" means the module and every module below it.

    Raises:
        PolicyError: the name or the reason is not usable.
    """
    if isinstance(reason, dict):
        raise PolicyError(f"{where}: {name!r}: quote the whole name, TOML takes its dots for tables")
    if not isinstance(reason, str) or not reason:
        raise PolicyError(f"{where}: {name!r}: say why, in a string")
    module, qualname = split_name(name, where=where)
    if "*" in module or ("*" in qualname and qualname != "*"):
        raise PolicyError(f"{where}: {name!r}: a star stands alone, for all of a module")
    return (module, qualname), reason


def checked_limits(values: Mapping[str, object], *, where: str) -> dict[str, int]:
    """Checks names and values of limits.

    Raises:
        PolicyError: a limit is unknown, or its value is no positive integer.
    """
    check_keys(values, [name for name, _, _ in limits()], where=where, what="limit")
    checked: dict[str, int] = {}
    for name, value in values.items():
        if type(value) is not int or value <= 0:
            raise PolicyError(f"{where}: {name!r}: a positive integer is wanted, not {value!r}")
        checked[name] = value
    return checked


def checked_verdicts(words: Iterable[object], *, where: str) -> frozenset[Verdict]:
    """Checks verdicts that make a run fail; inert cannot.

    Raises:
        PolicyError: a word is no verdict, or is inert.
    """
    known = [verdict.value for verdict in Verdict if verdict is not Verdict.INERT]
    words = list(words)
    check_keys([str(word) for word in words], known, where=where, what="verdict")
    return frozenset(Verdict(str(word)) for word in words)


def check_keys(keys: Iterable[str], known: Iterable[str], *, where: str, what: str = "key") -> None:
    """Passes only if every key is a known one.

    Raises:
        PolicyError: one is not; the message names the nearest known one.
    """
    known = list(known)
    for key in keys:
        if key not in known:
            from difflib import get_close_matches

            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
            raise PolicyError(f"{where}: unknown {what} {key!r}; {hint}")


def _nearest_word(message: str) -> str:
    """Names the word of the grammar that is nearest to the one that the core quotes in backticks."""
    from difflib import get_close_matches

    from dryload.policy_spec import KINDS, WORDS

    known = KINDS if message.endswith("is no kind") else WORDS
    near = get_close_matches(message.partition("`")[2].partition("`")[0], known, n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def _table(document: Mapping[str, object], key: str, where: str) -> Mapping[str, object]:
    table = document.get(key, {})
    if not isinstance(table, dict):
        raise PolicyError(f"{where}: {key!r} is a table: write [{key}]")
    return table


def _extends(document: Mapping[str, object], where: str) -> tuple[str, ...] | None:
    value = document.get("extends")
    if value is None:
        return None
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise PolicyError(f"{where}: 'extends' is a name or a list of names")
    return tuple(names)


def _allow(table: Mapping[str, object], where: str) -> dict[Name, str]:
    return dict(allow_row(name, spec, where=f"{where}: [allow]") for name, spec in table.items())


def _deny(table: Mapping[str, object], where: str) -> dict[Name, str]:
    return dict(deny_row(name, reason, where=f"{where}: [deny]") for name, reason in table.items())


def _rules(table: Mapping[str, object], where: str) -> dict[str, str]:
    if not table:
        return {}
    from dryload.rules.catalogue import catalogue

    where = f"{where}: [rules]"
    entries = catalogue()
    check_keys(table, entries, where=where, what="rule")
    levels = [severity.value for severity in Severity] + ["off"]
    checked: dict[str, str] = {}
    for slug, level in table.items():
        check_keys([str(level)], levels, where=f"{where}: {slug!r}", what="level")
        if level == "off" and entries[slug].verdict is Verdict.MALICIOUS:
            raise PolicyError(f"{where}: {slug!r} tells of a malicious file and cannot be switched off")
        checked[slug] = str(level)
    return checked


def _fail_on(table: Mapping[str, object], where: str) -> frozenset[Verdict] | None:
    check_keys(table, ("on",), where=f"{where}: [fail]")
    if "on" not in table:
        return None
    words = table["on"]
    if not isinstance(words, list):
        raise PolicyError(f"{where}: [fail]: 'on' is a list of verdicts")
    return checked_verdicts(words, where=f"{where}: [fail] on")


# What a bare `allow("pkg.Name")` grants: everything that can be done with a name the user vouches for.
BARE_SPEC = "type call(any*) state(any) items append"
