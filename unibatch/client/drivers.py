"""Carries conversations out, once without ``await`` and once with it. Nothing else differs between the two."""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import AsyncIterable, Iterable
from functools import cache
from importlib.util import find_spec
from typing import Any, TypeVar, cast

import httpx

from unibatch.client.exchange import Conversation, Undecodable, is_loopback
from unibatch.core.errors import ConfigError
from unibatch.core.flow import Response

T = TypeVar("T")

_MOST_CONNECTIONS = 16


class Driver:
    """Carries conversations out, blocking."""

    def __init__(self, base_url: str, transport: httpx.BaseTransport | None = None) -> None:
        """Open a pool of connections, or use ``transport``."""
        self._transport = transport or httpx.HTTPTransport(**_transport_options(base_url))
        self._closed = False

    def run(self, conversation: Conversation[T]) -> T:
        """Carry out one conversation."""
        if self._closed:
            raise RuntimeError("this client is closed; connect again")
        try:
            request = next(conversation)
            while True:
                try:
                    answer = self._transport.handle_request(request)
                    try:
                        if _is_compressed(answer):
                            content = answer.read()
                        else:
                            content = b"".join(cast("Iterable[bytes]", answer.stream))
                    finally:
                        answer.close()
                except httpx.TransportError as exc:
                    request = conversation.throw(exc)
                except httpx.DecodingError:
                    request = conversation.throw(Undecodable(answer.status_code, answer.headers))
                else:
                    request = conversation.send(
                        Response(status=answer.status_code, content=content, headers=answer.headers)
                    )
        except StopIteration as done:
            value: T = done.value
            return value

    def close(self) -> None:
        """Close all connections."""
        self._closed = True
        self._transport.close()


class AsyncDriver:
    """Carries conversations out in an event loop."""

    def __init__(self, base_url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Open a pool of connections, or use ``transport``."""
        self._transport = transport or httpx.AsyncHTTPTransport(**_transport_options(base_url))
        self._closed = False

    async def run(self, conversation: Conversation[T]) -> T:
        """Carry out one conversation."""
        if self._closed:
            raise RuntimeError("this client is closed; connect again")
        try:
            request = next(conversation)
            while True:
                try:
                    answer = await self._transport.handle_async_request(request)
                    try:
                        if _is_compressed(answer):
                            content = await answer.aread()
                        else:
                            stream = cast("AsyncIterable[bytes]", answer.stream)
                            content = b"".join([chunk async for chunk in stream])
                    finally:
                        await answer.aclose()
                except httpx.TransportError as exc:
                    request = conversation.throw(exc)
                except httpx.DecodingError:
                    request = conversation.throw(Undecodable(answer.status_code, answer.headers))
                else:
                    request = conversation.send(
                        Response(status=answer.status_code, content=content, headers=answer.headers)
                    )
        except StopIteration as done:
            value: T = done.value
            return value

    async def close(self) -> None:
        """Close all connections."""
        self._closed = True
        await self._transport.aclose()


def _is_compressed(answer: httpx.Response) -> bool:
    """Whether httpx has to decompress the body; what it does otherwise takes time and changes nothing."""
    return "content-encoding" in answer.headers


def _transport_options(base_url: str) -> dict[str, Any]:
    """What both kinds of transport need.

    Transports are used without httpx's client around them: a client would keep the vendor's cookies, could replace the
    key by an entry of ``~/.netrc``, and takes longer for a page of 100 contacts than translating it does.
    """
    url = httpx.URL(base_url)
    limits = httpx.Limits(max_connections=_MOST_CONNECTIONS, max_keepalive_connections=_MOST_CONNECTIONS)
    return {
        "limits": limits,
        "proxy": _proxy(url),
        "verify": _trusted() if url.scheme == "https" else _nobody_trusted(),
    }


@cache
def _trusted() -> ssl.SSLContext:
    """Who is trusted with TLS; loading the certificates takes so long that all clients share one context."""
    return httpx.create_ssl_context()


def _nobody_trusted() -> ssl.SSLContext:
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
