"""What `dryload fuzz` writes: findings as text, JSON or SARIF, reproducers, and a test for each finding."""

from __future__ import annotations

import json
import os

from dryload._version import __version__
from dryload.outputs.safe_text import safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from dryload.fuzzing.runner import Found, Fuzzer


def write_reproducer(found: Found, options: argparse.Namespace) -> None:
    """Writes the input of a finding, and what became of it, under its signature."""
    os.makedirs(options.out, exist_ok=True)  # noqa: PTH103 - a name from the command line
    base = os.path.join(options.out, found.signature)
    with open(base + ".bin", "wb") as file:
        file.write(found.data)
    with open(base + ".json", "w", encoding="utf-8") as text:
        told = {
            **_object(found),
            "target": options.target,
            "format": options.format,
            "as": options.way,
            "seed": options.seed,
            "first": found.first.hex(),
        }
        text.write(json.dumps(told, indent=1) + "\n")


def document(fuzzer: Fuzzer, new: list[Found], seconds: float) -> dict[str, object]:
    """Gives the JSON document, schema `dryload.fuzz/1`."""
    return {
        "schema": "dryload.fuzz/1",
        "target": fuzzer.settings.target,
        "seed": fuzzer.settings.seed,
        "engine": fuzzer.settings.engine,
        "execs": fuzzer.done,
        "lines": fuzzer.lines,
        "corpus": len(fuzzer.corpus),
        "elapsed_ms": round(seconds * 1000),
        "new": len(new),
        "findings": [_object(each) for each in fuzzer.found.values()],
    }


def sarif(fuzzer: Fuzzer, new: list[Found], out: str) -> dict[str, object]:
    """Gives the findings as SARIF 2.1.0: each is located in its reproducer, and in the code that failed."""
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "dryload fuzz",
                        "version": __version__,
                        "rules": [
                            {"id": kind, "shortDescription": {"text": text}} for kind, text in CLASSES.items()
                        ],
                    }
                },
                "results": [_result(each, fuzzer, out) for each in new],
            }
        ],
    }


def _result(found: Found, fuzzer: Fuzzer, out: str) -> dict[str, object]:
    from urllib.parse import quote

    place = found.where or fuzzer.settings.target
    return {
        "ruleId": found.kind,
        "level": "error",
        "message": {"text": safe_text(found.text, 400)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(os.path.join(out, found.signature) + ".bin")},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [{"fullyQualifiedName": safe_text(place)}],
            }
        ],
        "partialFingerprints": {"dryload/v1": found.signature},
    }


def tell(
    fuzzer: Fuzzer, new: list[Found], options: argparse.Namespace, seconds: float, *, interrupted: bool
) -> None:
    """Prints the findings and a line about the run."""
    for each in new:
        place = f" in {each.where}" if each.where else ""
        print(f"{each.kind}: {safe_text(each.text, 200)}{place}")
        shown = each.data.hex(" ") if len(each.data) <= SHOWN else each.data[:SHOWN].hex(" ") + " …"
        size = f"{len(each.data)} bytes of {len(each.first)}"
        print(f"  {size}, input {each.number:,}: {shown or 'nothing at all'}")
        print(f"  {os.path.join(options.out, each.signature)}.bin\n")
    rate = fuzzer.done / max(seconds, 0.001)
    told = f"{fuzzer.done:,} inputs in {seconds:.1f} s ({rate:,.0f}/s), seed {fuzzer.settings.seed}: "
    if fuzzer.lines:
        told += f"{fuzzer.lines:,} line{'' if fuzzer.lines == 1 else 's'} reached, "
    known = len(fuzzer.found) - len(new)
    counted = f"{len(new)} finding{'' if len(new) == 1 else 's'}{f', {known} known' if known else ''}."
    print(("Interrupted. " if interrupted else "") + told + counted)


def emit_tests(new: list[Found], options: argparse.Namespace) -> None:
    """Writes a file of pytest that gives the target each input again."""
    module, _, name = options.target.partition(":")
    given = {"bytes": "data", "file": "io.BytesIO(data)", "path": "str(path)"}[options.way]
    expected = tuple(filter(None, options.expect))
    rows = [
        f"    {each.signature!r}: {each.data!r},  # {each.kind}: {safe_text(each.text, 80)}" for each in new
    ]
    call = f"{module}.{name}({given})"
    body = [f"    {call}"]
    if expected:
        body = ["    try:", f"        {call}", "    except Exception as error:"]
        names = ", ".join(repr(each) for each in expected)
        body += [
            f"        if not {{each.__name__ for each in type(error).__mro__}} & {{{names}}}:",
            "            raise",
        ]
    lines = [
        f'"""Inputs on which {options.target} failed, as `dryload fuzz` found them."""',
        "",
        "import io",
        "",
        "import pytest",
        f"import {module}",
        "",
        "FOUND = {",
        *rows,
        "}",
        "",
        "",
        '@pytest.mark.parametrize("name", FOUND)',
        "def test_an_input_that_was_found(name, tmp_path):",
        "    data = FOUND[name]",
        '    path = tmp_path / "input"',
        "    path.write_bytes(data)",
        *body,
        "",
    ]
    with open(options.emit_tests, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


def _object(found: Found) -> dict[str, object]:
    return {
        "signature": found.signature,
        "class": found.kind,
        "type": found.type,
        "where": found.where,
        "text": safe_text(found.text, 400),
        "input": found.number,
        "data": found.data.hex(),
    }


# What each class of findings means.
CLASSES = {
    "exception": "an exception that is not among those expected",
    "hang": "a call that takes longer than it may",
    "memory": "a call that takes more memory than it may",
    "crash": "the process dies",
    "accepts_invalid": "the target reads what the reference refuses",
    "rejects_valid": "the target refuses what the reference reads",
    "disagreement": "target and reference read different things",
    "side_effect": "the target acts outside of itself",
}
# Bytes of an input that are shown.
SHOWN = 32
