"""Measures everything and writes it into docs/performance.md: one command for the figures of the docs.

    python benches/report.py [--quick] [--only PART...]      # with dryload importable, and cargo

It runs `compare.py`, `layouts.py`, `headers.py` and `zoo.py` one after the other, half an hour on a quiet
machine, and puts what they print between the markers of the page, each under its own, with the machine and
the day. The page's words around them are written by hand, and say what is missed.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "performance.md"
PLOT = HERE.parent / "docs" / "performance.svg"

# The rows of the design's bars and what these are held against; `compare.py` alone measures all peers.
ROWS = ("dense", "large", "numpy", "torch", "tiny", "safetensors", "tree")
TOOLS = (
    "dryload",
    "dryload x2",
    "picklescan",
    "genops",
    "loads",
    "safe_open",
    "read",
    "read x2",
    "python -c pass",
)

# What is run for which marker.
PARTS = {
    "compare": ["compare.py", "--rows", *ROWS, "--tools", *TOOLS],
    "layouts": ["layouts.py"],
    "headers": ["headers.py"],
    "zoo": ["zoo.py", "--plot", str(PLOT)],
}
QUICK = {"compare", "zoo"}


def measured(name: str, quick: bool) -> str:
    """What a part prints, with the machine and the day above it."""
    words = PARTS[name] + (["--quick"] if quick and name in QUICK else [])
    if quick and "--plot" in words:
        # The picture belongs to the page, which stays as it is.
        at = words.index("--plot")
        words = words[:at] + words[at + 2 :]
    load = os.getloadavg()[0]
    done = subprocess.run(
        [sys.executable, str(HERE / words[0]), *words[1:]], stdout=subprocess.PIPE, text=True, check=False
    )
    day = datetime.datetime.now(datetime.UTC).date()
    machine = f"{os.cpu_count()} shared cores, Python {platform.python_version()}, load {load:.1f}"
    text = done.stdout.rstrip()
    if "|--" not in text:
        text = f"```text\n{text}\n```"
    return f"{day}, {machine} at the start{', quick' if quick else ''}.\n\n{text}"


def main() -> int:
    """Runs the parts and rewrites the page."""
    parser = argparse.ArgumentParser(description="measure everything and write docs/performance.md")
    parser.add_argument("--quick", action="store_true", help="to see that everything works; writes nothing")
    parser.add_argument(
        "--only", nargs="*", choices=list(PARTS), default=list(PARTS), help="these parts alone"
    )
    options = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    for name in options.only:
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
        text = measured(name, options.quick)
        print(f"== {name}\n{text}\n", flush=True)
        page = re.sub(
            f"{begin}.*?{end}", lambda _, b=begin, e=end, t=text: f"{b}\n{t}\n\n{e}", page, flags=re.DOTALL
        )
        if not options.quick:
            PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
