"""`dryload scan --resume FILE`: goes on with a run that was cut short.

FILE is one of `--format jsonl`: a line for each file, each written as soon as it is known. A last line that
was cut off, and the summary of a run that was interrupted, are taken off it; what is left was scanned and is
not scanned again.
"""

from __future__ import annotations

import json
import os

from dryload.errors import PolicyError
from dryload.findings import Verdict
from dryload.outputs.safe_text import safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from dryload.report import Summary


class Earlier:
    """What a file of lines says of an earlier run.

    Attributes:
        paths: the files that were scanned, in the order of their lines. repositories: the folders that were
        checked as a whole. end: bytes of the whole lines.
    """

    def __init__(self, name: str) -> None:
        """Reads the file; one that is not there is an empty one.

        Raises:
            PolicyError: it cannot be read, or is no file of lines of this schema.
        """
        self.name = name
        self.paths: list[str] = []
        self.repositories: set[str] = set()
        self.end = 0
        self._counts: list[tuple[Verdict, int, int]] = []
        try:
            with open(name, "rb") as file:
                self._read(file)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise PolicyError(f"--resume {name}: {error.strerror}") from error

    def add_to(self, summary: Summary) -> None:
        """Counts what was scanned earlier."""
        for verdict, size, bytes_read in self._counts:
            summary.add_earlier(verdict, size=size, bytes_read=bytes_read)

    def cut(self) -> None:
        """Takes off what is no whole line of a file."""
        if os.path.exists(self.name):
            os.truncate(self.name, self.end)

    def _read(self, file: BinaryIO) -> None:
        for number, line in enumerate(file, 1):
            try:
                told = json.loads(line) if line.endswith(b"\n") else None
            except ValueError:
                told = None
            if not isinstance(told, dict):
                if self._is_last(file):
                    return  # cut off in the middle
                raise PolicyError(f"--resume {self.name}: line {number} is no JSON object")
            if "summary" in told:
                return
            try:
                self._counts.append((Verdict(told["verdict"]), int(told["size"]), int(told["bytes_read"])))
                hexed = told.get("path_hex")
                path = told["path"] if hexed is None else os.fsdecode(bytes.fromhex(hexed))
                if told["format"] == "repository":
                    self.repositories.add(path)
                else:
                    self.paths.append(path)
            except (KeyError, ValueError, TypeError) as error:
                text = f"line {number} is no file of a report: {safe_text(str(error))}"
                raise PolicyError(f"--resume {self.name}: {text}") from error
            self.end += len(line)

    @staticmethod
    def _is_last(file: BinaryIO) -> bool:
        return not file.read(1)
