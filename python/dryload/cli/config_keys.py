"""Checks what a configuration file says, key by key.

It refuses to guess: an unknown key or word is a PolicyError that names the file and the nearest known one.
A path starts at the file, and an output stays in the folder of the file: a configuration that came with
somebody else's project must not choose which of your files is overwritten.
"""

from __future__ import annotations

import os

from dryload.cli.config import Config, Suppression
from dryload.errors import PolicyError
from dryload.policy_layer import check_keys, checked_limits, checked_verdicts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def checked(table: Mapping[str, object], source: str, folder: str, *, path: str) -> Config:
    """Gives the table as a `Config`.

    Raises:
        PolicyError: something in it is not understood.
    """
    check_keys(table, KEYS, where=source)
    policy, deny, fail_on = table.get("policy"), table.get("deny", {}), table.get("fail-on")
    format, baseline, limits = table.get("format"), table.get("baseline"), table.get("limits", {})
    if not (policy is None or isinstance(policy, str)):
        raise PolicyError(f"{source}: 'policy' is the name of a policy or the path of a file")
    if not (isinstance(deny, dict) and all(isinstance(reason, str) for reason in deny.values())):
        raise PolicyError(f"{source}: 'deny' is a table of names with reasons")
    if not (fail_on is None or isinstance(fail_on, list)):
        raise PolicyError(f"{source}: 'fail-on' is a list of verdicts")
    if not (baseline is None or (isinstance(baseline, str) and baseline)):
        raise PolicyError(f"{source}: 'baseline' is the path of a file")
    if not isinstance(limits, dict):
        raise PolicyError(f"{source}: 'limits' is a table of numbers")
    if format is not None:
        _check_format(str(format), source)
    if policy is not None and policy.endswith(".toml"):
        policy = os.path.join(folder, policy)
    return Config(
        source=source,
        path=path,
        policy=policy,
        allow=_texts(table, "allow", source, "names"),
        deny=deny,
        fail_on=None if fail_on is None else checked_verdicts(fail_on, where=f"{source}: fail-on"),
        limits=checked_limits(limits, where=f"{source}: limits"),
        jobs=_positive(table, "jobs", source),
        format=None if format is None else str(format),
        output=tuple(_output(text, source, folder) for text in _texts(table, "output", source, FILES)),
        exclude=_texts(table, "exclude", source, "patterns"),
        timeout=_positive(table, "timeout-per-file", source),
        full=_flag(table, "full", source, default=False),
        cache=_flag(table, "cache", source, default=False),
        repository=_flag(table, "repository", source, default=True),
        baseline=None if baseline is None else os.path.join(folder, baseline),
        suppress=_suppressions(table, source),
    )


def _texts(table: Mapping[str, object], key: str, source: str, what: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        raise PolicyError(f"{source}: {key!r} is a list of {what}")
    return tuple(value)


def _positive(table: Mapping[str, object], key: str, source: str) -> int | None:
    value = table.get(key)
    if value is None or (type(value) is int and value > 0):
        return value
    raise PolicyError(f"{source}: {key!r} is a positive integer")


def _flag(table: Mapping[str, object], key: str, source: str, *, default: bool) -> bool:
    value = table.get(key, default)
    if isinstance(value, bool):
        return value
    raise PolicyError(f"{source}: {key!r} is true or false")


def _output(text: str, source: str, folder: str) -> str:
    """Gives FORMAT=FILE with the file counted from the configuration, and in its folder."""
    format, _, name = text.partition("=")
    if not name:
        raise PolicyError(f"{source}: output {text!r}: write FORMAT=FILE")
    _check_format(format, f"{source}: output")
    path = os.path.join(folder, name)
    root = os.path.join(os.path.realpath(folder or "."), "")
    if not os.path.realpath(path).startswith(root):
        raise PolicyError(f"{source}: output {text!r}: a file outside the folder of the configuration")
    return f"{format}={path}"


def _check_format(format: str, where: str) -> None:
    from dryload.outputs import OUTPUTS

    check_keys([format], OUTPUTS, where=where, what="format")


def _suppressions(table: Mapping[str, object], source: str) -> tuple[Suppression, ...]:
    entries = table.get("suppress", [])
    if not (isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)):
        raise PolicyError(f"{source}: 'suppress' is a list of tables: write [[tool.dryload.suppress]]")
    return tuple(_suppression(entry, f"{source}: suppress {index}") for index, entry in enumerate(entries, 1))


def _suppression(entry: Mapping[str, object], where: str) -> Suppression:
    from datetime import date, datetime

    check_keys(entry, ("fingerprint", "sha256", "reason", "expires", "malicious"), where=where)
    reason, expires = entry.get("reason"), entry.get("expires")
    if not (isinstance(reason, str) and reason.strip()):
        raise PolicyError(f"{where}: 'reason' says why the finding is accepted, and is not empty")
    if expires is not None and (not isinstance(expires, date) or isinstance(expires, datetime)):
        raise PolicyError(f"{where}: 'expires' is a date, as 2027-01-31 without quotes")
    return Suppression(
        fingerprint=checked_fingerprint(entry.get("fingerprint"), where=where),
        sha256=checked_sha256(entry.get("sha256"), where=where),
        reason=reason,
        expires="" if expires is None else expires.isoformat(),
        malicious=_flag(entry, "malicious", where, default=False),
    )


def checked_fingerprint(value: object, *, where: str) -> str:
    """Passes a fingerprint, as a report shows it.

    Raises:
        PolicyError: it is none.
    """
    if isinstance(value, str) and value.startswith("dl1:") and _is_hex(value[4:], 16):
        return value
    raise PolicyError(f"{where}: 'fingerprint' is that of a finding, as dl1: and 16 hexadecimal digits")


def checked_sha256(value: object, *, where: str) -> str:
    """Passes the sha256 of a file, in lower case.

    Raises:
        PolicyError: it is none.
    """
    if isinstance(value, str) and _is_hex(value.lower(), 64):
        return value.lower()
    raise PolicyError(f"{where}: 'sha256' is that of the file, in 64 hexadecimal digits")


def _is_hex(text: str, length: int) -> bool:
    return len(text) == length and not set(text) - set("0123456789abcdef")


FILES = "outputs, each FORMAT=FILE"
KEYS = (
    "policy",
    "allow",
    "deny",
    "fail-on",
    "limits",
    "jobs",
    "format",
    "output",
    "exclude",
    "timeout-per-file",
    "full",
    "cache",
    "repository",
    "baseline",
    "suppress",
)
