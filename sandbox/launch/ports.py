"""Which TCP ports of this machine are free; opens none for longer than a look takes."""

import contextlib
import socket
from collections.abc import Sequence

from sandbox.launch.terminal import LaunchError

HOST = "127.0.0.1"


def require_free(ports: Sequence[int]) -> None:
    """Raises `LaunchError` naming a busy port and the next pair that is free."""
    for port in ports:
        if not _is_free(port):
            width = len(ports)
            first = next(
                one for one in range(ports[0] + width, 65535 - width, width) if _all_free(one, width)
            )
            raise LaunchError(f"Port {port} is in use. These are free: ./sandbox/run --port {first}")


def free_ports(count: int) -> list[int]:
    """Ports nobody uses now, chosen by the system."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _all_free(first: int, count: int) -> bool:
    return all(_is_free(first + offset) for offset in range(count))


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a connection just closed is no user
        try:
            one.bind((HOST, port))
        except OSError:
            return False
        return True
