"""Says what loading a model file would do, without loading it.

>>> import dryload, pickle
>>> dryload.scan(pickle.dumps({"weights": [1.0, 2.0]})).verdict
<Verdict.INERT: 'inert'>
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dryload._version import __version__
    from dryload.bulk import scan_many
    from dryload.errors import (
        DryloadError,
        FormatError,
        LimitExceeded,
        PathError,
        PolicyError,
        SourceError,
        UnsafeLoadError,
        UnsafeModelError,
        UrlError,
    )
    from dryload.findings import Finding, Severity, Span, Verdict
    from dryload.guards import guard, guarded, install_guard, safe_load
    from dryload.outputs.text import render_text
    from dryload.policy import Policy
    from dryload.report import Coverage, Report, Summary
    from dryload.repository import check_repository
    from dryload.restricted import RestrictedUnpickler
    from dryload.safetensors import Header, TensorInfo, validate_safetensors
    from dryload.scanner import scan
    from dryload.service import Scanner, ascan

__all__ = [
    "Coverage",
    "DryloadError",
    "Finding",
    "FormatError",
    "Header",
    "LimitExceeded",
    "PathError",
    "Policy",
    "PolicyError",
    "Report",
    "RestrictedUnpickler",
    "Scanner",
    "Severity",
    "SourceError",
    "Span",
    "Summary",
    "TensorInfo",
    "UnsafeLoadError",
    "UnsafeModelError",
    "UrlError",
    "Verdict",
    "__version__",
    "ascan",
    "check_repository",
    "guard",
    "guarded",
    "install_guard",
    "render_text",
    "safe_load",
    "scan",
    "scan_many",
    "validate_safetensors",
]

# Names are imported when first used (PEP 562), so that `import dryload` costs a program only what it uses.
_HOME = {
    "Coverage": "report",
    "DryloadError": "errors",
    "Finding": "findings",
    "FormatError": "errors",
    "Header": "safetensors",
    "LimitExceeded": "errors",
    "PathError": "errors",
    "Policy": "policy",
    "PolicyError": "errors",
    "Report": "report",
    "RestrictedUnpickler": "restricted",
    "Scanner": "service",
    "Severity": "findings",
    "SourceError": "errors",
    "Span": "findings",
    "Summary": "report",
    "TensorInfo": "safetensors",
    "UnsafeLoadError": "errors",
    "UnsafeModelError": "errors",
    "UrlError": "errors",
    "Verdict": "findings",
    "__version__": "_version",
    "ascan": "service",
    "check_repository": "repository",
    "guard": "guards",
    "guarded": "guards",
    "install_guard": "guards",
    "render_text": "outputs.text",
    "safe_load": "guards",
    "scan": "scanner",
    "scan_many": "bulk",
    "validate_safetensors": "safetensors",
}


# Modules that stand in for others: `dryload.torch.load` is `torch.load` of what is inert.
_MODULES = frozenset({"joblib", "numpy", "pandas", "pickle", "torch"})


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
