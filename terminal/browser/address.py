"""Where the page is served, and who may ask for it. Pure."""

import ipaddress
import re
from dataclasses import dataclass

_HIGHEST_PORT = 65_535
# A Host header: a name, or an IPv6 address in brackets, and perhaps a port.
_HOST = re.compile(r"(?:\[(?P<digits>[0-9a-f:.]+)\]|(?P<name>[a-z0-9.-]+))(?::[0-9]{1,5})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port of this machine; port 0 is any that is free."""

    host: str
    port: int

    def __post_init__(self) -> None:
        if not self.host or not 0 <= self.port <= _HIGHEST_PORT:
            raise ValueError("an address has a host and a port up to 65535")

    @property
    def url(self) -> str:
        """For a browser on this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"

    def answers_to(self, host: str | None) -> bool:
        """Whether a request's Host is one of this page's.

        A site that has its own name point to this machine (DNS rebinding) comes with that name. An address in digits,
        `localhost` and the name that the page is served by can't be anybody else's.
        """
        found = _HOST.fullmatch(host or "")
        name = (found["digits"] or found["name"]).lower() if found else ""
        return bool(name) and (name in ("localhost", self.host.lower()) or _digits(name) is not None)

    def comes_from_here(self, origin: str | None, host: str | None) -> bool:
        """Whether a connection was opened by this page itself, and by no other site in the same browser."""
        scheme, mark, where = (origin or "").partition("://")
        return bool(mark) and scheme in ("http", "https") and self.answers_to(host) and where == host


def is_own_machine(host: str) -> bool:
    """Whether nobody but this machine's own people reach a host."""
    digits = _digits(host)
    return host == "localhost" or (digits is not None and digits.is_loopback)


def _digits(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
