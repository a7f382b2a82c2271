"""Whose address a hit is judged by: the peer's own, unless the peer is a proxy that the operator trusts.

May not: keep an address. Rules: `X-Forwarded-For` and the country header are believed from `trusted_proxies` only
(none by default); the client is the rightmost address that is not itself a trusted proxy; what is no address is ''.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from gateway.intake.headers import Headers

#: How many entries of X-Forwarded-For are looked at, from the right. Why: a forger may send thousands.
_HOPS = 10


class Peers:
    """Compiled from settings. `networks` are CIDR texts; a wrong one raises ValueError with its text."""

    def __init__(self, networks: tuple[str, ...] = (), country_header: str = "") -> None:
        self._trusted: list[IPv4Network | IPv6Network] = [ip_network(text) for text in networks]
        self._country_header = country_header.lower().encode()

    def address_and_country(self, peer: str, headers: Headers) -> tuple[str, str]:
        """(client address, ISO country of a trusted CDN header); '' for what is not known."""
        if not self._trusted or not self.trusts(peer):
            return peer, ""
        forwarded = headers.get(b"x-forwarded-for", b"")
        return self._client(forwarded.decode("latin-1"), peer), self._country(headers)

    def _client(self, forwarded: str, peer: str) -> str:
        for hop in reversed(forwarded.split(",")[-_HOPS:]):
            address = clean(hop)
            if not address:
                return ""
            if not self.trusts(address):
                return address
        return peer

    def _country(self, headers: Headers) -> str:
        told = headers.get(self._country_header, b"").decode("latin-1").upper()
        return told if len(told) == 2 and told.isalpha() else ""

    def trusts(self, text: str) -> bool:
        """Whether that peer is one of the trusted proxies."""
        try:
            address = ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


def clean(text: str) -> str:
    """An address as text without port, brackets or zone, IPv4-mapped IPv6 as IPv4; '' if it is no address."""
    bare = text.strip().removeprefix("[").split("]")[0].split("%")[0]
    if bare.count(":") == 1:
        bare = bare.split(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
