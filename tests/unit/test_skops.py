"""What each loader of skops does with a name is told as a pickle's use of the name is."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from dryload import Verdict, scan
from tests.build import npy, npy_header, skops_dict, skops_node, skops_zip

TEXT = skops_node("JsonNode", "builtins:str", content='"true"')
NUMBER = skops_node("JsonNode", "builtins:str", content="1")
ARRAY = skops_node("NdArrayNode", "numpy:ndarray", type="numpy", file="1.npy")
FOREST = "sklearn.ensemble._forest:RandomForestClassifier"
TREE = "sklearn.tree._tree:Tree"


def items(loader: str, name: str, *content: object) -> dict[str, object]:
    return skops_node(loader, name, content=list(content))


def forest(state: Mapping[str, object]) -> dict[str, object]:
    return skops_node("ObjectNode", FOREST, content=skops_dict(state))


def tree(*args: object) -> dict[str, object]:
    reduced = {"args": items("TupleNode", "builtins:tuple", *args)}
    return skops_node("TreeNode", TREE, __reduce__=reduced, content=skops_dict({"nodes": ARRAY}))


def keyed_by(node: object) -> dict[str, object]:
    types = items("ListNode", "builtins:list", node)
    return skops_node("DictNode", "builtins:dict", content={"true": NUMBER}, key_types=types)


INERT = {
    "an estimator": forest({"_sklearn_version": TEXT, "n": ARRAY}),
    "a tree": tree(NUMBER, ARRAY, NUMBER),
    "an ordered dict": {**skops_dict({"a": NUMBER}), "__module__": "collections", "__class__": "OrderedDict"},
    "a scalar": {**ARRAY, "__class__": "float64"},
    "a masked array": skops_node(
        "MaskedArrayNode", "numpy.ma:MaskedArray", content={"data": ARRAY, "mask": NUMBER}
    ),
    "a dict of numbers": keyed_by(skops_node("TypeNode", "builtins:int")),
    "bytes": skops_node("BytesNode", "builtins:bytes", file="1.bin"),
}

ACTING = {
    "a function": (skops_node("FunctionNode", "os:system"), "pickle-dangerous-import"),
    "a list of another class": (items("ListNode", "os:system", TEXT), "pickle-dangerous-call"),
    "a tuple of another class": (items("TupleNode", "builtins:eval", TEXT), "pickle-dangerous-call"),
    "a reduced object": (
        items("ConstructorFromReduceNode", "os:system", TEXT),
        "pickle-dangerous-call",
    ),
    "an operator of another module": (
        skops_node("OperatorFuncNode", "builtins:methodcaller", attrs=TEXT),
        "pickle-dangerous-call",
    ),
    "a key's type": (keyed_by(skops_node("TypeNode", "os:system")), "pickle-computed-call"),
    "a key's type by a function": (
        keyed_by(skops_node("FunctionNode", "numpy:ndarray")),
        "pickle-computed-call",
    ),
    "a dunder in a state": (forest({"__class__": NUMBER}), "pickle-dunder-state"),
}

UNKNOWN = {
    "another class": (skops_node("ObjectNode", "mycorp.models:Scaler"), "pickle-unknown-name"),
    "a method": (
        skops_node("MethodNode", FOREST, content={"func": "fit", "obj": forest({})}),
        "pickle-unknown-name",
    ),
    "a version that is no text": (forest({"_sklearn_version": NUMBER}), "pickle-unexpected-state"),
    "a state that is no dict": (skops_node("ObjectNode", FOREST, content=TEXT), "pickle-unexpected-state"),
    "a tree of a text": (tree(TEXT, ARRAY, NUMBER), "pickle-unexpected-argument"),
    "a tree of nothing": (tree(), "pickle-unexpected-argument"),
    "an array of a class": (
        {**ARRAY, "__module__": "collections", "__class__": "deque"},
        "pickle-unexpected-argument",
    ),
}


def archive(node: Mapping[str, object]) -> bytes:
    return skops_zip(
        node, {"1.npy": npy(npy_header(), bytes(8)), "1.bin": b"\x80\x04cos\nsystem\n."[:2] + b"x"}
    )


@pytest.mark.parametrize("claim", INERT)
def test_what_only_makes_what_the_policy_grants_is_inert(claim: str) -> None:
    node = INERT[claim]
    data = archive(node) if claim == "bytes" else skops_zip(node, {"1.npy": npy(npy_header(), bytes(8))})
    report = scan(data, name="model.skops")
    assert report.verdict is Verdict.INERT, [finding.message for finding in report.findings]
    assert report.format == "skops"


@pytest.mark.parametrize("claim", ACTING)
def test_what_acts_is_malicious_and_told_with_its_rule(claim: str) -> None:
    node, rule = ACTING[claim]
    report = scan(archive(node), name="model.skops")
    assert report.verdict is Verdict.MALICIOUS
    assert rule in {finding.rule for finding in report.findings}


@pytest.mark.parametrize("claim", UNKNOWN)
def test_what_the_policy_does_not_grant_is_unknown(claim: str) -> None:
    node, rule = UNKNOWN[claim]
    data = skops_zip(node, {"1.npy": npy(npy_header(), bytes(8))})
    report = scan(data, name="model.skops")
    assert report.verdict is Verdict.UNKNOWN
    assert rule in {finding.rule for finding in report.findings}


def test_a_schema_of_something_else_is_no_skops() -> None:
    from tests.build import zipped

    report = scan(zipped({"schema.json": b'{"type": "object"}'}), name="model.zip")
    assert report.verdict is Verdict.INCONCLUSIVE
    assert {finding.rule for finding in report.findings} == {"scan-unrecognised-content"}
