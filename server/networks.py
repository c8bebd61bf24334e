"""Addresses and networks: which of them somebody is kept out from. Pure; knows nothing of sockets."""

import ipaddress
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(1024)
def network(text: str) -> Network:
    """A network, as `192.0.2.0/24`, or one address; raises `ValueError`."""
    return ipaddress.ip_network(text.strip(), strict=False)


def covers(which: Network, host: str) -> bool:
    """Whether an address is in a network. Loopback never is: who sits at the server can't be kept out, and
    behind a tunnel or a proxy everybody comes from there."""
    address = _address(host)
    return address is not None and not address.is_loopback and address in which


def _address(host: str) -> Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
