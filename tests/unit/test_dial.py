"""A connection goes to an address that was judged, and no name is resolved again. All of it in here."""

from __future__ import annotations

import socket
import ssl

import pytest

from dryload.dial import connect, system_addresses
from dryload.urls import PinnedUrl, UrlPolicy

HTTP = UrlPolicy(hosts=None, schemes=("http", "https"), ports=(80, 443))


def pinned(url: str, *addresses: str) -> PinnedUrl:
    return HTTP.pin(url, resolve=lambda *_: addresses)


def test_the_first_address_that_answers_is_taken_in_the_order_of_the_resolver() -> None:
    here, there = socket.socketpair()
    asked = []

    def dial(address: tuple[str, int], timeout: float) -> socket.socket:
        asked.append((address, timeout))
        if len(asked) == 1:
            raise ConnectionRefusedError
        return here

    with here, there:
        url = pinned("http://models.example/", "1.1.1.1", "2606:4700:4700::1111", "8.8.8.8")
        assert connect(url, timeout=3.0, dial=dial) is here
    assert asked == [(("1.1.1.1", 80), 3.0), (("2606:4700:4700::1111", 80), 3.0)]


def test_no_name_is_resolved_for_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(host: str, *rest: object, **options: object) -> list[object]:
        asked.append(host)
        raise OSError("nobody there")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(OSError, match="nobody there"):
        connect(pinned("http://models.example/", "1.1.1.1"), timeout=1.0)
    assert asked == ["1.1.1.1"]


def test_the_last_failure_is_told_when_nobody_answers() -> None:
    def dial(address: tuple[str, int], timeout: float) -> socket.socket:
        raise TimeoutError(address[0])

    with pytest.raises(TimeoutError, match=r"8\.8\.8\.8"):
        connect(pinned("http://models.example/", "1.1.1.1", "8.8.8.8"), timeout=1.0, dial=dial)


class Context(ssl.SSLContext):
    """Notes the name that the certificate is held against."""

    names: list[object]
    fails: bool

    def wrap_socket(self, sock: socket.socket, **options: object) -> ssl.SSLSocket:  # type: ignore[override]
        self.names.append(options["server_hostname"])
        if self.fails:
            raise ssl.SSLCertVerificationError("another name")
        return sock  # type: ignore[return-value]


@pytest.mark.parametrize(("url", "names"), [("https://B\u00fccher.example/", 1), ("http://a.example/", 0)])
def test_tls_is_held_against_the_name_and_not_the_address(url: str, names: int) -> None:
    here, there = socket.socketpair()
    context = Context(ssl.PROTOCOL_TLS_CLIENT)
    context.names, context.fails = [], False
    with here, there:
        connect(
            pinned(url.replace("B\u00fc", "b\u00fc"), "1.1.1.1"),
            timeout=1.0,
            context=context,
            dial=lambda *_: here,
        )
    assert context.names == ["xn--bcher-kva.example"] * names


def test_a_connection_whose_tls_fails_is_closed() -> None:
    here, there = socket.socketpair()
    context = Context(ssl.PROTOCOL_TLS_CLIENT)
    context.names, context.fails = [], True
    with there:
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(
                pinned("https://a.example/", "1.1.1.1"), timeout=1.0, context=context, dial=lambda *_: here
            )
        assert here.fileno() == -1


def test_the_default_context_checks_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = socket.socketpair()
    made = []

    def wrap(self: ssl.SSLContext, sock: socket.socket, **options: object) -> socket.socket:
        made.append((self.check_hostname, self.verify_mode, options["server_hostname"]))
        return sock

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", wrap)
    with here, there:
        connect(pinned("https://a.example/", "1.1.1.1"), timeout=1.0, dial=lambda *_: here)
    assert made == [(True, ssl.CERT_REQUIRED, "a.example")]


def test_the_systems_resolver_is_asked_for_the_host_and_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(host: str, port: int, **options: object) -> list[tuple[object, ...]]:
        assert (host, port, options) == ("a.example", 80, {"type": socket.SOCK_STREAM})
        kind = socket.SOCK_STREAM
        return [
            (socket.AF_INET6, kind, 6, "", ("2606:4700:4700::1111", 80, 0, 0)),
            (socket.AF_INET, kind, 6, "", ("1.1.1.1", 80)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert system_addresses("a.example", 80) == ["2606:4700:4700::1111", "1.1.1.1"]
    assert HTTP.pin("http://a.example/").addresses == ("2606:4700:4700::1111", "1.1.1.1")
