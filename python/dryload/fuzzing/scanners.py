"""Any scanner as a target: where an unpickler asks for a dangerous name, and the scanner says clean.

The scanner is a function of bytes that is true for a clean file, or a command with `{path}` that exits with 0
for one. The pickle is never loaded: the unpicklers of `oracles` get names and give nothing for them.
"""

from __future__ import annotations

import subprocess
import tempfile

from dryload.findings import Verdict
from dryload.fuzzing.oracles import ask
from dryload.policy import Policy
from dryload.scanner import scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dryload.fuzzing.oracles import Name


class Missed(AssertionError):
    """A scanner called a file clean from which a loader would get a name on the deny side."""


def scanner(
    under_test: Callable[[bytes], bool] | Sequence[str],
    *,
    policy: Policy | None = None,
    suffix: str = ".pkl",
    seconds: float = 60.0,
) -> Callable[[bytes], None]:
    """Makes a target for `dryload fuzz` of a scanner: it raises `Missed` where the scanner says clean.

    Names on the deny side of the policy count, those that no policy knows do not. A command that is killed or
    takes too long is no answer, and raises what `subprocess` raises.

    >>> target = scanner(lambda data: b"posix" not in data)
    >>> target(b"cposix\\nsystem\\n.")
    >>> target(b"cos\\nsystem\\n.")
    Traceback (most recent call last):
    dryload.fuzzing.scanners.Missed: asks for os.system, and the scanner says clean
    """
    policy = Policy.default() if policy is None else policy

    def target(data: bytes) -> None:
        denied = _denied(data, policy)
        if denied is not None and _is_clean(under_test, data, suffix, seconds):
            raise Missed(f"asks for {'.'.join(denied)}, and the scanner says clean")

    return target


def _denied(data: bytes, policy: Policy) -> Name | None:
    """The first name that a reader asks for and that the policy denies in every use."""
    allowed = policy.allowed
    for name in dict.fromkeys(name for asked in ask(data) for name in asked.names):
        module, qualname = name
        if name in allowed or "\n" in module or "\n" in qualname:
            continue
        # Asked of the policy as a scan asks: as an import of that name alone.
        report = scan(f"c{module}\n{qualname}\n.".encode("utf-8", "surrogatepass"), policy=policy)
        if report.verdict is Verdict.MALICIOUS:
            return name
    return None


def _is_clean(
    under_test: Callable[[bytes], bool] | Sequence[str], data: bytes, suffix: str, seconds: float
) -> bool:
    if callable(under_test):
        return bool(under_test(data))
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(data)
        file.flush()
        command = [word.replace("{path}", file.name) for word in under_test]
        done = subprocess.run(command, capture_output=True, check=False, timeout=seconds)
    return done.returncode == 0
