"""Writes policies as TOML that `Policy.load` reads back as the same policy.

Names and reasons may hold anything that a file or a person chose, so each is written as a basic string with
every character escaped that a reader would not see. It refuses what TOML cannot hold: a lone surrogate.
"""

from __future__ import annotations

from dryload.errors import PolicyError
from dryload.policy import Policy
from dryload.policy_layer import layer_of
from dryload.policy_table import built_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dryload.policy_layer import Name


def toml_string(text: str) -> str:
    r"""Writes a text as a basic string.

    >>> print(toml_string('a"b\n\u202e'))
    "a\"b\n\u202e"

    Raises:
        PolicyError: it holds a surrogate, which is no character.
    """
    return f'"{"".join(map(_escaped, text))}"'


def name_key(name: Name) -> str:
    """Writes a name as the key of a policy."""
    return toml_string(":".join(name))


def flattened(policy: Policy) -> str:
    """Writes the policy as one file that extends nothing.

    The deny side that all policies share is not written: it is there anyway.

    Raises:
        PolicyError: one file cannot say it, as when a name is allowed below a module that is denied.
    """
    text = "\n".join(_lines(policy)) + "\n"
    if _read_back(text).digest != policy.digest:
        raise PolicyError(
            f"{policy.name}: it allows a name of a module that it denies, and inside one file deny wins"
        )
    return text


def _lines(policy: Policy) -> Iterator[str]:
    yield "extends = []"
    shared = built_in().known
    denied = {name: reason for name, reason in policy.denied.items() if shared.get(name) != reason}
    tables = (
        ("allow", {name_key(name): toml_string(spec) for name, spec in policy.allowed.items()}),
        ("deny", {name_key(name): toml_string(reason) for name, reason in denied.items()}),
        ("limits", {limit: str(value) for limit, value in policy.limits.items()}),
        ("rules", {slug: toml_string(level) for slug, level in policy.rules.items()}),
    )
    for title, rows in tables:
        if rows:
            yield ""
            yield f"[{title}]"
            yield from (f"{key} = {value}" for key, value in sorted(rows.items()))
    yield ""
    yield "[fail]"
    yield f"on = [{', '.join(toml_string(verdict.value) for verdict in sorted(policy.fail_on))}]"


def _read_back(text: str) -> Policy:
    import tomllib

    layer = layer_of(tomllib.loads(text), where="flattened")
    return Policy.stacked("flattened", [("flattened", layer)])


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return "\\" + sign
    if sign in _SHORT:
        return _SHORT[sign]
    if sign.isprintable():
        return sign
    code = ord(sign)
    if 0xD800 <= code < 0xE000:
        raise PolicyError(f"a lone surrogate, U+{code:04X}, which TOML cannot hold")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
