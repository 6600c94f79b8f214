"""Says from which address a request came, by the header that the shop's own proxy writes; counts and refuses nothing."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.http import HttpRequest

from loyalty_plugin.conf import settings

Address = IPv4Address | IPv6Address


def client_address(request: HttpRequest) -> str | None:
    """The client's address, for IPv6 its /64; None where it is not known.

    Without CLIENT_ADDRESS_HEADER an address of a private network is a proxy's, behind which all customers look alike.
    Of a list only the last entry is believed: the nearest proxy wrote it, all others came from outside.
    """
    found = _address(request)
    if found is None:
        return None
    return str(ip_network((found, 64), strict=False) if isinstance(found, IPv6Address) else found)


def exact_address(request: HttpRequest) -> str | None:
    """The same, whole: as the shop is told of it."""
    found = _address(request)
    return str(found) if found is not None else None


def _address(request: HttpRequest) -> Address | None:
    header = settings.CLIENT_ADDRESS_HEADER
    text = (
        request.headers.get(header, "").rpartition(",")[2] if header else request.META.get("REMOTE_ADDR", "")
    )
    try:
        found: Address = ip_address(text.strip())
    except ValueError:
        return None
    return found if header or found.is_global else None
