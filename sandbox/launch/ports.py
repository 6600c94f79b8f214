"""Which TCP ports of this machine are free; opens none for longer than a look takes."""

import random
import socket
from collections.abc import Sequence
from pathlib import Path

from sandbox.launch.terminal import LaunchError

HOST = "127.0.0.1"
#: From which port on the system chooses for connections, on Linux.
_OWN_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 10_000


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
    """Ports in a row that nobody uses now, and that the system gives to no connection of its own meanwhile."""
    below = int(_OWN_PORTS.read_text().split()[0]) if _OWN_PORTS.exists() else 32768
    while True:
        first = random.randrange(_LOWEST, below - count)
        if _all_free(first, count):
            return list(range(first, first + count))


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
