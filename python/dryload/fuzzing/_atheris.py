"""Calls a target under atheris: libFuzzer's choice of inputs, the core's mutations. Run by `child`.

It speaks with the parent as `_fuzzed` does. Extensions that were built with counters are imported so that
their symbols are found; a run without counters would be blind, and is refused.
"""

from __future__ import annotations

import base64
import json
import mmap
import os
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from dryload._native import generate, mutate
from dryload.fuzzing._fuzzed import Teller, answer, prepared


def main() -> None:
    """Sets libFuzzer up and runs it to its end."""
    out = os.fdopen(3, "w", encoding="utf-8")
    lines = os.fdopen(os.dup(0), "rb")
    told = json.loads(lines.readline())
    try:
        atheris = _loaded(told)
    except BaseException as error:
        print(json.dumps({"broken": f"{type(error).__name__}: {error}"}), file=out, flush=True)
        return
    with atheris.instrument_imports():
        # Coverage is libFuzzer's business here.
        target = prepared({**told, "coverage": False}, out)
    if target is None:
        return
    if told["probe"]:
        answer(target, lines, out)
        return
    corpus = tempfile.mkdtemp()
    files = [base64.b64decode(each) for each in told["seeds"] + told["learned"]]
    files = files or [generate(told["format"], seed, "valid") for seed in range(8)]
    for number, data in enumerate(files):
        (Path(corpus) / f"{number:06}").write_bytes(data)
    with open(told["place"], "r+b") as place, mmap.mmap(place.fileno(), 0) as shared:
        teller = Teller(target, shared, out, told["known"])
        count = told["first"]

        def one(data: bytes) -> None:
            nonlocal count
            teller.call(count, data)
            count += 1
            if count >= told["end"]:
                shutil.rmtree(corpus, ignore_errors=True)
                print(json.dumps({"done": True}), file=out, flush=True)
                os._exit(0)

        options = [
            f"-seed={told['seed'] + told['first']}",
            f"-max_len={told['max_len']}",
            "-rss_limit_mb=0",
            "-timeout=0",
            "-detect_leaks=0",
        ]
        words: dict[str, Any] = {"internal_libfuzzer": True} if told["native"] else {}
        atheris.Setup(
            [sys.argv[0], *options, corpus],
            one,
            custom_mutator=_mutator(atheris, told["format"], files),
            **words,
        )
        atheris.Fuzz()


def _loaded(told: dict[str, Any]) -> Any:
    """Imports atheris, and extensions with counters behind it.

    Raises:
        ImportError: one of them has no counters, or cannot be imported.
    """
    if not told["native"]:
        return import_module("atheris")
    from importlib.machinery import ExtensionFileLoader
    from importlib.util import module_from_spec, spec_from_file_location

    # The symbols of libFuzzer are in the core of atheris, and must be seen by what is imported after it; the
    # mutator is a weak one, and is only found when it is there before the core.
    flags = sys.getdlopenflags()
    sys.setdlopenflags(os.RTLD_GLOBAL | os.RTLD_NOW)
    atheris = import_module("atheris")
    import_module("atheris.custom_mutator")
    import_module("atheris.core_with_libfuzzer")
    for path in told["native"]:
        with open(path, "rb") as file:
            if b"__sanitizer_cov_8bit_counters_init" not in file.read():
                raise ImportError(f"{path} has no counters: build it with `dryload fuzz build`")
        name = os.path.basename(path).partition(".")[0]
        loader = ExtensionFileLoader(name, path)
        spec = spec_from_file_location(name, path, loader=loader)
        assert spec is not None
        module = module_from_spec(spec)
        loader.exec_module(module)
        sys.modules[name] = module
    sys.setdlopenflags(flags)
    return atheris


def _mutator(atheris: Any, format: str, files: list[bytes]) -> Any:
    # libFuzzer's own mutations know the numbers that the target compared with: most of those of bytes, and
    # some of a format's.
    own = 4 if format == "bytes" else 1

    def custom(data: bytes, max_size: int, seed: int) -> bytes:
        lot, other = seed // 64 % 20, files[seed % len(files)]
        if lot < 4 * own:
            return bytes(atheris.Mutate(data, max_size))
        # libFuzzer keeps only what reaches new code: of a target that looks at little, nothing of the format.
        if lot == 4 or (len(data) < 4 and format != "bytes"):
            return (generate(format, seed, "any") if seed % 2 else other)[:max_size]
        return mutate(format, seed, other if lot < 9 else bytes(data), other)[:max_size]

    return custom


if __name__ == "__main__":
    main()
