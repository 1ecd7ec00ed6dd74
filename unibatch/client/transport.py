"""How connections are made: TLS, proxies, limits. The only module that imports the HTTP library.

It is httpx2 where that is installed (``pip install 'unibatch[httpx2]'``), otherwise httpx. httpx2 continues httpx with
the same names, so the rest of the client calls both ``httpx``, and what they are built on ``httpcore``. Types are those
of httpx; with httpx2's in their place, mypy finds no error either.
"""

from __future__ import annotations

import os
import ssl
import urllib.request
from functools import cache
from importlib.util import find_spec
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from unibatch.core.errors import ConfigError

if TYPE_CHECKING or find_spec("httpx2") is None:
    import httpcore
    import httpx
else:
    import httpcore2 as httpcore
    import httpx2 as httpx

__all__ = ["KEPT", "PORTS", "httpcore", "httpx", "is_loopback", "is_port", "place_of", "proxy_of", "transport_options"]

KEPT = 5.0
"""For how many seconds a connection is kept that is not used."""


def transport_options(base_url: str) -> dict[str, Any]:
    """The arguments for an ``httpx.HTTPTransport`` or ``httpx.AsyncHTTPTransport`` of one connection.

    Raises:
        ConfigError: The environment names a proxy or certificates that cannot be used.
    """
    url = httpx.URL(base_url)
    return {
        "limits": httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEPT),
        "proxy": _proxy(url),
        "verify": _trusted() if url.scheme == "https" else _trusts_nobody(),
    }


@cache
def _trusted() -> ssl.SSLContext:
    """Who is trusted with TLS. Loading the certificates is slow, so all clients share one context."""
    directory = os.environ.get("SSL_CERT_DIR")  # OpenSSL accepts one that does not exist, and then trusts nobody
    if directory and not os.environ.get("SSL_CERT_FILE") and not os.path.isdir(directory):  # noqa: PTH112 - never raises
        raise ConfigError(f"SSL_CERT_DIR names {directory}, which is not a directory; correct or unset it")
    try:
        return httpx.create_ssl_context()
    except OSError as exc:
        names = ("SSL_CERT_FILE" if os.environ.get("SSL_CERT_FILE") else "SSL_CERT_DIR", "SSLKEYLOGFILE")
        set_ones = [f"{name}={os.environ[name]}" for name in names if os.environ.get(name)]
        if not set_ones:
            raise ConfigError(f"the certificates for TLS cannot be loaded: {exc.strerror or exc}") from exc
        raise ConfigError(
            f"the certificates for TLS cannot be loaded: {exc.strerror or exc}; correct or unset "
            f"the environment variable{'' if len(set_ones) == 1 else 's'} {', '.join(set_ones)}"
        ) from exc


def _trusts_nobody() -> ssl.SSLContext:
    """For plain HTTP on loopback, which needs no TLS: no certificates to load, and none that would be accepted."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _proxy(url: httpx.URL) -> httpx.Proxy | None:
    """The proxy that the environment (``HTTPS_PROXY``, ``ALL_PROXY``, ``NO_PROXY``) names for this URL."""
    if is_loopback(url.host) or urllib.request.proxy_bypass(url.host):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy:
        return None
    if proxy.startswith("socks") and find_spec("socksio") is None:
        raise ConfigError(
            f"the environment names a SOCKS proxy, which needs another package: pip install '{httpx.__name__}[socks]'"
        )
    try:
        found = httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
        found.url.host.encode("idna")
    except (ValueError, httpx.InvalidURL):
        found = None
    if found is None or not found.url.host or not is_port(found.url.port):
        # Neither the URL is shown nor the error, which quotes it: it may contain a password.
        raise ConfigError(
            f"the environment names a proxy for {url.scheme} that cannot be used: "
            "write HTTPS_PROXY as http://HOST:PORT, or unset it"
        )
    return found


def proxy_of(base_url: str) -> str | None:
    """The host and port of the proxy for this URL, as people read it, or ``None``."""
    proxy = _proxy(httpx.URL(base_url))
    return None if proxy is None else proxy.url.netloc.decode("ascii")


def is_port(port: int | None) -> bool:
    """Whether a URL may have this port; ``None`` is that of its scheme."""
    return port is None or 0 < port < 65_536  # noqa: PLR2004 - what 16 bits hold


def place_of(base_url: str) -> str:
    """The server that a URL names, in one spelling: all names of this machine are one, and the port is written out."""
    url = httpx.URL(base_url)
    host = "localhost" if is_loopback(url.host) else url.host.lower().rstrip(".")
    return f"{host}:{url.port or PORTS[url.scheme]}"


PORTS = {"http": 80, "https": 443}
"""The port of a URL that names none."""


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine."""
    host = host.rstrip(".").lower()
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
