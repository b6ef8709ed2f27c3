"""Sees: a name on neither side of the policy, with all its calls, as one finding.

Why it matters: a deny-list can never be complete; 48 advisories of one scanner are names that its list
lacked. What nobody has looked at may run anything, so it is told and never passed.

A benign file with the same trait: any estimator or configuration class of your own code, or of a library
that no policy lists yet.
"""

from __future__ import annotations

from dryload.findings import Severity, Verdict, brief
from dryload.policy_names import allowing
from dryload.rules.base import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dryload._core import Observation
    from dryload.findings import Finding


def judge(rule: Rule, facts: Sequence[Observation]) -> Iterator[Finding]:
    """Gathers the imports and calls of each distinct name of the file at its first import."""
    first: dict[str, Observation] = {}
    calls: dict[str, list[Observation]] = {}
    for fact in facts:
        if fact["class"] != "unknown":
            continue
        if fact["code"] == "import":
            first.setdefault(fact["name"], fact)
        else:
            calls.setdefault(fact["name"], []).append(fact)
    for name, fact in first.items():
        called = calls.get(name, [])
        evidence: dict[str, str | int] = {"name": name, "calls": len(called)}
        if called:
            evidence["call"] = called[0]["call"]
            if called[0]["part"] == fact["part"]:
                evidence["called_at"] = called[0]["start"]
        yield rule.at(
            fact,
            f"{brief(name)} is {'called' if called else 'imported'}, and no policy says what it does",
            evidence=evidence,
            label="imported here",
            note=_told([call["call"] for call in called]),
            help=_policy_line(fact["module"], fact["qualname"]),
        )


def _told(called: list[str]) -> str:
    if not called:
        return "it is imported and not called by this file"
    if len(called) == 1:
        return f"called once: {brief(called[0])}"
    return f"called {len(called)} times, first as {brief(called[0])}"


def _policy_line(module: str, qualname: str) -> str:
    """Names the policy or the line that would allow it, unless the name itself is no Python name: nobody
    should allow such a thing."""
    if not all(word.isidentifier() for word in f"{module}.{qualname}".split(".")):
        return "this is no name that Python code can have; do not load the file"
    listed = allowing(module, qualname)
    if listed:
        verb = "policy allows" if len(listed) == 1 else "policies allow"
        return f"the built-in {verb} it: {' or '.join(listed)}; name it with --policy, or let yours extend it"
    return f'if you trust this code, allow it in your policy: [allow] "{module}:{qualname}" = true'


RULE = Rule(
    id="pickle-unknown-name",
    verdict=Verdict.UNKNOWN,
    severity=Severity.WARNING,
    summary="the pickle imports or calls a name that is on neither side of the policy",
    why="A list of bad names is never complete: a name that nobody has looked at is told, not passed.",
    benign="An estimator or configuration class of your own code, or of a library that no policy lists.",
    help="Look at what the name does; if you trust it, use the policy or the line that the finding prints.",
    observes=("import", "call"),
    judge=judge,
)
