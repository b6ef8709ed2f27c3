"""The version, in its one place: `dryload --version`, the JSON reports and `dryload.__version__` read it
here.

A test compares it with the metadata of the wheel, so that neither can move alone.
"""

from __future__ import annotations

__version__ = "0.1.0"
