"""Which addresses the hub may call by itself: public ones, and private ones only where an admin said so."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from hub.errors import Rejected, Transient

_NAT64 = IPv6Network("64:ff9b::/96")
Address = IPv4Address | IPv6Address


def find_address(host: str, port: int, *, private: bool) -> str:
    """The address to connect to. ``Transient`` when the name is not known now, ``Rejected`` when any address that it
    stands for is not public: who can choose one of several would choose that one. The caller connects to what was
    judged and asks no second time."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Transient("runtime.notify_unknown_host", vendor=str(error), host=host) from error
    addresses = [str(row[4][0]).partition("%")[0] for row in found]
    if not private and not all(is_public(ip_address(text)) for text in addresses):
        raise Rejected("runtime.notify_private", host=host)
    return addresses[0]


def is_public(address: Address) -> bool:
    """Whether it is reached over the public network, also through a tunnel inside another address."""
    inner = _find_inner(address)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_unspecified


def _find_inner(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo is not None else None)
