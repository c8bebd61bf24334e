"""Addresses and networks: which of them somebody is kept out from. Pure; knows nothing of sockets."""

import ipaddress
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


LEAST_PREFIX = {4: 8, 6: 16}
"""A ban of more than the largest network that one provider holds is a mistake: it keeps everybody out."""

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


@lru_cache(1024)
def network(text: str) -> Network:
    """A network, as `192.0.2.0/24`, or one address; raises `ValueError`."""
    found = ipaddress.ip_network(text.strip(), strict=False)
    if isinstance(found, ipaddress.IPv6Network) and found.subnet_of(_MAPPED):
        mapped = int(found.network_address) & 0xFFFFFFFF
        return ipaddress.IPv4Network((mapped, found.prefixlen - 96))
    return found


def problem(which: Network, own: str) -> str:
    """Why nobody should be kept out by this network, when who asks for it is at `own`; empty if they may."""
    if which.prefixlen < LEAST_PREFIX[which.version]:
        least = LEAST_PREFIX[which.version]
        return f"{which} is too large, that keeps everybody out: name a network of /{least} or smaller"
    if which.is_loopback:
        return f"{which} is this computer itself, and is never kept out: behind a proxy ban by name"
    return f"you are in {which} yourself" if covers(which, own) else ""


def covers(which: Network, host: str) -> bool:
    """Whether an address is in a network. Loopback never is: who sits at the server can't be kept out, and
    behind a tunnel or a proxy everybody comes from there."""
    address = _address(host)
    return address is not None and not address.is_loopback and address in which


def bannable(host: str) -> bool:
    """Whether a ban of this address would keep anybody out."""
    address = _address(host)
    return address is not None and not address.is_loopback


def _address(host: str) -> Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
