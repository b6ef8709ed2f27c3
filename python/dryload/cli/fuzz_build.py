"""`dryload fuzz build`: builds a Rust extension with counters, on a stable toolchain.

What comes out cannot be imported by a plain Python: its counters are symbols of libFuzzer, which atheris
brings. `dryload fuzz --native` imports it so that they are found, and says so when they are not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from dryload.errors import PolicyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(words: list[str]) -> int:
    """Builds, checks that the counters are there, and copies the library."""
    options = _parser().parse_args(words)
    triple = _triple()
    command = [
        "cargo",
        "build",
        "--release",
        "--lib",
        # With a target named, flags are not for build scripts and macros.
        "--target",
        triple,
        "--manifest-path",
        options.manifest_path,
        "--message-format=json-render-diagnostics",
        *(["--package", options.package] if options.package else []),
    ]
    env = {**os.environ, "RUSTFLAGS": f"{os.environ.get('RUSTFLAGS', '')} {' '.join(FLAGS)}".strip()}
    env["CARGO_TARGET_DIR"] = options.target_dir
    # Thin LTO would merge the counters of crates away.
    env |= {"CARGO_PROFILE_RELEASE_LTO": "off", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "1"}
    print(f"dryload: {' '.join(command)}", file=sys.stderr)
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise PolicyError("cargo could not build it")
    libraries = _libraries(done.stdout)
    if not libraries:
        raise PolicyError(
            f"{options.manifest_path} makes no library that can be imported (crate-type cdylib)"
        )
    library = libraries[-1]
    with open(library, "rb") as file:
        data = file.read()
    if COUNTERS not in data:
        raise PolicyError(f"{library} has no counters: this compiler does not know the flags")
    os.makedirs(os.path.dirname(options.out) or ".", exist_ok=True)  # noqa: PTH103 - a name from the command line
    with open(options.out, "wb") as file:
        file.write(data)
    print(f"{options.out}: {len(data):,} bytes, with counters")
    return 0


def _libraries(output: bytes) -> list[str]:
    found = []
    for line in output.splitlines():
        told = json.loads(line)
        if told.get("reason") == "compiler-artifact" and "cdylib" in told["target"]["kind"]:
            found += [name for name in told["filenames"] if name.endswith((".so", ".dylib"))]
    return found


def _triple() -> str:
    try:
        told = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise PolicyError("rustc cannot be run") from error
    return next(line.partition(": ")[2] for line in told.splitlines() if line.startswith("host: "))


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="dryload fuzz build",
        description="Build a Rust extension with counters for `dryload fuzz --native`.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--manifest-path", default="Cargo.toml", metavar="FILE", help="the Cargo.toml (default: Cargo.toml)")
    add("--package", metavar="NAME", help="the package of a workspace")
    add("--out", required=True, metavar="EXT.so", help="where it goes, by the name it is imported by")
    add("--target-dir", default="target/fuzz", metavar="DIR", help="for cargo (default: target/fuzz)")
    return parser


# As libFuzzer wants them, on a stable compiler: research by trial with 1.95; names are those of LLVM.
FLAGS = (
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
)
COUNTERS = b"__sanitizer_cov_8bit_counters_init"
