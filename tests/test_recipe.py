"""The recipe of docs/paths.md, as it stands there, against names and URLs that want more than they should."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from dryload.urls import UrlError, UrlPolicy

DOCS = Path(__file__).parents[1] / "docs" / "paths.md"
SOURCES = UrlPolicy(hosts=("models.example", ".store.example"), schemes=("http",))


@pytest.fixture
def models(tmp_path: Path, plain: bytes, evil: bytes) -> Any:
    """The recipe's server over a folder with models and traps."""
    (block,) = re.findall(r"## A server of models.*?```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {"__name__": "recipe"}
    exec(compile(block, str(DOCS), "exec"), names)
    folder = tmp_path / "models"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "good.pkl").write_bytes(plain)
    (folder / "evil.pkl").write_bytes(evil)
    (tmp_path / "secret.pkl").write_bytes(plain)
    (folder / "link.pkl").symlink_to("../secret.pkl")
    (folder / "inner.pkl").symlink_to("sub/good.pkl")
    os.mkfifo(folder / "fifo")
    return names["Models"](str(folder), SOURCES)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("sub/good.pkl", 200),
        ("inner.pkl", 200),
        ("evil.pkl", 403),
        ("missing.pkl", 404),
        ("sub", 404),
        ("fifo", 404),
        ("link.pkl", 400),
        ("../secret.pkl", 400),
        ("sub/../../secret.pkl", 400),
        ("%2e%2e/secret.pkl", 400),
        ("/etc/passwd", 400),
        ("sub\\good.pkl", 400),
        ("sub/good.pkl\0", 400),
        ("", 400),
    ],
)
def test_a_request_gets_a_model_of_the_folder_or_a_status(models: Any, name: str, status: int) -> None:
    assert models.get(name)[0] == status


class Net:
    """A network inside the process: hosts with addresses, and an answer for each address."""

    def __init__(self, answers: dict[str, tuple[str, bytes]]) -> None:
        self.answers = answers
        self.ends: list[socket.socket] = []

    def resolve(self, host: str, _port: int) -> list[str]:
        return [self.answers[host][0]]

    def dial(self, address: tuple[str, int], _timeout: float) -> socket.socket:
        here, there = socket.socketpair()
        (answer,) = [answer for ip, answer in self.answers.values() if ip == address[0]]
        there.sendall(answer)
        self.ends.append(there)
        return here

    def requests(self) -> list[bytes]:
        """What was asked, each connection's first line and Host."""
        seen = []
        for end in self.ends:
            lines = end.recv(4096).split(b"\r\n")
            seen.append(lines[0] + b" | " + next(line for line in lines if line.startswith(b"Host")))
            end.close()
        return seen


def found(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def moved(location: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def test_a_model_is_fetched_from_the_pinned_address_and_over_permitted_redirects(models: Any) -> None:
    net = Net(
        {
            "models.example": ("1.1.1.1", moved("//a.store.example/b?c=1")),
            "a.store.example": ("8.8.8.8", found(b"weights")),
        }
    )
    body = models.fetch("http://MODELS.example/a", resolve=net.resolve, dial=net.dial)
    assert body == b"weights"
    assert net.requests() == [
        b"GET /a HTTP/1.1 | Host: models.example",
        b"GET /b?c=1 HTTP/1.1 | Host: a.store.example",
    ]


@pytest.mark.parametrize(
    ("address", "location", "rule"),
    [
        ("127.0.0.1", "", "loopback"),
        ("169.254.169.254", "", "metadata"),
        ("1.1.1.1", "http://evil.example/", "host"),
        ("1.1.1.1", "file:///etc/passwd", "scheme"),
        ("1.1.1.1", "http://models.example:22/", "port"),
        ("1.1.1.1", "/\\evil.example/", "backslash"),
        ("1.1.1.1", "", "empty"),
        ("1.1.1.1", "/again", "redirects"),
    ],
)
def test_a_fetch_that_leads_elsewhere_is_refused(models: Any, address: str, location: str, rule: str) -> None:
    net = Net({"models.example": (address, moved(location))})
    with pytest.raises(UrlError) as caught:
        models.fetch("http://models.example/a", resolve=net.resolve, dial=net.dial)
    assert caught.value.rule == rule
    for end in net.ends:
        end.close()
