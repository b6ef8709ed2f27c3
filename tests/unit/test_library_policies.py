"""What the policies of libraries refuse, each beside its nearest inert neighbour.

The pickles are written opcode by opcode: no library is needed, and nothing is loaded.
"""

from __future__ import annotations

import pytest

from dryload.findings import Verdict
from dryload.policy import Policy
from dryload.scanner import scan
from tests.build import pkasm
from tests.opcodes import call, name, new, value

# An array of one int64, as numpy writes it: the name of its rebuilder, what it is given, its state.
ARRAY = (
    b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x01btR"
    b"(K\x01K\x01\x85cnumpy\ndtype\n(\x8c\x02i8\x89\x88tR(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    b"\x89C\x08\x01\x00\x00\x00\x00\x00\x00\x00tb"
)


def rules(body: bytes) -> set[str]:
    """Scans a pickle and gives the findings; an inert one has none."""
    report = scan(b"\x80\x04" + body + b".")
    assert (report.verdict is Verdict.INERT) == (not report.findings)
    assert report.verdict in (Verdict.INERT, Verdict.UNKNOWN)
    return {finding.rule for finding in report.findings}


CSR = "scipy.sparse._csr:csr_matrix"
SVC = "sklearn.svm._classes:SVC"
TREE = "sklearn.tree._tree:Tree"
DISTANCE = "sklearn.metrics._dist_metrics:newObj"
HINGE = "sklearn.linear_model._sgd_fast:Hinge"
TIMESTAMP = "pandas._libs.tslibs.timestamps:_unpickle_timestamp"


@pytest.mark.parametrize(
    "body",
    [
        new(CSR, value({"shape": (1, 1)})),
        new(SVC, value({"C": 1.0})),
        new(SVC, b"}\x8c\x04func" + name("numpy:log1p") + b"s"),
        call(TREE, value(2), ARRAY, value(1)) + value({"node_count": 0}) + b"b",
        call(DISTANCE, name("sklearn.metrics._dist_metrics:EuclideanDistance64"))
        + value((2.0, b"", b""))
        + b"b",
        call(HINGE, value(1.0)),
        call("sklearn.gaussian_process.kernels:Hyperparameter", *map(value, ("a", "b", "fixed", 1, True))),
        new("xgboost.core:Booster", value({"handle": None})),
        new("lightgbm.sklearn:LGBMClassifier", value({"_Booster": None})),
        call(TIMESTAMP, value(0), value(None), value(None), value(10)),
    ],
)
def test_what_the_library_writes_is_inert(body: bytes) -> None:
    assert rules(body) == set()


@pytest.mark.parametrize(
    "body",
    [
        call(CSR, name("numpy:log1p")),
        call(CSR, value(b"shape")),
        # Classes stand for themselves, and are not made with arguments.
        call(SVC, name("numpy.random._pickle:__randomstate_ctor")),
        call(TREE, value(2), value([1]), value(1)),
        call(TREE, value(2), ARRAY, value(-1)),
        call(TREE, value(2), ARRAY, name("numpy:log1p")),
        # A type that may stand elsewhere, but is no distance.
        call(DISTANCE, name(SVC)),
        call("sklearn.neighbors._kd_tree:newObj", name("sklearn.neighbors._ball_tree:BallTree")),
        call(HINGE, name("numpy:log1p")),
        call(
            "sklearn._loss._loss:__pyx_unpickle_CyPinballLoss",
            name("sklearn._loss._loss:CyHuberLoss"),
            value(1),
            value(()),
        ),
        call(
            "sklearn.gaussian_process.kernels:Hyperparameter",
            value("a"),
            value("b"),
            name(SVC),
            value(1),
            value(True),
        ),
        # A zone is asked for its offsets.
        call(TIMESTAMP, value(0), value(None), new(SVC), value(10)),
        call("pandas._libs.tslibs.timedeltas:_timedelta_unpickle", value(0), name("numpy:log1p")),
    ],
)
def test_an_argument_of_another_kind_is_reported(body: bytes) -> None:
    assert rules(body) == {"pickle-unexpected-argument"}


@pytest.mark.parametrize(
    "body",
    [
        # A pair sets attributes one by one, through their setters.
        new(CSR, value((None, {"format": "csr"}))),
        new(SVC, value((None, {"C": 1.0}))),
        call(TREE, value(2), ARRAY, value(1)) + value((1, 2)) + b"b",
        new("xgboost.core:Booster", value([])),
        call(HINGE, value(1.0)) + value({"threshold": 1.0}) + b"b",
        new("sklearn.svm._classes:SVC") + value("a") + value(1) + b"s",
    ],
)
def test_a_state_of_another_kind_is_reported(body: bytes) -> None:
    assert rules(body) == {"pickle-unexpected-state"}


@pytest.mark.parametrize(
    "left_out",
    [
        "scipy.spatial._ckdtree:cKDTree",
        "sklearn.metrics._dist_metrics:PyFuncDistance64",
        "_loss:CyHalfBinomialLoss",
        "xgboost.core:DMatrix",
        "pandas:CategoricalIndex",
        "pandas._libs.sparse:IntIndex",
    ],
)
def test_what_was_not_proven_is_unknown(left_out: str) -> None:
    assert rules(new(left_out, value({}))) == {"pickle-unknown-name"}


def test_a_method_of_a_library_is_another_name_than_its_class() -> None:
    assert rules(name(f"{SVC}.fit")) == {"pickle-unknown-name"}


@pytest.mark.parametrize("library", ["scipy", "pandas", "sklearn", "xgboost", "lightgbm"])
def test_default_permits_what_a_library_policy_permits_and_no_more_of_it(library: str) -> None:
    allowed = Policy.builtin(library)._allow
    assert allowed
    assert allowed.items() <= Policy.default()._allow.items()


TREE = """
    PROTO 4
    GLOBAL sklearn.tree._tree Tree
    MARK
    BININT1 4
    GLOBAL numpy._core.multiarray _reconstruct
    GLOBAL numpy ndarray
    BININT1 0
    TUPLE1
    SHORT_BINBYTES b'b'
    TUPLE3
    REDUCE
    BININT1 1
    TUPLE
    REDUCE
    EMPTY_DICT
    BUILD
"""


def test_a_second_state_for_a_tree_is_malicious() -> None:
    """`Tree.__setstate__` writes past its memory when it runs again (measured, 1.2.2 to 1.9.1)."""
    assert scan(pkasm(TREE + "STOP").data).verdict is Verdict.INERT
    assert scan(pkasm(TREE + "EMPTY_DICT\nBUILD\nSTOP").data).verdict is Verdict.MALICIOUS


@pytest.mark.parametrize(
    ("name", "key", "value", "verdict"),
    [
        ("sklearn.svm._classes SVC", "_sklearn_version", "BINUNICODE '1.9'", Verdict.INERT),
        ("sklearn.svm._classes SVC", "_sklearn_version", "EMPTY_LIST", Verdict.UNKNOWN),
        ("sklearn.isotonic IsotonicRegression", "_build_f", "GLOBAL builtins list", Verdict.UNKNOWN),
        ("sklearn.isotonic IsotonicRegression", "X_min_", "NONE", Verdict.INERT),
        ("lightgbm.basic Booster", "_handle", "BINUNICODE 'tree'", Verdict.INERT),
        ("lightgbm.basic Booster", "_handle", "GLOBAL builtins list", Verdict.UNKNOWN),
        ("lightgbm.basic Booster", "free_network", "NONE", Verdict.UNKNOWN),
    ],
)
def test_what_a_state_holds_under_a_key_is_of_its_kinds(
    name: str, key: str, value: str, verdict: Verdict
) -> None:
    made = f"PROTO 4\nGLOBAL {name}\nEMPTY_TUPLE\nNEWOBJ\n"
    rows = f"{made}EMPTY_DICT\nBINUNICODE {key!r}\n{value}\nSETITEM\nBUILD\nSTOP"
    assert scan(pkasm(rows).data).verdict is verdict
    wide = "".join(f"BINUNICODE 'k{i}'\nNONE\n" for i in range(200))
    rows = rows.replace("EMPTY_DICT\n", f"EMPTY_DICT\nMARK\n{wide}SETITEMS\n")
    assert scan(pkasm(rows).data).verdict is Verdict.UNKNOWN, "too many keys to see all"


@pytest.mark.parametrize(
    ("key", "verdict"), [("voting", Verdict.INERT), ("__array_interface__", Verdict.MALICIOUS)]
)
def test_items_that_are_attributes_have_no_special_names(key: str, verdict: Verdict) -> None:
    made = "PROTO 4\nGLOBAL sklearn.utils._bunch Bunch\nEMPTY_TUPLE\nNEWOBJ\n"
    rows = f"{made}BINUNICODE {key!r}\nNONE\nSETITEM\nSTOP"
    assert scan(pkasm(rows).data).verdict is verdict
