"""Resolves a host once, and connects to the addresses that were judged.

Between a judgement and a connection by name, the name can be given another address (DNS rebinding). Here the
connection is made to an address, and the name is only what TLS holds the certificate against.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from socket import socket

    from dryload.urls import PinnedUrl


def connect(
    pinned: PinnedUrl,
    *,
    timeout: float,
    context: ssl.SSLContext | None = None,
    dial: Callable[[tuple[str, int], float], socket] | None = None,
) -> socket:
    """Connects to the first pinned address that answers, with TLS for the host's name under https and wss.

    No name is resolved and no proxy is asked. `context` is one of your own for TLS; `dial` opens a connection
    to an address and a port within a number of seconds, by default `socket.create_connection`.

    Raises:
        OSError: none of the addresses could be reached, or TLS failed.
    """
    dial = dial or _dial
    parsed = pinned.parsed
    failure = OSError(f"no address of {parsed.host}")
    for address in pinned.addresses:
        try:
            connection = dial((address, parsed.port), timeout)
            break
        except OSError as error:
            failure = error
    else:
        raise failure
    if parsed.scheme not in _WITH_TLS:
        return connection
    try:
        if context is None:
            from ssl import create_default_context

            context = create_default_context()
        return context.wrap_socket(connection, server_hostname=parsed.host)
    except BaseException:
        connection.close()
        raise


def system_addresses(host: str, port: int) -> list[str]:
    """Asks the system's resolver for the addresses of a host."""
    from socket import SOCK_STREAM, getaddrinfo

    return [str(row[4][0]) for row in getaddrinfo(host, port, type=SOCK_STREAM)]


def _dial(address: tuple[str, int], timeout: float) -> socket:
    from socket import create_connection

    return create_connection(address, timeout)


_WITH_TLS = {"https", "wss"}
