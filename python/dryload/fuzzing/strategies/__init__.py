"""Strategies of Hypothesis for model files: sound ones, and ones with exactly one fault, named by its rule.

All give bytes, and are made of Hypothesis's own strategies with the simplest first, so that what fails
shrinks to about the smallest file there is. Needs Hypothesis: `pip install "dryload[fuzz]"`.
"""

from __future__ import annotations

from dryload.fuzzing.strategies.npy import npy_files
from dryload.fuzzing.strategies.pickle import pickle_opcodes, pickles
from dryload.fuzzing.strategies.safetensors import safetensors_files
from dryload.fuzzing.strategies.zip import npz_files, torch_zips, zip_files

__all__ = [
    "npy_files",
    "npz_files",
    "pickle_opcodes",
    "pickles",
    "safetensors_files",
    "torch_zips",
    "zip_files",
]
