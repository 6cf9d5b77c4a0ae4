"""Which machines a connection may reach: every address that its name resolves to is looked at before it is called.

A name that leads into the company's own network lets an edited base URL, or a changed DNS entry, reach what
was never meant to be reached; the address that was looked at is the one that is connected to.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from engine.adapters.connectors.address import is_loopback

_NAT64 = IPv6Network("64:ff9b::/96")
_PUBLIC6 = IPv6Network("2000::/3")
"""The only part of IPv6 that is given out; the rest wraps other addresses or belongs to nobody."""
_SPECIAL4 = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))


class PrivateAddress(Exception):
    """The name resolves to an address that this connection may not reach."""


class UnknownHost(Exception):
    """The name resolves to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What may be reached beside the public internet: this machine, and the company's own network."""

    private: bool = False
    loopback: bool = True

    def check(self, host: str, address: str) -> None:
        """Do nothing for an address that may be reached.

        Raises:
            PrivateAddress: it may not.
        """
        found = _plain_address(address)
        if found.is_loopback:
            if self.loopback and (is_loopback(host) or self.private):
                return
            raise PrivateAddress(
                f"{host} leads to {address}, which is this machine itself; it is not called under that name"
            )
        if not self.private and not _is_public(found):
            raise PrivateAddress(
                f"{host} leads to {address}, an address of a private network; if the system stands there, "
                "set allow_private_addresses: true for it where it is configured"
            )


def resolve(host: str, port: int) -> tuple[str, ...]:
    """The addresses of a host, each once, in the order to try them.

    Raises:
        UnknownHost: there are none; the message says why.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnknownHost(f"the name {host} is not known ({error})") from error
    return tuple(dict.fromkeys(str(one[4][0]) for one in found))


def _is_public(found: IPv4Address | IPv6Address) -> bool:
    if isinstance(found, IPv6Address) and found not in _PUBLIC6:
        return False
    special = isinstance(found, IPv4Address) and any(found in part for part in _SPECIAL4)
    return found.is_global and not found.is_multicast and not special


def _plain_address(text: str) -> IPv4Address | IPv6Address:
    """The address that is really reached, out of an IPv6 wrapping of an IPv4 one."""
    found = ip_address(text.partition("%")[0])
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return found.ipv4_mapped
        if found.sixtofour is not None:
            return found.sixtofour
        if found in _NAT64:
            return IPv4Address(int(found) & 0xFFFFFFFF)
    return found
