"""Lets the benchmarks import `inputs.py` in every import mode of pytest; holds no fixture."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
