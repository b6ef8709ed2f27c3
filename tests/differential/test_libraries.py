"""What libraries write is inert if their policies name all of it, and is never called malicious for nothing.

Runs where the libraries are installed: `pytest -m libraries`. The samples are those of `tools/derive_*.py`,
pickled at every protocol; nothing is loaded. When it fails because a library has moved on, see "Add names
to a policy" in CONTRIBUTING.md.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from derive import Reader, Use, allowed, gone, pickles

import dryload
from dryload import Verdict, scan

pytestmark = pytest.mark.libraries

POLICIES = Path(dryload.__file__).parent / "policies"
LIBRARIES = ("scipy", "pandas", "sklearn", "xgboost", "lightgbm")

# Names that samples use and the policies leave out. The reason is in the policy; here it is in a word.
LEFT_OUT = {
    "scipy": {
        "scipy.interpolate._interpolate:interp1d": "bound methods",
        "scipy.interpolate._interpolate:interp1d._call_linear_np": "bound methods",
        "scipy.interpolate._interpolate:interp1d._call_nearest": "bound methods",
        "scipy.interpolate._interpolate:interp1d._call_previousnext": "bound methods",
        "scipy.interpolate._interpolate:interp1d._call_spline": "bound methods",
        "builtins:getattr": "denied: how protocols 2 and 3 write bound methods",
        "scipy.interpolate._fitpack2:LSQUnivariateSpline": "not seen in models",
        "scipy.interpolate._rgi:RegularGridInterpolator": "not seen in models",
        "scipy.optimize._optimize:OptimizeResult": "items are attributes",
        "scipy.sparse._arrays:dok_array": "a dict handed to dict.__init__",
        "scipy.sparse._dok:dok_array": "a dict handed to dict.__init__",
        "scipy.sparse._dok:dok_matrix": "a dict handed to dict.__init__",
        "scipy.spatial._ckdtree:cKDTree": "offsets into memory",
        "scipy.spatial._kdtree:KDTree": "offsets into memory",
        "scipy.spatial.transform._rotation:Rotation": "calls a value of its state",
        "scipy.special._special_ufuncs:erf": "not seen in models",
        "scipy.special._ufuncs:erf": "not seen in models",
        "scipy.special._logsumexp:logsumexp": "not seen in models",
        "scipy.special._logsumexp:softmax": "not seen in models",
        "scipy.stats._continuous_distns:norm_gen": "runs text of its state",
        "scipy.stats._distn_infrastructure:rv_continuous_frozen": "runs text of its state",
    },
    "sklearn": {
        "functools:partial": "denied: a call with arguments of the file's choosing",
        "sklearn.gaussian_process.kernels:PairwiseKernel": "calls a metric of its state",
        "sklearn.neighbors._quad_tree:_QuadTree": "not seen in models",
        "sklearn.utils.validation:check_array": "only inside functools.partial",
        "_loss": "no module of the library, though scikit-learn 1.5 writes it",
    },
    "xgboost": {},
    "lightgbm": {},
    # All but scalars.
    "pandas": {
        "pandas": "containers",
        "pytz": "opens a file by name",
        "dateutil": "offsets",
        "zoneinfo": "opens a file by name",
        "builtins:getattr": "denied: how zones are written",
    },
}
# What picklers write at protocols 0 and 1 for a class that extends tuple.
TUPLES = {"sklearn.gaussian_process.kernels:Hyperparameter", "sklearn.impute._iterative:_ImputerTriplet"}
# Samples of allowed names with an argument that no entry grants: a zone is asked for its offsets.
ARGUMENTS = {"Timestamp in UTC"}
# A file with one of these is called malicious, whoever wrote it: `known_names.toml`, and a key of a state
# that begins with two underscores.
DENIED = {"functools:partial", "builtins:getattr", "scipy.stats._continuous_distns:norm_gen"}


class Pickled(NamedTuple):
    """One sample at one protocol, with the names that it uses."""

    label: str
    protocol: int
    data: bytes
    names: frozenset[str]


@cache
def written(library: str) -> tuple[Pickled, ...]:
    """Pickles the samples of a library."""
    pytest.importorskip(library)
    return tuple(_written(library))


def _written(library: str) -> Iterator[Pickled]:
    for label, value in importlib.import_module(f"derive_{library}").samples():
        for protocol, data in pickles(value):
            uses: dict[str, Use] = {}
            Reader(uses).read(data)
            yield Pickled(label, protocol, data, frozenset(uses))


def refused(library: str, name: str) -> bool:
    """Whether a name is left out on purpose, by itself or with all of its package."""
    return name in LEFT_OUT[library] or name.partition(":")[0].partition(".")[0] in LEFT_OUT[library]


@cache
def names_of(policy: str) -> frozenset[str]:
    return frozenset(allowed(POLICIES / f"{policy}.toml"))


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_sample_is_inert_if_the_policy_names_all_of_it_and_only_then(library: str) -> None:
    wrong = [
        (sample.label, sample.protocol, verdict)
        for sample in written(library)
        if (verdict := scan(sample.data).verdict) is not expected(sample)
        and not (verdict is Verdict.MALICIOUS and sample.names & DENIED)
    ]
    assert not wrong


def expected(sample: Pickled) -> Verdict:
    """Gives the verdict that follows from the names alone."""
    odd = sample.label in ARGUMENTS or (sample.protocol < 2 and sample.names & TUPLES)
    return Verdict.INERT if sample.names <= names_of("default") and not odd else Verdict.UNKNOWN


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_name_that_the_library_writes_is_in_its_policy_or_left_out_on_purpose(library: str) -> None:
    known = names_of(library)
    lacking = sorted(
        {name for sample in written(library) for name in sample.names - known if not refused(library, name)}
    )
    header = "".join(
        line
        for line in (POLICIES / f"{library}.toml").read_text(encoding="utf-8").splitlines()
        if line[:1] == "#"
    )
    assert not lacking, (
        f"{library} {importlib.import_module(library).__version__} writes names that {library}.toml lacks: "
        f"read their code, allow or leave them out, and name the version in the header: {header[:300]}"
    )


@pytest.mark.parametrize("library", LIBRARIES)
def test_some_names_of_the_policy_are_in_the_installed_library(library: str) -> None:
    pytest.importorskip(library)
    own = {name for name in names_of(library) if name.startswith(f"{library}.")}
    assert len(gone(own, library)) < len(own)


@pytest.mark.parametrize("label", ["Timestamp", "Timedelta", "NaT", "NA"])
def test_scalars_of_pandas_are_inert(label: str) -> None:
    found = [sample for sample in written("pandas") if sample.label == label]
    assert found
    assert {scan(sample.data).verdict for sample in found} == {Verdict.INERT}


def test_nearly_every_estimator_of_scikit_learn_is_inert_at_protocols_2_to_5() -> None:
    labels = {sample.label for sample in written("sklearn")}
    samples = {name for name, _ in importlib.import_module("sklearn.utils").all_estimators()}
    assert samples <= labels
    refused_ones = {
        sample.label
        for sample in written("sklearn")
        if sample.label in samples and sample.protocol >= 2 and scan(sample.data).verdict is not Verdict.INERT
    }
    # Losses of 1.5 are in no module of the library; everything else is the same in every version.
    of_loss = {
        sample.label
        for sample in written("sklearn")
        if any(name.startswith("_loss:") for name in sample.names)
    }
    assert refused_ones - of_loss == {
        "IsotonicRegression",
        "StackingClassifier",
        "StackingRegressor",
        "VotingClassifier",
        "VotingRegressor",
    }


@pytest.mark.parametrize("library", ["sklearn", "xgboost", "scipy"])
def test_a_joblib_dump_is_as_inert_as_the_pickle(library: str) -> None:
    pytest.importorskip(library)
    joblib = pytest.importorskip("joblib")
    inert = {
        sample.label
        for sample in written(library)
        if sample.protocol == 4 and sample.names <= names_of("default")
    }
    wrong = []
    for label, value in importlib.import_module(f"derive_{library}").samples():
        if label in inert:
            buffer = io.BytesIO()
            joblib.dump(value, buffer)
            report = scan(buffer.getvalue())
            if report.verdict is not Verdict.INERT and not unread(report):
                wrong.append((label, report.verdict))
    assert not wrong


def unread(report: dryload.Report) -> bool:
    """Whether the only finding is an array of objects, which joblib pickles in the middle of the stream."""
    return {finding.rule for finding in report.findings} == {"joblib-unsupported-array"}
