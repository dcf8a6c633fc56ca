"""Whether an address is free, and whether somebody answers there."""

import contextlib
import errno
import http.client
import socket

from kacang.cli.errors import CommandProblem


def refuse_busy(host: str, port: int) -> None:
    """Refuse an address that cannot be listened on.

    Raises:
        CommandProblem: Says why.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror:
        raise CommandProblem(f"There is no address {host}; choose another with --host.") from None
    with contextlib.closing(socket.socket(family, kind, protocol)) as listener:
        # As the web server does: a connection that has just ended does not keep the port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(1)
        except OSError as problem:
            raise CommandProblem(_why(problem, host, port)) from None


def _why(problem: OSError, host: str, port: int) -> str:
    if problem.errno == errno.EADDRINUSE:
        return f"Port {port} is already in use; choose another with --port."
    if problem.errno == errno.EACCES:
        return f"Port {port} may not be used by this user; choose one above 1023 with --port."
    return f"The address {host} cannot be used: {problem.strerror}."


def answers(host: str, port: int, path: str) -> bool:
    """Tell whether GET `path` is answered with 200."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
