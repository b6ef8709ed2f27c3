"""The exceptions of dryload; each says whose fault it is: the file's, the source's, or the caller's.

Parsing raises, scanning reports, a guard raises because its answer must not be dropped. A message never
carries a raw control character from a file: it holds slugs, offsets and `repr`s. All of them survive
pickling, so that a worker process can hand them back.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dryload.report import Report


class DryloadError(Exception):
    """Every exception that dryload raises on purpose."""


class FormatError(DryloadError, ValueError):
    """The file breaks the rules of its format.

    Attributes:
        code: the slug of the defect, as in `docs/rules.md`.
        offset: where it was noticed, in bytes from the start of the file.
        format: the format whose rules were broken.
    """

    def __init__(self, message: str, *, code: str, offset: int, format: str) -> None:
        super().__init__(message)
        self.code = code
        self.offset = offset
        self.format = format

    def __reduce__(self) -> tuple[Any, ...]:
        return _format_error, (type(self), str(self), self.code, self.offset, self.format)


class LimitExceeded(FormatError):
    """The file asks for more than a limit grants; it may be well formed."""


class SourceError(DryloadError, OSError):
    """The bytes could not be read: the fault of the disk, the path or the permissions."""


class PolicyError(DryloadError, ValueError):
    """The policy or the configuration says something that dryload does not understand."""


class _Refused(DryloadError, ValueError):
    """A value from outside that breaks a named rule.

    Attributes:
        rule: the rule, as in the tables of `docs/paths.md`.
        value: the whole value, raw; it may hold control characters or a password: show the message instead.
        position: where the rule is broken, in characters from the start of the value.
    """

    def __init__(self, message: str, *, rule: str, value: str, position: int) -> None:
        super().__init__(message)
        self.rule = rule
        self.value = value
        self.position = position

    def __reduce__(self) -> tuple[Any, ...]:
        return _refused, (type(self), str(self), self.rule, self.value, self.position)


class PathError(_Refused):
    """A name or path could lead out of the folder it is meant for, or is read differently by two systems."""


class UrlError(_Refused):
    """A URL, a host or an address is outside the policy, or is read differently by two parsers."""


class UnsafeModelError(DryloadError):
    """The file is not inert, and somebody asked to go on only if it is.

    Attributes:
        report: what the scan saw; `print(error.report)` shows it as the terminal does. None where a load was
        stopped and no scan stands behind it.
    """

    report: Report | None

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        """Names the file, the verdict, the worst finding with its offset, and what to do."""
        report = self.report
        if report is None:
            return ""
        counted = [finding for finding in report.findings if not finding.suppressed]
        if not counted:
            return f"{report.path!r} is {report.verdict}"
        worst = counted[0]
        member = "" if worst.member is None else f" in {_shown(worst.member)}"
        others = f"; {len(counted) - 1} more" if len(counted) > 1 else ""
        told = f"{_shown(worst.message)} ({worst.rule} at {worst.span.start:#x}{member}{others})"
        return f"{report.path!r} is {report.verdict}: {told}. {_shown(worst.help)}".rstrip()


def _shown(text: str) -> str:
    # What a file chose, without control characters.
    return repr(text if len(text) <= 200 else text[:199] + "…")[1:-1]


class UnsafeLoadError(UnsafeModelError, PermissionError):
    """A load did something that the guard around it does not allow; it was stopped before that happened.

    Attributes:
        event: the event of `sys.audit` that was stopped. name: the module and the qualified name that the
        load asked for, if that was it. report: None; no scan stands behind it.
    """

    def __init__(self, message: str, *, event: str, name: tuple[str, str] | None = None) -> None:
        Exception.__init__(self, message)
        self.report = None
        self.event = event
        self.name = name

    def __str__(self) -> str:
        """Says what the load did, by `repr` where the file chose the words."""
        return _shown(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return _load_error, (self.args[0], self.event, self.name)


def _load_error(message: str, event: str, name: tuple[str, str] | None) -> UnsafeLoadError:
    return UnsafeLoadError(message, event=event, name=name)


def _refused(cls: type[_Refused], message: str, rule: str, value: str, position: int) -> _Refused:
    return cls(message, rule=rule, value=value, position=position)


def _format_error(cls: type[FormatError], message: str, code: str, offset: int, format: str) -> FormatError:
    return cls(message, code=code, offset=offset, format=format)
