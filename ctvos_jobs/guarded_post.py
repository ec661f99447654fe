"""POST to a stranger's server without being led into our own network."""

from __future__ import annotations

import ipaddress
import re
import socket
from contextlib import suppress

import httpx

from ctvos_core.errors import InputError

_TIMEOUT_SECONDS = 10
_LONGEST_URL = 2048
_HOST = re.compile(r"[a-z0-9._:-]+")  # names and addresses, IPv6 ones without brackets
_PORTS = {"http": 80, "https": 443}


def check_url(url: str) -> None:
    """Raise InputError `webhook_url_invalid` unless a webhook could be sent there."""
    try:
        parsed = httpx.URL(url)
        port = parsed.port or _PORTS.get(parsed.scheme)
    except httpx.InvalidURL:
        parsed, port = httpx.URL(), None
    host = parsed.raw_host.decode("ascii")
    usable = parsed.scheme in _PORTS and _HOST.fullmatch(host) and port is not None and port < 65536
    if not usable or parsed.userinfo or len(url) > _LONGEST_URL:
        raise InputError(
            "webhook_url_invalid",
            "webhook_url: expected https://HOST/PATH of at most "
            f"{_LONGEST_URL} characters and without a user name, got {url[:100]!r}",
        )


def guarded_post(url: str, body: bytes, headers: dict[str, str], *, allow_private: bool) -> int:
    """POST and return the status code; the answer's body is not read.

    The host name is looked up once and the connection goes to the address that was checked, so a
    name that changes between the check and the connection leads nowhere. Redirects are not
    followed, proxies not used.

    Args:
        url: `http` or `https`.
        body: what to send.
        headers: besides `Host`.
        allow_private: send to addresses that are not public too.

    Raises:
        InputError: `webhook_url_invalid`, `webhook_host_unknown`, `webhook_address_refused`.
        httpx.HTTPError: the server did not answer.
    """
    check_url(url)
    target = httpx.URL(url)
    name = target.raw_host.decode("ascii")
    addresses = _resolve(name, target.port or _PORTS[target.scheme], allow_private)
    with httpx.Client(trust_env=False, follow_redirects=False, timeout=_TIMEOUT_SECONDS) as client:

        def post(address: str) -> int:
            with client.stream(
                "POST",
                target.copy_with(host=address),
                content=body,
                headers={**headers, "Host": target.netloc.decode("ascii")},
                # The certificate is still checked against the name.
                extensions={"sni_hostname": name},
            ) as response:
                return response.status_code

        for address in addresses[:-1]:
            with suppress(httpx.ConnectError):
                return post(address)
        return post(addresses[-1])


def _resolve(host: str, port: int, allow_private: bool) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise InputError("webhook_host_unknown", f"{host}: no address found: {error}") from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not allow_private and not _is_public(address):
            raise InputError(
                "webhook_address_refused",
                f"{host}: expected a public address, got {address} "
                "(CTVOS_WEBHOOK_ALLOW_PRIVATE=true allows it)",
            )
    return addresses


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        # Addresses that a gateway turns into IPv4 ones count as those.
        inner = address.ipv4_mapped or address.sixtofour
        if address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None or address.teredo is not None:
            return inner is not None and _is_public(str(inner))
    return address.is_global and not address.is_multicast
