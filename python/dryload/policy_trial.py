"""Finds the least specs with which a file is inert, by asking the core again and again.

The core says that an argument or a state is outside an entry, and not of which kind it is; nothing here
follows opcodes to find out. Entries start with nothing, are granted what the core asks for, and then give
back one kind, one parameter or one word at a time for as long as the file stays inert. So what is found is
least by the core's own matching, whatever formats and rules it knows.

It refuses to grant more than the words of a spec, and to a name that the policy already lists nothing but
further plain data as arguments: never a call where none was granted, never where an exact text, a size or a
type was asked for, and nothing at all to an entry that calls or makes what it is handed.
"""

from __future__ import annotations

import os

from dryload._frozen import frozen, replace
from dryload._native import Names, scan_file
from dryload.errors import SourceError
from dryload.findings import Verdict
from dryload.policy import Policy
from dryload.policy_spec import Spec, beyond, parse_spec
from dryload.policy_view import elsewhere
from dryload.rules.judging import judge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from dryload._core import Observation
    from dryload.findings import Finding
    from dryload.policy_layer import Name
    from dryload.policy_spec import Kinds

    Entries = dict[Name, Spec]
    # Yields a smaller spec, is told whether the file is inert with it, and gives the least one at the end.
    Narrowing = Generator[Spec, bool, Spec]


@frozen
class Trouble:
    """Why a file is not inert: what entries do not grant, and whatever else counts against it.

    `unlisted` are the names on neither side, which are among the `others` too. `asked` are names and the
    words that they lack, `count` says how often. `complete` is False when there may be more that was not
    kept.
    """

    asked: frozenset[tuple[Name, str]]
    count: int
    others: tuple[Finding, ...]
    unlisted: frozenset[Name]
    complete: bool


class Trial:
    """One file that is scanned with one set of entries after the other."""

    def __init__(self, path: str, policy: Policy) -> None:
        self.policy = policy
        self.scans = 0
        self._path = os.fsencode(path)
        self._allow = dict(policy.allowed)
        self._deny = [(*name, reason) for name, reason in policy.denied.items()]

    def trouble(self, entries: Mapping[Name, Spec]) -> Trouble | None:
        """Scans the file with these entries on top of the policy; None means that it is inert.

        Raises:
            SourceError: the bytes could not be read.
        """
        self.scans += 1
        allow = self._allow | {name: str(spec) for name, spec in entries.items()}
        names = Names([(*name, spec) for name, spec in allow.items()], self._deny)
        try:
            record = scan_file(self._path, names, self.policy.limits or None)
        except OSError as error:
            path = os.fsdecode(self._path)
            raise SourceError(error.errno, error.strerror or str(error), path) from error
        if record.quiet:
            return None
        asked: set[tuple[Name, str]] = set()
        rest: list[Observation] = []
        counts: dict[int | None, int] = {}
        for fact in record.observations():
            counts[fact["part"]] = counts.get(fact["part"], 0) + 1
            if fact["code"] == "argument":
                asked.add(((fact["module"], fact["qualname"]), "call"))
            elif fact["code"] == "state":
                asked.add(((fact["module"], fact["qualname"]), _WRITES.get(fact["opcode"], "append")))
            else:
                rest.append(fact)
        weighed = self.policy.weighed(judge(rest))
        others = tuple(each for each in weighed if not each.suppressed and each.verdict is not Verdict.INERT)
        all_kept = max(counts.values(), default=0) < self.policy.limits.get("max_observations", KEPT)
        if not asked and not others and all_kept and record.complete:
            return None
        count = sum(counts.values()) - len(rest)
        unlisted = frozenset(
            (fact["module"], fact["qualname"])
            for fact in rest
            if fact["code"] == "import" and fact["class"] == "unknown"
        )
        return Trouble(
            asked=frozenset(asked), count=count, others=others, unlisted=unlisted, complete=all_kept
        )


def least_entries(trial: Trial, new: frozenset[Name], learned: Mapping[Name, Spec]) -> Entries | Trouble:
    """Gives the entries with which the file is inert, or what stands in the way.

    `new` are the names that it imports and the policy does not list. `learned` are entries that earlier
    files needed: what they grant is kept. An entry of another built-in policy was written by somebody who
    has read the code, so it is a ceiling.
    """
    listed = dict(trial.policy.allowed)
    ceilings: Entries = {}
    entries: Entries = dict(learned)
    added = new
    while True:
        for name in added:
            known, vetted = learned.get(name), vetted_spec(name)
            if not vetted:
                entries[name] = replace(known or Spec(), is_type=True)
                continue
            listed[name] = vetted
            ceiling = parse_spec(vetted)
            if known is not None and beyond(known, ceiling):
                entries[name] = replace(known, is_type=known.is_type or ceiling.is_type)
            else:
                entries[name] = ceilings[name] = ceiling
        left = _grown(trial, entries, new - listed.keys())
        # A part that could not be followed to its end may import more once it can be.
        added = frozenset() if left is None else left.unlisted - new
        if not added:
            break
        new |= added
    if left is not None and not left.others:
        left = _lent(trial, entries, new - listed.keys(), left)
    opened: Entries = {}
    floors: Entries = {}
    if left is not None and not left.others:
        floors = {name: parse_spec(listed[name]) for name, _ in left.asked if name in listed}
        floors |= {name: spec for name, spec in learned.items() if name in floors and name not in ceilings}
        opened = _opened(left, floors)
        entries |= opened
        left = trial.trouble(entries) if opened else left
    if left is not None:
        return left
    tasks: dict[Name, Narrowing] = {}
    for name in new - opened.keys():
        tasks[name] = narrowed(entries[name], learned.get(name, Spec()), ceiling=ceilings.get(name))
    for name, spec in opened.items():
        tasks[name] = narrowed(spec, floors[name])
    _narrow(trial, entries, tasks)
    _give_back(trial, entries, [name for name in new if not learned.get(name, Spec()).is_type])
    # Each step was tried, but beside others that were tried with it.
    return trial.trouble(entries) or entries


def vetted_spec(name: Name) -> str:
    """Gives the spec that a built-in policy has for a name; empty when none lists it."""
    return Policy.default().allowed.get(name) or next(iter(elsewhere(name).values()), "")


def narrowed(spec: Spec, floor: Spec, *, ceiling: Spec | None = None) -> Narrowing:
    """Narrows the call and the state of a spec, never below what `floor` grants.

    Words of a `ceiling` were not asked for by the file, so they are tried too. A call whose arguments are
    counted by a clause keeps its parameters.
    """
    if ceiling is not None:
        spec = yield from _fewest_words(spec, floor)
        if not all(clause.startswith("gives(") for clause in spec.clauses):
            return spec
    if spec.call is not None and spec.call != floor.call:
        if spec.call == (ANY,) and spec.rest and not floor.rest:
            spec = yield from _fewest_parameters(spec, floor)
        spec = yield from _without_unfilled(spec, floor)
        for index in range(len(spec.call or ())):
            spec = yield from _fewest_kinds(spec, floor, index)
        spec = yield from _latest_optional(spec, floor)
    if spec.state is not None and spec.state != floor.state:
        wide = spec

        def with_state(kinds: Kinds) -> Spec:
            return replace(wide, state=kinds)

        spec = yield from _least(with_state, spec.state, floor.state or frozenset())
    return spec


def _grown(trial: Trial, entries: Entries, unlisted: frozenset[Name]) -> Trouble | None:
    """Grants what the core asks for, as widely as can be, until it asks for nothing new; gives what is
    left."""
    while True:
        trouble = trial.trouble(entries)
        if trouble is None:
            return None
        granted = False
        for name, word in trouble.asked:
            if name in unlisted and (wider := _with_word(entries[name], word)) != entries[name]:
                entries[name] = wider
                granted = True
        if not granted:
            return trouble


def _with_word(spec: Spec, word: str) -> Spec:
    if word == "call":
        return replace(spec, call=(ANY,), required=0, rest=True)
    if word == "state":
        return replace(spec, state=ANY)
    return replace(spec, items=spec.items or word == "items", append=spec.append or word == "append")


def _lent(trial: Trial, entries: Entries, unlisted: frozenset[Name], trouble: Trouble) -> Trouble | None:
    """Tries for each name that is not called whether a listed callable takes it as no type, or as something
    to call."""
    left: Trouble | None = trouble
    idle = sorted(name for name in unlisted if entries[name] == Spec(is_type=True))
    for name in idle[:MAX_LENT]:
        for variant in (Spec(), Spec(is_type=True, call=(ANY,), rest=True)):
            if left is None:
                return None
            tried = trial.trouble(entries | {name: variant})
            if tried is None or (tried.count < left.count and not tried.others):
                entries[name], left = variant, tried
    return left


def _opened(trouble: Trouble, floors: Mapping[Name, Spec]) -> Entries:
    """Opens the schemas that refused an argument for plain data; nothing if that would not do for all."""
    opened: Entries = {}
    for name, word in trouble.asked:
        floor = floors.get(name)
        if floor is None or word != "call" or floor.call is None or floor.clauses:
            return {}
        params = [kinds if kinds & GUARDED or _has_text(kinds) else kinds | PLAIN for kinds in floor.call]
        if not floor.rest:
            params += [PLAIN] * MAX_MORE
        opened[name] = replace(floor, call=tuple(params), required=0)
    return opened


def _narrow(trial: Trial, entries: Entries, tasks: Mapping[Name, Narrowing]) -> None:
    """Runs the narrowings side by side: one scan answers for all of them."""
    pending: Entries = {}
    for name, task in tasks.items():
        try:
            pending[name] = next(task)
        except StopIteration as done:
            entries[name] = done.value
    while pending:
        failing = _failing(trial, entries, pending)
        for name, candidate in list(pending.items()):
            if name not in failing:
                entries[name] = candidate
            try:
                pending[name] = tasks[name].send(name not in failing)
            except StopIteration as done:
                entries[name] = done.value
                del pending[name]


def _failing(trial: Trial, entries: Entries, changes: Entries) -> set[Name]:
    """Gives the names whose change makes the file something else than inert."""
    trouble = trial.trouble(entries | changes)
    if trouble is None:
        return set()
    if len(changes) == 1:
        return set(changes)
    asking = {name for name, _ in trouble.asked}
    named = asking & changes.keys()
    if named == asking and not trouble.others:
        others = {name: spec for name, spec in changes.items() if name not in named}
        # What an entry says its value is may show in the arguments of another name.
        return named | _failing(trial, entries, others) if others else named
    # It is not told whose change it was.
    half = len(changes) // 2
    rows = list(changes.items())
    return _failing(trial, entries, dict(rows[:half])) | _failing(trial, entries, dict(rows[half:]))


def _give_back(trial: Trial, entries: Entries, names: list[Name]) -> None:
    """Takes `type` from all names that need not have it, in halves."""
    without = {name: replace(entries[name], is_type=False) for name in names if entries[name].is_type}
    if not without:
        return
    if trial.trouble(entries | without) is None:
        entries |= without
    elif len(without) > 1:
        rows = sorted(without)
        _give_back(trial, entries, rows[: len(rows) // 2])
        _give_back(trial, entries, rows[len(rows) // 2 :])


def _fewest_words(spec: Spec, floor: Spec) -> Narrowing:
    """Drops words that the file does not need; the clauses go with the call.

    Of an entry without a call they stay: what they say of its state shows in other names' arguments.
    """
    droppable: tuple[tuple[bool, dict[str, object]], ...] = (
        (
            floor.call is None and spec.call is not None,
            {"call": None, "required": 0, "rest": False, "clauses": ()},
        ),
        (floor.state is None, {"state": None}),
        (not floor.items, {"items": False}),
        (not floor.append, {"append": False}),
    )
    for is_free, words in droppable:
        fewer = replace(spec, **words)
        if is_free and fewer != spec and (yield fewer):
            spec = fewer
    return spec


def _fewest_parameters(spec: Spec, floor: Spec) -> Narrowing:
    """Finds how many arguments there are at most; more than `MAX_PARAMETERS` stay any number."""
    for count in range(len(floor.call or ()), MAX_PARAMETERS + 1):
        exact = replace(spec, call=(ANY,) * count, required=0, rest=False)
        if (yield exact):
            return exact
    return spec


def _without_unfilled(spec: Spec, floor: Spec) -> Narrowing:
    """Drops parameters at the end that no call fills."""
    while not spec.rest and len(spec.call or ()) > len(floor.call or ()):
        fewer = replace(spec, call=(spec.call or ())[:-1])
        if not (yield fewer):
            break
        spec = fewer
    return spec


def _latest_optional(spec: Spec, floor: Spec) -> Narrowing:
    """Finds how many arguments there are at least."""
    count = len(spec.call or ()) - spec.rest
    for required in range(count if floor.call is None else min(floor.required, count), spec.required, -1):
        tighter = replace(spec, required=required)
        if (yield tighter):
            return tighter
    return spec


def _fewest_kinds(spec: Spec, floor: Spec, index: int) -> Narrowing:
    params = spec.call or ()
    kept = floor.parameter(index) or frozenset()
    if params[index] == kept:
        return spec

    def with_kinds(kinds: Kinds) -> Spec:
        return replace(spec, call=(*params[:index], kinds, *params[index + 1 :]))

    return (yield from _least(with_kinds, params[index], kept))


def _least(spec_with: _SpecWith, wide: Kinds, kept: Kinds) -> Narrowing:
    """Drops the kinds that are not needed, half of them at a time, the broadest first."""
    kinds = WHOLE if wide == ANY else wide
    needed = sorted(kinds - kept, key=_breadth)
    spec = spec_with(wide)
    blocks = [needed]
    while blocks:
        block = blocks.pop()
        fewer = [kind for kind in needed if kind not in block]
        candidate = spec_with(kept.union(fewer))
        if (kept or fewer) and (yield candidate):
            needed, spec = fewer, candidate
        elif len(block) > 1:
            half = len(block) // 2
            blocks += [block[half:], block[:half]]
    return spec_with(kept.union(needed)) if kept or needed else spec


def _breadth(kind: str) -> tuple[int, str]:
    return (BROADEST_FIRST.index(kind) if kind in BROADEST_FIRST else len(BROADEST_FIRST), kind)


def _has_text(kinds: Kinds) -> bool:
    return any(kind.startswith("'") for kind in kinds)


if TYPE_CHECKING:
    from collections.abc import Callable

    _SpecWith = Callable[[Kinds], Spec]

# What an opcode writes; all others append.
_WRITES = {"BUILD": "state", "SETITEM": "items", "SETITEMS": "items"}
ANY = frozenset({"any"})
# Where one value is of two kinds, the later one says more; exact texts come after all of them.
BROADEST_FIRST = (
    "any",
    "data",
    "global",
    "callable",
    "type",
    "object",
    "storage",
    "dict",
    "list",
    "tuple",
    "empty",
    "set",
    "bytes",
    "str",
    "float",
    "int",
    "size",
    "bool",
    "none",
)
# The kinds that there are values of. A shape of no elements is a tuple: the word is for who reads the code.
WHOLE = frozenset(BROADEST_FIRST) - {"any", "data", "empty"}
PLAIN = frozenset(
    {"none", "bool", "int", "size", "float", "str", "bytes", "tuple", "list", "dict", "set", "object"}
)
# Kinds that say: not more than this, or nothing that can act. Where one stands, a listed entry is not opened.
GUARDED = frozenset({"size", "empty", "type", "callable", "global", "storage"})
# A constructor with more arguments gets them as any number of one parameter.
MAX_PARAMETERS = 16
# Arguments that a listed callable may have learned to take since its entry was derived.
MAX_MORE = 4
# Names that are tried in two further ways each; a scan a try.
MAX_LENT = 64
# The core's own limit of observations of a part.
KEPT = 1000
