"""Words for what a scan found: `Verdict`, `Severity`, `Span` and `Finding`.

Nothing here judges or prints. The text in a finding may come from a hostile file and is raw: an output
passes it through `safe_text` before anyone sees it.
"""

from __future__ import annotations

from enum import StrEnum

from dryload._frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class _Ranked(StrEnum):
    """A string enum whose order is that of its definition, worst first, and not that of the alphabet."""

    @property
    def rank(self) -> int:
        """The place in the order; 0 is the worst."""
        return list(type(self)).index(self)

    def __lt__(self, other: object) -> bool:
        """True when this one is worse, so that `min` and `sorted` put the worst first."""
        return self.rank < other.rank if isinstance(other, type(self)) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.rank <= other.rank if isinstance(other, type(self)) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.rank > other.rank if isinstance(other, type(self)) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.rank >= other.rank if isinstance(other, type(self)) else NotImplemented


class Verdict(_Ranked):
    """What is claimed about a file, worst first.

    >>> min(Verdict.INERT, Verdict.UNKNOWN)
    <Verdict.UNKNOWN: 'unknown'>
    """

    MALICIOUS = "malicious"
    """Loading runs or reaches something on the deny side, or the file hides a name or a payload."""
    INVALID = "invalid"
    """The file breaks its format's rules, or two readers of the format would see different things."""
    UNKNOWN = "unknown"
    """Understood to the end, but it imports or calls a name that is on neither side."""
    INCONCLUSIVE = "inconclusive"
    """Not judged to the end."""
    INERT = "inert"
    """Every byte that a loader would interpret was interpreted, and the policy permits all of it."""


class Severity(_Ranked):
    """How loudly a finding is told, worst first. It never changes a verdict."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@frozen
class Span:
    """A range of bytes; `end` is exclusive."""

    start: int
    end: int


@frozen
class Finding:
    """One judged fact about one file.

    `span` counts from the start of the part and `file_span` from the start of the file; the latter is None
    when the part only exists after decompression. `evidence` holds what was seen, by name: strings are what
    identifies the finding, integers are offsets and counts. `value` says where in the loaded object the
    value stands, as `root['x']`, where that is known; else it is empty. A suppressed finding is told, but
    does not count for the verdict; `suppressed_by` is then policy, configuration or baseline, and
    `justification` the reason that somebody wrote down.
    """

    rule: str
    severity: Severity
    verdict: Verdict
    message: str
    member: str | None
    span: Span
    file_span: Span | None
    part: int | None
    evidence: Mapping[str, str | int]
    label: str = ""
    note: str = ""
    help: str = ""
    value: str = ""
    suppressed: bool = False
    suppressed_by: str = ""
    justification: str = ""
    told_fingerprint: str = ""

    @property
    def fingerprint(self) -> str:
        """A short hash of rule, member and evidence that stays the same when the file is saved again.

        Offsets are left out: the integers of the evidence, and hexadecimal words in its text. A finding that
        was read from a report keeps the one it had there (`told_fingerprint`): its texts were made visible.
        """
        if self.told_fingerprint:
            return self.told_fingerprint
        from hashlib import sha256

        texts = (
            f"{name}={_without_offsets(text)}"
            for name, text in sorted(self.evidence.items())
            if isinstance(text, str)
        )
        identity = "\0".join((self.rule, self.member or "", *texts))
        return "dl1:" + sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def __hash__(self) -> int:
        return hash((self.rule, self.member, self.span, self.message))

    def to_dict(self) -> dict[str, object]:
        """Gives the object that stands in `findings` of the JSON report; its strings are raw."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "verdict": self.verdict.value,
            "message": self.message,
            "member": self.member,
            "part": self.part,
            "span": [self.span.start, self.span.end],
            "file_span": None if self.file_span is None else [self.file_span.start, self.file_span.end],
            "evidence": dict(self.evidence),
            "value": self.value or None,
            "label": self.label or None,
            "note": self.note or None,
            "help": self.help or None,
            "fingerprint": self.fingerprint,
            "suppressed": self.suppressed,
            "suppressed_by": self.suppressed_by or None,
            "justification": self.justification or None,
        }


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Picks the worst verdict; nothing at all is inert, so ask for completeness first."""
    return min(verdicts, default=Verdict.INERT)


def brief(text: str) -> str:
    """Cuts text that a file chose, so that a message stays readable however long a name is."""
    return text if len(text) <= MAX_QUOTED else text[: MAX_QUOTED - 1] + "…"


def _without_offsets(text: str) -> str:
    return " ".join(word for word in text.split() if not word.startswith("0x"))


# Two lines of a terminal: enough for any honest dotted name with one argument.
MAX_QUOTED = 160
