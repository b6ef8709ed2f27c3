"""Each exception is caught by its built-in parent and survives pickling."""

from __future__ import annotations

import errno
import pickle

import pytest

import dryload
from dryload.errors import (
    DryloadError,
    FormatError,
    LimitExceeded,
    PathError,
    PolicyError,
    SourceError,
    UnsafeModelError,
    UrlError,
)


@pytest.mark.parametrize(
    ("kind", "parent"),
    [
        (FormatError, ValueError),
        (SourceError, OSError),
        (PolicyError, ValueError),
        (PathError, ValueError),
        (UrlError, ValueError),
    ],
)
def test_each_is_also_its_builtin_kind(kind: type[DryloadError], parent: type[Exception]) -> None:
    assert issubclass(kind, parent)
    assert issubclass(kind, DryloadError)


@pytest.mark.parametrize("kind", [FormatError, LimitExceeded])
def test_a_format_error_keeps_its_place_through_pickling(kind: type[FormatError]) -> None:
    error = kind("a gap", code="safetensors-offset-gap", offset=0x2F, format="safetensors")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (str(again), again.code, again.offset, again.format) == (
        "a gap",
        "safetensors-offset-gap",
        0x2F,
        "safetensors",
    )


@pytest.mark.parametrize("kind", [PathError, UrlError])
def test_a_refusal_keeps_its_rule_and_place_through_pickling(kind: type[PathError | UrlError]) -> None:
    again = pickle.loads(pickle.dumps(kind("no", rule="parent", value="a/..", position=2)))
    assert type(again) is kind
    assert (str(again), again.rule, again.value, again.position) == ("no", "parent", "a/..", 2)


def test_a_source_error_keeps_its_errno_through_pickling() -> None:
    again = pickle.loads(pickle.dumps(SourceError(errno.ENOENT, "No such file", "x.pt")))
    assert (again.errno, again.filename) == (errno.ENOENT, "x.pt")


def test_an_unsafe_model_error_keeps_its_report_through_pickling(evil: bytes) -> None:
    with pytest.raises(UnsafeModelError) as caught:
        dryload.scan(evil, name="evil.pkl").raise_for_verdict()
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert str(again).startswith("'evil.pkl' is malicious: loading this file calls ")
    assert "(pickle-dangerous-call at 0x2d). Do not load the file." in str(again)
    assert again.report.to_dict() == caught.value.report.to_dict()


def test_a_hostile_name_does_not_reach_the_message_raw(evil: bytes) -> None:
    with pytest.raises(UnsafeModelError) as caught:
        dryload.scan(evil, name="\x1b[2K\u202e.pkl").raise_for_verdict()
    assert str(caught.value).isprintable()
