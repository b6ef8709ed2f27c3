"""What may be loaded: a policy is an immutable value of exact names, denied names, limits and levels of
rules.

It never asks what is installed on this machine and never changes after it was made; each change gives a new
policy. The names are compiled once into a native look-up.
"""

from __future__ import annotations

import os
from functools import cache

from dryload._frozen import replace
from dryload._native import Names
from dryload.errors import PolicyError
from dryload.findings import Finding, Severity, Verdict
from dryload.policy_layer import allow_row, checked_limits, deny_row, layer_of
from dryload.policy_table import built_in, read_toml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import NoReturn

    from dryload.policy_layer import Layer, Name


class Policy:
    """Which names a file may import and call, how far a scan goes, and what counts as a failure.

    >>> policy = Policy.default().allow("mycorp.features:Scaler")
    >>> policy.name
    'default, amended'
    """

    __slots__ = ("_allow", "_compiled", "_deny", "_rules", "fail_on", "limits", "name")

    name: str
    limits: Mapping[str, int]
    fail_on: frozenset[Verdict]
    _allow: Mapping[Name, str]
    _deny: Mapping[Name, str]
    _rules: Mapping[str, str]
    _compiled: Names | None

    def __init__(
        self,
        *,
        name: str,
        allow: Mapping[Name, str],
        deny: Mapping[Name, str],
        limits: Mapping[str, int],
        rules: Mapping[str, str],
        fail_on: frozenset[Verdict],
    ) -> None:
        assign = object.__setattr__
        assign(self, "name", name)
        assign(self, "limits", limits)
        assign(self, "fail_on", fail_on)
        assign(self, "_allow", allow)
        assign(self, "_deny", deny)
        assign(self, "_rules", rules)
        assign(self, "_compiled", None)

    @classmethod
    def default(cls) -> Policy:
        """Permits plain values, numpy, the set of torch's weights-only loader and joblib's array wrapper."""
        return cls.builtin("default")

    @classmethod
    def weights_only(cls) -> Policy:
        """Permits exactly what torch permits with `weights_only=True`."""
        return cls.builtin("weights-only")

    @classmethod
    def strict(cls) -> Policy:
        """Permits plain values only."""
        return cls.builtin("strict")

    @staticmethod
    @cache
    def builtin(name: str) -> Policy:
        """Gives a policy that is part of dryload, by name.

        Raises:
            PolicyError: there is no such policy.
        """
        if name not in built_in().layers:
            raise _no_such_policy(name)
        return Policy.stacked(name, layers(name))

    @staticmethod
    def named(chosen: str) -> Policy:
        """Gives a built-in policy by name, or reads the file if `chosen` ends in ".toml".

        Raises:
            PolicyError: there is no such policy, or the file says something that is not understood.
        """
        return Policy.load(chosen) if chosen.endswith(".toml") else Policy.builtin(chosen)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Policy:
        """Reads a policy file in TOML; `docs/policy.md` has its keys.

        Raises:
            PolicyError: the file cannot be read, or says something that is not understood.
        """
        return Policy.stacked(os.fspath(path), _file_layers(os.fspath(path), above=()))

    @staticmethod
    def stacked(name: str, layers: Iterable[tuple[str, Layer]]) -> Policy:
        """Puts layers upon the shared deny side; what a higher one says about a name replaces what a lower
        one said."""
        allow: dict[Name, str] = {}
        deny: dict[Name, str] = dict(built_in().known)
        limits: dict[str, int] = {}
        rules: dict[str, str] = {}
        fail_on = DEFAULT_FAIL_ON
        for _, layer in layers:
            _lay(allow, deny, allow=layer.allow.items(), deny=layer.deny.items())
            limits.update(layer.limits)
            rules.update(layer.rules)
            fail_on = fail_on if layer.fail_on is None else layer.fail_on
        return Policy(name=name, allow=allow, deny=deny, limits=limits, rules=rules, fail_on=fail_on)

    def allow(self, name: str, spec: str | None = None) -> Policy:
        """Permits one exact name, with everything that can be done with it or as `spec` says.

        Raises:
            PolicyError: the name is not exact, or the spec is not understood.
        """
        row = allow_row(name, True if spec is None else spec, where="Policy.allow")
        return self._amended(*_merged(self._allow, self._deny, allow=[row], deny=[]))

    def deny(self, name: str, *, reason: str) -> Policy:
        """Denies one exact name, or a module and all below it if written "module.*".

        Raises:
            PolicyError: the name is not usable, or the reason is empty.
        """
        row = deny_row(name, reason, where="Policy.deny")
        return self._amended(*_merged(self._allow, self._deny, allow=[], deny=[row]))

    def with_limits(self, **limits: int) -> Policy:
        """Changes some limits.

        Raises:
            PolicyError: a limit is unknown, or is no positive integer.
        """
        merged = {**self.limits, **checked_limits(limits, where="Policy.with_limits")}
        return self._amended(self._allow, self._deny, limits=merged)

    @property
    def allowed(self) -> Mapping[Name, str]:
        """The spec of each allowed name, by (module, qualified name); a copy."""
        return dict(self._allow)

    @property
    def denied(self) -> Mapping[Name, str]:
        """The reason of each denied name; the qualified name "*" is the module and all below it. A copy."""
        return dict(self._deny)

    @property
    def rules(self) -> Mapping[str, str]:
        """The levels of rules that differ from the built-in ones, by slug; a copy."""
        return dict(self._rules)

    @property
    def names(self) -> Names:
        """The names as the core looks them up; compiled at the first use and kept."""
        if self._compiled is None:
            allow = [(module, qualname, spec) for (module, qualname), spec in self._allow.items()]
            deny = [(module, qualname, reason) for (module, qualname), reason in self._deny.items()]
            object.__setattr__(self, "_compiled", Names(allow, deny))
        assert self._compiled is not None
        return self._compiled

    @property
    def digest(self) -> str:
        """A hash of everything in it but its name: two policies with one digest give the same reports."""
        from hashlib import sha256

        rows = (
            sorted(self._allow.items()),
            sorted(self._deny.items()),
            sorted(self.limits.items()),
            sorted(self._rules.items()),
            sorted(verdict.value for verdict in self.fail_on),
        )
        return sha256(repr(rows).encode()).hexdigest()

    def weighed(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Gives the findings with the levels of this policy: another severity, or suppressed."""
        if not self._rules:
            return tuple(findings)
        return tuple(self._weighed(finding) for finding in findings)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Policy):
            return NotImplemented
        return self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"<Policy {self.name!r}, {len(self._allow)} names allowed>"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("Policy is immutable: allow(), deny() and with_limits() give a new one")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("Policy is immutable")

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (self.name, self._allow, self._deny, self.limits, self._rules, self.fail_on)

    def _weighed(self, finding: Finding) -> Finding:
        level = self._rules.get(finding.rule)
        if level is None:
            return finding
        if level == "off":
            return replace(finding, suppressed=True, suppressed_by="policy")
        return replace(finding, severity=Severity(level))

    def _amended(
        self, allow: Mapping[Name, str], deny: Mapping[Name, str], limits: Mapping[str, int] | None = None
    ) -> Policy:
        return Policy(
            name=self.name if self.name.endswith(AMENDED) else self.name + AMENDED,
            allow=allow,
            deny=deny,
            limits=self.limits if limits is None else limits,
            rules=self._rules,
            fail_on=self.fail_on,
        )


def layers(chosen: str) -> list[tuple[str, Layer]]:
    """Gives what a built-in policy or a policy file is made of, each layer with its name, the lowest first.

    A built-in layer that is extended along two ways stands there once.

    Raises:
        PolicyError: there is no such policy, or a file says something that is not understood.
    """
    if chosen.endswith(".toml"):
        return _file_layers(chosen, above=())
    if chosen not in built_in().layers:
        raise _no_such_policy(chosen)
    return _built_in_layers(chosen)


def _no_such_policy(name: str) -> PolicyError:
    return PolicyError(f"no built-in policy {name!r}; there are {', '.join(sorted(built_in().layers))}")


def _built_in_layers(name: str) -> list[tuple[str, Layer]]:
    return [(each, built_in().layers[each]) for each in _below(name)]


def _below(name: str) -> Mapping[str, None]:
    """Names a built-in layer and those under it, each once, the lowest first."""
    order: dict[str, None] = {}
    for base in built_in().layers[name].extends or ():
        order.update(_below(base))
    order[name] = None
    return order


def _file_layers(path: str, *, above: tuple[str, ...]) -> list[tuple[str, Layer]]:
    """`above` are the files that led here."""
    if os.path.realpath(path) in above:
        raise PolicyError(f"{path}: 'extends' leads back to this file")
    layer = layer_of(read_toml(path), where=path)
    return [*layers_below(path, layer.extends, above=above), (path, layer)]


def layers_below(
    path: str, extends: Iterable[str] | None, *, above: tuple[str, ...] = ()
) -> list[tuple[str, Layer]]:
    """Gives the layers that a policy file at `path` names with `extends`, the lowest first.

    Raises:
        PolicyError: it names none at all, or one of them is not there or not understood.
    """
    if extends is None:
        raise PolicyError(
            f"{path}: 'extends' is missing: name a policy, such as \"default\", or write [] for none"
        )
    found: list[tuple[str, Layer]] = []
    for base in extends:
        if base in built_in().layers:
            found += _built_in_layers(base)
        elif not base.endswith(".toml"):
            known = ", ".join(sorted(built_in().layers))
            raise PolicyError(f"{path}: 'extends': {base!r} is neither a .toml file nor one of {known}")
        else:
            below = os.path.join(os.path.dirname(path), base)
            found += _file_layers(below, above=(*above, os.path.realpath(path)))
    return found


def _merged(
    lower_allow: Mapping[Name, str],
    lower_deny: Mapping[Name, str],
    *,
    allow: Iterable[tuple[Name, str]],
    deny: Iterable[tuple[Name, str]],
) -> tuple[dict[Name, str], dict[Name, str]]:
    """Gives what lies under a layer together with it, and changes neither."""
    merged_allow, merged_deny = dict(lower_allow), dict(lower_deny)
    _lay(merged_allow, merged_deny, allow=allow, deny=deny)
    return merged_allow, merged_deny


def _lay(
    lower_allow: dict[Name, str],
    lower_deny: dict[Name, str],
    *,
    allow: Iterable[tuple[Name, str]],
    deny: Iterable[tuple[Name, str]],
) -> None:
    """Lays one layer upon those below, in place: ten layers copied one by one cost a process 3 ms. Inside
    the one layer, deny wins."""
    for pair, spec in allow:
        lower_allow[pair] = spec
        # Of such a name only one use is let through, and the rest stays denied.
        if not spec.endswith(" attribute"):
            lower_deny.pop(pair, None)
    for pair, reason in deny:
        module, qualname = pair
        lower_deny[pair] = reason
        if qualname == "*":
            below = module + "."
            for other in [each for each in lower_allow if each[0] == module or each[0].startswith(below)]:
                del lower_allow[other]
        else:
            lower_allow.pop(pair, None)


def _restored(
    name: str,
    allow: Mapping[Name, str],
    deny: Mapping[Name, str],
    limits: Mapping[str, int],
    rules: Mapping[str, str],
    fail_on: frozenset[Verdict],
) -> Policy:
    return Policy(name=name, allow=allow, deny=deny, limits=limits, rules=rules, fail_on=fail_on)


AMENDED = ", amended"
DEFAULT_FAIL_ON = frozenset({Verdict.MALICIOUS, Verdict.INVALID, Verdict.UNKNOWN})
