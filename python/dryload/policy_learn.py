"""Writes the policy that trusted files need: a line a name, with the least spec that makes them inert.

It learns from files that are `unknown` and from nothing worse: whatever makes a file malicious, invalid or
inconclusive cannot be allowed by a line, and such a file is told and adds nothing. Neither does one that
uses a name which no Python code can have. What was written is proved at the end, by a scan of the same files
with it.
"""

from __future__ import annotations

import os

from dryload._frozen import frozen
from dryload._version import __version__
from dryload.bulk import scan_many
from dryload.errors import SourceError
from dryload.findings import Verdict
from dryload.outputs.frame import PATH_CAP, wrapped
from dryload.outputs.safe_text import safe_text
from dryload.policy import Policy
from dryload.policy_spec import beyond, parse_spec
from dryload.policy_toml import name_key, toml_string
from dryload.policy_trial import Trial, Trouble, least_entries, vetted_spec
from dryload.policy_view import elsewhere, left_out
from dryload.scanner import scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from dryload.findings import Finding
    from dryload.policy_layer import Name
    from dryload.policy_spec import Spec
    from dryload.report import Report
    from dryload.scanner import Path


@frozen
class Refused:
    """A file that nothing was learned from, and why: a line for each thing that would not be allowed."""

    path: str
    verdict: Verdict
    reasons: tuple[str, ...]


@frozen
class Learned:
    """What was learned: `text` is the policy file.

    `files` are inert with it and were not before, `inert` counts those that were before. Nothing of a
    `refused` file stands in the text.
    """

    text: str
    specs: Mapping[Name, str]
    files: tuple[str, ...]
    inert: int
    refused: tuple[Refused, ...]
    scans: int


class Sight:
    """Where a name was seen, and how often."""

    __slots__ = ("call", "calls", "files", "imports", "place")

    def __init__(self, place: str) -> None:
        self.place = place
        self.files: set[str] = set()
        self.imports = 0
        self.calls = 0
        self.call = ""


def learn(
    paths: Path | Iterable[Path], *, base: str = "default", only: Collection[Name] = (), folder: str = ""
) -> Learned:
    """Scans files and folders that somebody trusts and gives the policy upon `base` that they need.

    `base` is a built-in policy or a policy file, which the text names as it is seen from `folder`. With
    `only`, files that need another name are refused.

    Raises:
        PolicyError: the base is not there or not understood.
    """
    policy = Policy.named(base)
    specs: dict[Name, Spec] = {}
    files: list[str] = []
    refused: list[Refused] = []
    examples: dict[Name, str] = {}
    scans = inert = 0
    for report in scan_many(paths, policy=policy):
        if report.ignored:
            continue
        if report.ok:
            inert += 1
            continue
        reasons = [*_reasons(report.findings, worse_than=Verdict.UNKNOWN), *_unfit(_unlisted(report), only)]
        if report.verdict is Verdict.UNKNOWN and not reasons:
            trial = Trial(report.path, policy)
            found = _tried(trial, report, specs)
            scans += trial.scans
            if isinstance(found, dict):
                changed = (name for name, spec in found.items() if specs.get(name) != spec)
                reasons = list(_unfit(changed, only))
                if not reasons:
                    specs = found
                    files.append(report.path)
                    _remember_calls(report, examples)
                    continue
            else:
                reasons = found
        refused.append(
            Refused(path=report.path, verdict=report.verdict, reasons=tuple(reasons) or UNFINISHED)
        )
    written = {name: str(spec) for name, spec in sorted(specs.items())}
    learned = _amended(policy, written)
    proofs = [scan(path, policy=learned) for path in files]
    refused += [_refused(proof, _reasons(proof.findings)) for proof in proofs if not proof.ok]
    proved = [proof for proof in proofs if proof.ok]
    sights = _sights(proved, written, examples)
    return Learned(
        text="\n".join(_text(_seen_from(folder, base), policy, written, sights, len(proved))) + "\n",
        specs=written,
        files=tuple(proof.path for proof in proved),
        inert=inert,
        refused=tuple(refused),
        scans=scans,
    )


def _tried(trial: Trial, report: Report, specs: Mapping[Name, Spec]) -> dict[Name, Spec] | list[str]:
    """Gives the entries that the file needs with those of the files before it, or why there are none."""
    try:
        found = least_entries(trial, _unlisted(report), specs)
    except SourceError as error:
        return [f"scan-unreadable: {error.strerror}"]
    return list(_left(found, trial.policy)) if isinstance(found, Trouble) else found


def _refused(report: Report, reasons: Iterable[str]) -> Refused:
    return Refused(path=report.path, verdict=report.verdict, reasons=tuple(reasons) or UNFINISHED)


def _unlisted(report: Report) -> frozenset[Name]:
    return frozenset(
        (each.module, each.qualname)
        for part in report.parts
        for each in part.imports
        if each.standing == "unknown"
    )


def _reasons(findings: Iterable[Finding], *, worse_than: Verdict = Verdict.INERT) -> Iterator[str]:
    """Gives a line for each finding that counts.

    What is no worse than unknown may come from a name that is not allowed yet, such as the class of a
    storage: the trial tells.
    """
    for finding in findings:
        if not finding.suppressed and finding.verdict < worse_than:
            yield f"{finding.rule} @ {_place(finding.member, finding.span.start)}: {finding.message}"


def _unfit(names: Iterable[Name], only: Collection[Name]) -> Iterator[str]:
    for name in sorted(names):
        if not all(word.isidentifier() for word in ".".join(name).split(".")):
            yield f"{':'.join(name)!r} is no name that Python code can have"
        elif only and name not in only:
            yield f"{':'.join(name)} is not among the names to learn"


def _left(trouble: Trouble, policy: Policy) -> Iterator[str]:
    yield from _reasons(trouble.others)
    for name, word in sorted(trouble.asked):
        dotted, used = ":".join(name), _WORDS[word]
        if spec := policy.allowed.get(name) or vetted_spec(name):
            yield f'{dotted}: its entry is "{spec}", and learning does not open it for {used}'
        else:
            yield f"{dotted}: no spec can grant {used}, such as keyword arguments"


def _amended(policy: Policy, specs: Mapping[Name, str]) -> Policy:
    for name, spec in specs.items():
        policy = policy.allow(":".join(name), spec)
    return policy


def _remember_calls(report: Report, examples: dict[Name, str]) -> None:
    """Keeps the first call of each name as the scan wrote it, with its arguments."""
    names = {each.name: (each.module, each.qualname) for part in report.parts for each in part.imports}
    for part in report.parts:
        for call in part.calls:
            name = names.get(call.call.partition("(")[0])
            if name is not None and call.standing == "unknown":
                examples.setdefault(name, call.call)
    for finding in report.findings:
        name = names.get(str(finding.evidence.get("name")))
        if name is not None and finding.rule == "pickle-unexpected-argument":
            examples.setdefault(name, str(finding.evidence["call"]))


def _sights(
    reports: Iterable[Report], specs: Mapping[Name, str], examples: Mapping[Name, str]
) -> dict[Name, Sight]:
    sights: dict[Name, Sight] = {}
    for report in reports:
        for part in report.parts:
            calls = {call.call: call.count for call in part.calls}
            for each in part.imports:
                name = (each.module, each.qualname)
                if name not in specs:
                    continue
                place = f"{safe_text(report.path, PATH_CAP)} @ {_place(part.member, each.offset)}"
                sight = sights.setdefault(name, Sight(place))
                sight.files.add(report.path)
                sight.imports += each.count
                sight.calls += calls.get(f"{each.name}(...)", 0)
                sight.call = examples.get(name, "")
    return sights


def _text(
    base: str, policy: Policy, specs: Mapping[Name, str], sights: Mapping[Name, Sight], files: int
) -> Iterator[str]:
    origin = f"dryload {__version__} from {_count(files, 'file')} that somebody trusts"
    yield from _comment(
        f"Learned by {origin}; nothing was loaded. A line lets every file that is scanned with this policy "
        "import the name and do with it what the spec says: look at what the name does before you keep it."
    )
    yield ""
    yield f"extends = {toml_string(base)}"
    if specs:
        yield ""
        yield "[allow]"
    for index, (name, spec) in enumerate(specs.items()):
        if index:
            yield ""
        if name in sights:
            yield from _comment(_told(sights[name]))
        for why in _why(name, spec, policy):
            yield from _comment(why)
        yield f"{name_key(name)} = {toml_string(spec)}"


def _comment(text: str) -> Iterator[str]:
    """Wraps a comment; nothing in it can end the line, whatever a file or a policy chose."""
    for line in wrapped("# ", safe_text(text, cap=None)):
        yield f"#{line[1:]}"


def _told(sight: Sight) -> str:
    told = f"{sight.place}: imported {_times(sight.imports)}"
    if sight.calls:
        told += f", called {_times(sight.calls)}"
    if len(sight.files) > 1:
        told += f", in {len(sight.files)} files"
    if sight.call:
        told += f"; first as {safe_text(sight.call, CALL_CAP)}"
    return told


def _why(name: Name, spec: str, policy: Policy) -> Iterator[str]:
    """Says why the base does not allow it."""
    listed, vetted = policy.allowed.get(name), elsewhere(name)
    if listed is None and vetted:
        yield f"This policy does not extend {' or '.join(vetted)}, where the name is listed."
    known = listed or vetted_spec(name)
    if known and (more := beyond(parse_spec(spec), parse_spec(known))):
        yield f'The schema of the listed entry, "{known}", does not allow this; new: {", ".join(more)}.'
    if not known:
        source, reason = left_out(name)
        yield f"LEFT OUT of {source} on purpose: {reason}." if reason else "No built-in policy lists it."


def _seen_from(folder: str, base: str) -> str:
    if not base.endswith(".toml"):
        return base
    return os.path.relpath(base, folder or os.curdir)


def _place(member: str | None, offset: int) -> str:
    return f"{offset:#x}" if member is None else f"{safe_text(member)} @ {offset:#x}"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# A line of a comment, which has no spaces to break at when a call is nested.
CALL_CAP = 70
_WORDS = {"call": "arguments", "state": "a state", "items": "items", "append": "values to append"}
UNFINISHED = ("it could not be judged to the end",)
