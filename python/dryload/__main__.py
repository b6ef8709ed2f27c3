"""`python -m dryload` and the `dryload` command."""

from __future__ import annotations

import sys

from dryload.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
