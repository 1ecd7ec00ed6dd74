"""How connections are made: TLS, proxies, limits. The only module that imports the HTTP library."""

from __future__ import annotations

import ssl
import urllib.request
from functools import cache
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any

import httpx

from unibatch.core.errors import ConfigError

__all__ = ["KEPT", "httpx", "is_loopback", "transport_options"]

KEPT = 5.0
"""For how many seconds a connection is kept that is not used."""


def transport_options(base_url: str) -> dict[str, Any]:
    """The arguments for an ``httpx.HTTPTransport`` or ``httpx.AsyncHTTPTransport`` of one connection.

    Raises:
        ConfigError: The environment names a proxy that cannot be used.
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
    return httpx.create_ssl_context()


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
            "the environment names a SOCKS proxy, which needs another package: pip install 'httpx[socks]'"
        )
    try:
        return httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
    except (ValueError, httpx.InvalidURL) as exc:
        raise ConfigError(f"the environment names a proxy for {url.scheme} that cannot be used: {exc}") from exc


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
