"""Where a server may be: what is typed at enrolment, checked and in one form."""

import ipaddress

import httpx

from terminal.sync.errors import UnsafeUrlError


def checked_url(text: str, *, allow_http: bool = False) -> str:
    """The server's address without a slash at its end.

    Args:
        text: what was typed.
        allow_http: take http:// for any host. Whoever is on the way then reads everything, codes' verifiers too.

    Raises:
        UnsafeUrlError: where it is no address, has parts that an address has not, or is not encrypted.
    """
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, ValueError) as error:
        raise UnsafeUrlError("this is no address of a server (like https://pay.example.org)") from error
    if url.scheme not in ("https", "http") or not url.host:
        raise UnsafeUrlError("this is no address of a server (like https://pay.example.org)")
    if url.userinfo or url.query or url.fragment:
        raise UnsafeUrlError("a server's address has no user, no query and no fragment")
    if url.scheme == "http" and not (allow_http or is_loopback(url.host)):
        raise UnsafeUrlError
    return str(url).rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or number."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
