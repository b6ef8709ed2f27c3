"""Makes inputs that parsers stumble over, and holds a verdict against what loaders really do.

Nothing here is imported by a scan. `oracles` asks unpicklers which names they want without giving them one;
`effects` loads what was called inert in a process that is thrown away.
"""

from __future__ import annotations

from dryload._native import crossover, faults, generate, generate_pickle, minimize, mutate, mutate_pickle
from dryload.fuzzing.corpus import pickle_of
from dryload.fuzzing.effects import Effect, Load, Outcome, load_of, watch
from dryload.fuzzing.oracles import Asked, Disagreement, Unreported, ask, disagreements, unreported, untold
from dryload.fuzzing.scanners import Missed, scanner

__all__ = [
    "Asked",
    "Disagreement",
    "Effect",
    "Load",
    "Missed",
    "Outcome",
    "Unreported",
    "ask",
    "crossover",
    "disagreements",
    "faults",
    "generate",
    "generate_pickle",
    "load_of",
    "minimize",
    "mutate",
    "mutate_pickle",
    "pickle_of",
    "scanner",
    "unreported",
    "untold",
    "watch",
]
