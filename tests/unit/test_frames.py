"""Values that stand apart: what may hold a frame of pandas, and what may not be handed one.

A series answers for an attribute it does not have with the value under that label, so that numpy, asked to
make an array of one whose label is `__array_interface__`, reads the memory at an address that the file says
(measured with pandas 2.2). The pickles are written opcode by opcode; nothing is loaded.
"""

from __future__ import annotations

import pytest

from dryload import Policy, Verdict, scan
from tests.opcodes import call, name, new, value

INERT, UNKNOWN = Verdict.INERT, Verdict.UNKNOWN


def mapping(**items: bytes) -> bytes:
    return b"}(" + b"".join(value(key) + item for key, item in items.items()) + b"u"


def listed(*items: bytes) -> bytes:
    return b"](" + b"".join(items) + b"e"


DTYPE = (
    name("numpy:dtype") + b"(\x8c\x02i8\x89\x88tR(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
)
RAW = name("numpy._core.multiarray:_reconstruct") + b"(" + name("numpy:ndarray") + b"K\x00\x85C\x01btR"
ARRAY = RAW + b"(K\x01K\x01\x85" + DTYPE + b"\x89C\x08\x01\x00\x00\x00\x00\x00\x00\x00tb"
SLICE = call("builtins:slice", value(0), value(1), value(1))
BLOCK = "pandas._libs.internals:_unpickle_block"
INDEX = "pandas.core.indexes.base:_new_Index"
MANAGER = "pandas.core.internals.managers:BlockManager"
SERIES_MANAGER = "pandas.core.internals.managers:SingleBlockManager"
NDARRAY = "pandas._libs.arrays:__pyx_unpickle_NDArrayBacked"
RANGE = call(INDEX, name("pandas:RangeIndex"), value({"name": None, "start": 0, "stop": 1, "step": 1}))
LABELS = call(INDEX, name("pandas:Index"), mapping(data=ARRAY, name=value(None)))
FRAME_MANAGER = call(MANAGER, b"(" + call(BLOCK, ARRAY, SLICE, value(2)) + b"t", listed(LABELS, RANGE))
FRAME = new("pandas:DataFrame", mapping(_mgr=FRAME_MANAGER, _typ=value("dataframe"), attrs=b"}"))


def series_state(values: bytes = ARRAY, **more: bytes) -> bytes:
    part = {"axes": listed(RANGE), "blocks": listed(mapping(values=values, mgr_locs=SLICE, **more))}
    return (
        b"("
        + listed(RANGE)
        + listed(values)
        + listed(RANGE)
        + b"}"
        + value("0.14.1")
        + mapping(**part)
        + b"st"
    )


SERIES = new("pandas:Series", mapping(_mgr=new(SERIES_MANAGER, series_state()), _typ=value("series")))
STRINGS = call(NDARRAY, name("pandas.arrays:StringArray"), value(1), value(None))
TEXT = call("pandas:StringDtype", value("python"), value(float("nan")))
TEXTS = STRINGS + b"(" + TEXT + ARRAY + b"tb"


def verdict(body: bytes) -> Verdict:
    return scan(b"\x80\x04" + body + b".", name="m.pkl").verdict


@pytest.mark.parametrize(
    "body",
    [
        FRAME,
        SERIES,
        LABELS,
        TEXTS,
        listed(FRAME, FRAME),
        mapping(x=FRAME, y=SERIES, z=new("sklearn.svm._classes:SVC", mapping(C=value(1.0)))),
        b"(" + FRAME + value(1) + b"t",
        call("collections:OrderedDict") + value("x") + FRAME + b"s",
        # An estimator after a frame, with containers of its own.
        listed(FRAME, new("sklearn.svm._classes:SVC", mapping(a=listed(value(1)), b=b"(" + ARRAY + b"t"))),
    ],
)
def test_frames_and_what_holds_them_are_inert(body: bytes) -> None:
    assert verdict(body) is INERT


# A list that stands in a tuple, in slot 1 and 2, before a frame is written into it.
ALIAS = b"]q\x01\x85q\x020h\x01" + FRAME + b"a0"


@pytest.mark.parametrize(
    "body",
    [
        # Index makes an array of what it is given.
        call(INDEX, name("pandas:Index"), mapping(data=SERIES, name=value(None))),
        call(INDEX, name("pandas:Index"), mapping(data=listed(SERIES), name=value(None))),
        call(INDEX, name("pandas:Index"), mapping(data=value([1]), name=value(None))),
        call(INDEX, name("pandas:Index"), mapping(data=ARRAY, name=SERIES)),
        call(INDEX, name("pandas:Index"), mapping(data=ARRAY, name=b"(" + SERIES + b"t")),
        # Another key than those that a class writes.
        call(INDEX, name("pandas:Index"), mapping(data=ARRAY, tupleize_cols=value(True))),
        call(INDEX, name("pandas:CategoricalIndex"), mapping(data=ARRAY)),
        # Axes are made into indexes.
        call(MANAGER, b"(" + call(BLOCK, ARRAY, SLICE, value(2)) + b"t", listed(LABELS, SERIES)),
        call(MANAGER, b"(" + call(BLOCK, ARRAY, SLICE, value(2)) + b"t", listed(LABELS, value([1]))),
        call(MANAGER, value((1,)), listed(LABELS, RANGE)),
        # A block of anything but an array, and of an array of pandas without its array.
        call(BLOCK, SERIES, SLICE, value(2)),
        call(BLOCK, value([1]), SLICE, value(2)),
        call(BLOCK, STRINGS, SLICE, value(2)),
        call(BLOCK, RAW, SLICE, value(2)),
        call(BLOCK, ARRAY, FRAME, value(2)),
        STRINGS + b"(" + TEXT + value([1]) + b"tb",
        STRINGS + b"(" + FRAME + ARRAY + b"tb",
        STRINGS + b"(" + TEXT + ARRAY + mapping(_ndarray=ARRAY) + b"tb",
        call(NDARRAY, name("pandas:DataFrame"), value(1), value(None)),
        # Storage of another library is imported.
        call("pandas:StringDtype", value("pyarrow"), value(float("nan"))),
        # Attributes that nothing writes: a property's setter may run.
        new("pandas:DataFrame", mapping(_mgr=FRAME_MANAGER, _typ=value("dataframe"), index=RANGE)),
        new("pandas:DataFrame", mapping(_mgr=ARRAY, _typ=value("dataframe"))),
        new("pandas:DataFrame", mapping(_mgr=FRAME_MANAGER, attrs=mapping(x=FRAME))),
        new(SERIES_MANAGER, series_state(SERIES)),
        new(SERIES_MANAGER, series_state(value([1]))),
        new(SERIES_MANAGER, series_state(other=value(1))),
        # Handed to whatever takes anything.
        call("numpy:dtype", FRAME, value(False), value(True)),
        new("sklearn.svm._classes:SVC", mapping(X=FRAME)),
        new("argparse:Namespace", mapping(X=listed(FRAME))),
        RAW + b"(K\x01K\x01\x85" + DTYPE + b"\x89" + listed(SERIES) + b"tb",
        call("collections:deque", listed(FRAME)),
        call("collections:OrderedDict", mapping(x=FRAME)),
        # By way of what held its container before.
        ALIAS + call("collections:deque", b"h\x02"),
        ALIAS + new("argparse:Namespace", mapping(x=b"h\x02")),
        b"]q\x01\x85q\x02\x85q\x030h\x01" + FRAME + b"a0" + call("collections:deque", b"h\x03"),
        call("collections:OrderedDict") + b"q\x01]q\x02h\x01a0" + value("x") + FRAME + b"s0"
        + call("collections:deque", b"h\x02"),
    ],
)  # fmt: skip
def test_a_frame_is_handed_to_nothing_that_does_not_ask_for_it(body: bytes) -> None:
    assert verdict(body) is UNKNOWN


def test_a_container_that_was_forgotten_may_hold_a_frame() -> None:
    """So many containers stand between that the arena keeps none of the first."""
    between = b"]0" * 200_000
    held = b"]q\x01" + FRAME + b"a0"
    assert verdict(held + between + call("collections:deque", b"h\x01")) is Verdict.INCONCLUSIVE
    assert verdict(held + between + b"h\x01") is INERT


def test_a_frame_inside_an_array_of_objects_of_joblib_reaches_no_index() -> None:
    wrapper = new(
        "joblib.numpy_pickle:NumpyArrayWrapper",
        mapping(
            subclass=name("numpy:ndarray"),
            shape=value((1,)),
            order=value("C"),
            dtype=name("numpy:dtype")
            + b"(\x8c\x02O8\x89\x88tR(K\x03\x8c\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb",
            allow_mmap=value(False),
        ),
    )
    nested = b"\x80\x04" + RAW + b"(K\x01K\x01\x85" + name("numpy:dtype") + (
        b"(\x8c\x02O8\x89\x88tR(K\x03\x8c\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb"
    ) + b"\x89" + listed(value("a")) + b"tb."  # fmt: skip
    index = name(INDEX) + b"(" + name("pandas:Index") + b"}(" + value("data")
    tail = value("name") + b"NutR"
    assert verdict(index + wrapper + nested + tail) is INERT
    assert verdict(index + wrapper + nested.replace(value("a"), FRAME) + tail) is not INERT


def test_whoever_vouches_for_a_name_may_give_it_a_frame() -> None:
    body = b"\x80\x04" + new("mycorp.models:Model", mapping(X=listed(FRAME))) + b"."
    policy = Policy.default()
    for spec, wanted in (("call() state(dict)", UNKNOWN), ("call() state(any)", INERT)):
        assert scan(body, name="m.pkl", policy=policy.allow("mycorp.models:Model", spec)).verdict is wanted


GETATTR = name("builtins:getattr")
ZONE = call("builtins:getattr", name("zoneinfo:ZoneInfo"), value("_unpickle"))


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (ZONE + b"(" + value("Europe/Paris") + b"K\x01tR", INERT),
        (
            GETATTR + b"q\x000" + ZONE.replace(GETATTR, b"h\x00") + value(("UTC", True)) + b"R",
            Verdict.MALICIOUS,
        ),
        (
            GETATTR
            + b"q\x00"
            + name("zoneinfo:ZoneInfo")
            + value("_unpickle")
            + b"\x86R"
            + value(("UTC", True))
            + b"R"
            + b"0h\x00"
            + name("zoneinfo:ZoneInfo")
            + value("_unpickle")
            + b"\x86R",
            INERT,
        ),
        # Another attribute, another class, another argument; the callable itself, held or handed on.
        (call("builtins:getattr", name("zoneinfo:ZoneInfo"), value("from_file")), Verdict.MALICIOUS),
        (call("builtins:getattr", name("collections:OrderedDict"), value("_unpickle")), Verdict.MALICIOUS),
        (
            call("builtins:getattr", name("zoneinfo:ZoneInfo"), value("_unpickle"), value(1)),
            Verdict.MALICIOUS,
        ),
        (ZONE + b"(" + value(1) + value(1) + b"tR", UNKNOWN),
        # zoneinfo makes a path of the key, and the name of a package.
        *(
            (ZONE + b"(" + value(key) + b"K\x01tR", UNKNOWN)
            for key in ("", "\U0001f600", "a.b", "../x", "/etc/x", "a//b", "a\\b", "A" * 65)
        ),
        (GETATTR, Verdict.MALICIOUS),
        (listed(GETATTR), Verdict.MALICIOUS),
        (call("collections:defaultdict", GETATTR), Verdict.MALICIOUS),
        (new("argparse:Namespace", mapping(x=GETATTR)), Verdict.MALICIOUS),
        (
            ZONE + b"0" + GETATTR + b"2" + name("zoneinfo:ZoneInfo") + value("_unpickle") + b"\x86R",
            Verdict.MALICIOUS,
        ),
        (ZONE + b"q\x000" + new("argparse:Namespace", b"h\x00"), UNKNOWN),
    ],
)
def test_getattr_gives_a_method_that_a_policy_allows_and_nothing_else(body: bytes, wanted: Verdict) -> None:
    assert verdict(body) is wanted


def test_what_is_made_by_newobj_is_not_called() -> None:
    """REDUCE runs the constructor, which may do more than a pickler ever asks for."""
    estimator = name("sklearn.svm._classes:SVC")
    assert verdict(estimator + b")\x81") is INERT
    assert verdict(estimator + b")R") is UNKNOWN
    assert verdict(b"(i" + estimator[1:]) is UNKNOWN
