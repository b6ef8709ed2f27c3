"""`dryload policy show`: says what the policy in force permits, as a whole or for one name.

Options and configuration count as they do for a scan. Names and reasons may come from a file of somebody
else: in text they pass `safe_text`, and JSON and TOML have escapes of their own.
"""

from __future__ import annotations

import sys

from dryload._native import limits
from dryload.cli.config import load_config, policy_in_force
from dryload.errors import PolicyError
from dryload.outputs.frame import PATH_CAP, wrapped
from dryload.outputs.safe_text import safe_text
from dryload.policy import Policy, layers
from dryload.policy_layer import split_name
from dryload.policy_spec import in_words, parse_spec
from dryload.policy_table import built_in
from dryload.policy_toml import flattened
from dryload.policy_view import SHARED, elsewhere, known_name, left_out, origins, permits, standing

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from dryload.findings import Verdict
    from dryload.policy_layer import Layer, Name

    Layers = list[tuple[str, Layer]]


def run(words: list[str]) -> int:
    """Prints what was asked for; gives 0 whatever the answer is."""
    options = _parser().parse_intermixed_args(words)
    as_json = options.format == "json"
    if options.format == "toml" and (options.list or options.names or options.name):
        raise PolicyError("--format toml writes a whole policy: leave --list, --names and --name out")
    if options.list:
        _print(_built_in_object() if as_json else _built_in_lines())
        return 0
    config, told = load_config(options.config, scanned=(), isolated=options.isolated)
    if told:
        print(told, file=sys.stderr)
    policy = policy_in_force(config, named=options.policy, allow=options.allow)
    stack = layers(options.policy or config.policy or "default")
    if options.name:
        name = split_name(options.name, where="--name")
        answer = _name_object(policy, name, stack)
        _print(answer if as_json else _name_lines(policy, name, answer))
    elif options.format == "toml":
        sys.stdout.write(flattened(policy))
    elif as_json:
        _print(_policy_object(policy, stack, config.fail_on))
    elif options.names:
        _print(_allowed_lines(policy, stack))
    else:
        _print(_policy_lines(policy, stack, config.fail_on))
    return 0


def _print(shown: Mapping[str, object] | Iterator[str]) -> None:
    if isinstance(shown, dict):
        import json

        print(json.dumps(shown, indent=2))
    else:
        for line in shown:
            print(line)


def _built_in_object() -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "policies": [
            {"name": name, "permits": permits(name), "names": len(Policy.builtin(name).allowed)}
            for name in built_in().layers
        ],
    }


def _built_in_lines() -> Iterator[str]:
    for name in built_in().layers:
        yield from wrapped(f"{name:<13} {len(Policy.builtin(name).allowed):>5} names  ", permits(name))


def _policy_object(policy: Policy, stack: Layers, fail_on: frozenset[Verdict] | None) -> dict[str, object]:
    brought = origins(policy, stack)
    return {
        "schema": SCHEMA,
        "name": policy.name,
        "extends": list(stack[-1][1].extends or ()),
        "digest": policy.digest,
        "allow": [
            {"name": ":".join(name), "spec": spec, "from": brought[name]}
            for name, spec in sorted(policy.allowed.items())
        ],
        "deny": [
            {"name": ":".join(name), "reason": reason} for name, reason in sorted(_own_denied(policy).items())
        ],
        "denied_by_every_policy": len(policy.denied) - len(_own_denied(policy)),
        "limits": dict(policy.limits),
        "rules": dict(policy.rules),
        "fail_on": [verdict.value for verdict in sorted(fail_on or policy.fail_on)],
    }


def _policy_lines(policy: Policy, stack: Layers, fail_on: frozenset[Verdict] | None) -> Iterator[str]:
    yield safe_text(policy.name, PATH_CAP)
    counts: dict[str, int] = {}
    for source in origins(policy, stack).values():
        counts[source] = counts.get(source, 0) + 1
    own = _own_denied(policy)
    of_layers = ", ".join(f"{count:,} from {source}" for source, count in counts.items())
    defaults = {name: value for name, value, _ in limits()}
    yield from _row("extends", ", ".join(stack[-1][1].extends or ()) or "nothing")
    yield from _row("allows", f"{len(policy.allowed):,} names: {of_layers}" if counts else "no name")
    yield from _row("denies", f"{len(policy.denied):,} names and modules, {len(own):,} of them its own")
    for name, reason in sorted(own.items()):
        yield from _row("", f"{':'.join(name)}: {reason}")
    changed = {limit: value for limit, value in policy.limits.items() if defaults[limit] != value}
    for limit, value in changed.items():
        yield from _row("limit", f"{limit} = {value:,} (default {defaults[limit]:,})")
    if not changed:
        yield from _row("limits", "the default ones")
    for slug, level in policy.rules.items():
        yield from _row("rule", f"{slug} = {level}")
    if not policy.rules:
        yield from _row("rules", "the default levels")
    yield from _row("fails on", ", ".join(verdict.value for verdict in sorted(fail_on or policy.fail_on)))
    yield from _row("digest", policy.digest)


def _allowed_lines(policy: Policy, stack: Layers) -> Iterator[str]:
    by_source: dict[str, list[tuple[str, str]]] = {}
    for name, source in sorted(origins(policy, stack).items()):
        by_source.setdefault(source, []).append((":".join(name), policy.allowed[name]))
    for source, rows in by_source.items():
        yield f"{safe_text(source, PATH_CAP)}: {len(rows):,} name{'' if len(rows) == 1 else 's'}"
        width = min(max(len(dotted) for dotted, _ in rows), NAME_WIDTH)
        for dotted, spec in rows:
            yield f"  {safe_text(dotted):<{width}}  {safe_text(spec)}"


def _name_object(policy: Policy, name: Name, stack: Layers) -> dict[str, object]:
    stands = standing(policy, name, stack)
    known = known_name(stands.entry) if stands.layer == SHARED else {}
    source, left_out_reason = left_out(name)
    return {
        "schema": SCHEMA,
        "policy": policy.name,
        "name": ":".join(name),
        "side": stands.side,
        "entry": stands.entry,
        "from": stands.layer,
        "spec": stands.said if stands.side == "allow" else "",
        "class": known.get("class", ""),
        "reason": known.get("reason", "") or (stands.said if stands.side == "deny" else ""),
        "reference": known.get("reference", ""),
        "elsewhere": {} if stands.side == "allow" else elsewhere(name),
        "left_out": f"{source}: {left_out_reason}" if source and stands.side == "unknown" else "",
    }


def _name_lines(policy: Policy, name: Name, answer: Mapping[str, object]) -> Iterator[str]:
    told = {
        "allow": "is allowed by",
        "deny": "is denied by",
        "unknown": "is on neither side of",
    }[str(answer["side"])]
    yield from wrapped("", f"{safe_text(':'.join(name))} {told} {safe_text(policy.name, PATH_CAP)}")
    if answer["side"] == "allow":
        yield from _row("from", str(answer["from"]))
        # In one piece, to be copied into a policy.
        yield f'  {"spec":<10}"{safe_text(str(answer["spec"]), cap=None)}"'
        for phrase in in_words(parse_spec(str(answer["spec"]))):
            yield from _row("", phrase)
    elif answer["side"] == "deny":
        yield from _row("from", str(answer["from"]))
        yield from _row("entry", str(answer["entry"]))
        for label in ("class", "reason", "reference"):
            if answer[label]:
                yield from _row(label, str(answer[label]))
    else:
        if answer["left_out"]:
            yield from _row("left out", str(answer["left_out"]))
        yield from _row("so", "a file that imports it is unknown")
        yield from _row("help", "`dryload policy learn FILE` writes the line that a trusted file needs")
    other = answer["elsewhere"]
    assert isinstance(other, dict)
    for source, spec in other.items():
        yield from _row("but", f'{source} allows it: "{spec}"')


def _own_denied(policy: Policy) -> dict[Name, str]:
    shared = built_in().known
    return {name: reason for name, reason in policy.denied.items() if shared.get(name) != reason}


def _row(label: str, text: str) -> Iterator[str]:
    return wrapped(f"  {label:<10}", safe_text(text, cap=None))


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="dryload policy show",
        description="Say what the policy in force permits, as a whole or for one name.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("policy", nargs="?", metavar="NAME|FILE", help="default, weights-only, strict, ..., or a policy file")
    add("--list", action="store_true", help="list the built-in policies")
    add("--names", action="store_true", help="list every allowed name with its spec")
    add("--name", metavar="NAME", help='say where "module:Name" stands, and why')
    add(
        "--allow",
        action="append",
        default=[],
        metavar="NAME",
        help='allow "module:Name" as well, as a scan would; repeatable',
    )
    add("--format", choices=["text", "json", "toml"], default="text", help="toml: as one policy file")
    add("--config", metavar="FILE", help="use this configuration file")
    add("--isolated", action="store_true", help="use no configuration file")
    return parser


SCHEMA = "dryload.policy/1"
# Most names of a listing stand in a column; the few longer ones push their spec to the right.
NAME_WIDTH = 44
