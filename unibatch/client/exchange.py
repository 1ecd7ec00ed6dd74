"""What is said over HTTP, and what the answers mean: everything that both clients share."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

import attrs
import httpx

from unibatch.core import errors
from unibatch.core.flow import Flow, Request, Response
from unibatch.core.masking import mask_text
from unibatch.core.provider import Provider, Refusal
from unibatch.core.structuring import StructureError
from unibatch.core.version import __version__

T = TypeVar("T")

Conversation: TypeAlias = Generator[httpx.Request, Response, T]
"""An operation as a client carries it out: yields HTTP requests, is sent their answers or thrown their failures."""


class Undecodable(Exception):
    """An answer arrived whose body cannot be decompressed; a driver throws it into a conversation."""

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        """Keep what can be known of the answer."""
        self.response = Response(status=status, headers=headers)
        super().__init__(status)


_logger = logging.getLogger("unibatch")

_MOST_REDIRECTS = 5
_LONGEST_TIMEOUT = 86_400
_SUCCESS = range(200, 300)
_CLIENT_ERRORS = range(400, 500)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

_BY_STATUS: MappingProxyType[int, type[errors.ProviderError]] = MappingProxyType(
    {
        400: errors.InvalidRequest,
        401: errors.AuthenticationError,
        402: errors.PaymentRequired,
        403: errors.PermissionDenied,
        404: errors.NotFound,
        409: errors.Conflict,
        410: errors.NotFound,
        422: errors.InvalidRequest,
        429: errors.RateLimited,
    }
)
_UNCERTAIN = frozenset({400, 422})  # statuses that vendors use for whatever is wrong: here their code may tell more

_BY_FAILURE: tuple[tuple[type[Exception], type[errors.TransportError]], ...] = (
    (httpx.ConnectTimeout, errors.ConnectTimeout),
    (httpx.ReadTimeout, errors.ReadTimeout),
    (httpx.WriteTimeout, errors.WriteTimeout),
    (httpx.PoolTimeout, errors.PoolTimeout),
    (httpx.ConnectError, errors.ConnectFailed),
    (httpx.ProxyError, errors.ConnectFailed),
    (httpx.TransportError, errors.ConnectionLost),
)


@attrs.frozen
class Timeout:
    """How long to wait, in seconds.

    Attributes:
        connect: For a connection to be made. More than 0, at most a day.
        read: For each part of an answer, for sending each part of a request, and for a free connection. More than 0,
            at most a day.
    """

    connect: float = 5.0
    read: float = 30.0

    def __attrs_post_init__(self) -> None:
        for seconds in (self.connect, self.read):
            if type(seconds) not in {int, float} or not 0 < seconds <= _LONGEST_TIMEOUT:
                raise errors.InvalidInput(
                    f"a time-out is a number of seconds above 0 and at most {_LONGEST_TIMEOUT:,}, not {seconds!r}"
                )

    @classmethod
    def of(cls, timeout: float | Timeout) -> Timeout:
        """A number of seconds stands for both times."""
        return timeout if isinstance(timeout, Timeout) else cls(connect=timeout, read=timeout)


class Exchange:
    """Speaks with one vendor on behalf of one client. Holds no connection."""

    def __init__(
        self,
        provider: Provider,
        api_key: str,
        *,
        base_url: str | None,
        timeout: Timeout,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Make an exchange.

        Args:
            provider: The vendor.
            api_key: The key.
            base_url: Where the vendor's API is; ``None`` for where it is documented to be.
            timeout: How long to wait.
            now: The present time (aware), needed where a vendor says how many seconds to wait.

        Raises:
            ConfigError: The key or the URL is not usable.
        """
        self.provider = provider
        self.base_url = _checked_url(provider.base_url if base_url is None else base_url)
        self._api_key = _checked_key(api_key, provider.name)
        self._now = now
        url = httpx.URL(self.base_url)
        self._host = url.netloc.decode("ascii")
        self._headers = httpx.Headers(
            {
                "Host": self._host,
                "User-Agent": f"unibatch/{__version__}",
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                **provider.headers(api_key),
            }
        )
        self._extensions = {
            "timeout": {
                "connect": timeout.connect,
                "read": timeout.read,
                "write": timeout.read,
                "pool": timeout.read,
            }
        }

    def run(self, flow: Flow[T]) -> Conversation[T]:
        """Carry out an operation of the provider.

        Raises:
            ProviderError: The vendor refused, or its answer is not what it documents.
            TransportError: No usable answer arrived.
        """
        request = next(flow)
        while True:
            response = yield from self._send(request)
            try:
                request = flow.send(response)
            except StopIteration as done:
                value: T = done.value
                return value
            except StructureError as exc:
                raise self._malformed(request, response, exc.path, exc.reason) from exc

    def _send(self, request: Request) -> Conversation[Response]:
        url = self._url(request)
        for _ in range(1 + _MOST_REDIRECTS):
            # With its stream given, httpx takes the request as it is, which halves the time that building it takes.
            outgoing = httpx.Request(
                request.method,
                url,
                headers=self._headers,
                stream=httpx.ByteStream(b""),
                extensions=self._extensions,
            )
            began = time.perf_counter()
            try:
                answer = yield outgoing
            except Undecodable as exc:
                answer = exc.response
                if answer.status in _SUCCESS:
                    raise self._malformed(request, answer, "$", "the body cannot be decompressed") from exc
            except httpx.TransportError as exc:
                failure = self._failure(request, exc)
                _logger.debug("%s", failure)
                raise failure from exc
            if _logger.isEnabledFor(logging.DEBUG):
                self._log(request, url, answer, time.perf_counter() - began)
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                return self._accepted(request, answer)
            url = self._redirected(request, outgoing, answer)
        raise self._transport_error(errors.RedirectRefused, request, f"more than {_MOST_REDIRECTS} redirects")

    def _url(self, request: Request) -> httpx.URL:
        try:
            query = f"?{urlencode(request.query, quote_via=quote)}" if request.query else ""
            return httpx.URL(f"{self.base_url}{request.path}{query}")
        except (UnicodeEncodeError, httpx.InvalidURL) as exc:
            raise errors.InvalidInput(
                f"{request.operation}: an id or a filter cannot be part of a URL; it is too long or not valid Unicode"
            ) from exc

    def _accepted(self, request: Request, response: Response) -> Response:
        if response.status in _SUCCESS:
            return response
        refusal = self.provider.refusal(response)
        kind = _BY_STATUS.get(response.status)
        if kind is None:
            kind = errors.InvalidRequest if response.status in _CLIENT_ERRORS else errors.ServerError
        if response.status in _UNCERTAIN and refusal.code is not None:
            kind = self.provider.error_codes.get(refusal.code, kind)
        about = self._about(request, response, refusal)
        if issubclass(kind, errors.RateLimited):
            raise kind(retry_at=refusal.retry_at or self._retry_at(response), **about)
        raise kind(**about)

    def _about(self, request: Request, response: Response, refusal: Refusal) -> dict[str, Any]:
        return {
            "provider": self.provider.name,
            "operation": request.operation,
            "subject": request.subject,
            "http_status": response.status,
            "code": self._masked(refusal.code),
            "message": self._masked(refusal.message),
            "details": refusal.details,
            "request_id": self._masked(refusal.request_id),
            "field_errors": {self._masked(name): self._masked(reason) for name, reason in refusal.field_errors.items()},
        }

    def _malformed(self, request: Request, response: Response, path: str, reason: str) -> errors.MalformedResponse:
        about = self._about(request, response, self.provider.refusal(response))
        return errors.MalformedResponse(path=path, reason=reason, **about)

    def _retry_at(self, response: Response) -> datetime | None:
        """The vendor's word in the headers: ``Retry-After`` in seconds or as a date, or ``X-RateLimit-Reset``."""
        after = response.headers.get("retry-after", "").strip()
        reset = response.headers.get("x-ratelimit-reset", "").strip()
        try:
            if after.isascii() and after.isdigit():
                return self._now() + timedelta(seconds=int(after))
            if after:
                moment = parsedate_to_datetime(after)
                return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        try:
            return datetime.fromtimestamp(float(reset), UTC) if reset else None
        except (ValueError, OverflowError, OSError):
            return None

    def _redirected(self, request: Request, outgoing: httpx.Request, answer: Response) -> httpx.URL:
        """Where a redirect leads, if that is the same server and asking again changes nothing there."""
        try:
            target = outgoing.url.join(answer.headers["location"])
        except httpx.InvalidURL as exc:
            raise self._transport_error(errors.RedirectRefused, request, "to an invalid URL") from exc
        if request.method != "GET" or _origin(target) != _origin(outgoing.url):
            where = f"HTTP {answer.status} to {target.scheme}://{target.netloc.decode('ascii')}"
            raise self._transport_error(errors.RedirectRefused, request, where)
        return target

    def _failure(self, request: Request, exc: httpx.TransportError) -> errors.TransportError:
        kind = next(kind for failure, kind in _BY_FAILURE if isinstance(exc, failure))
        return self._transport_error(kind, request, str(exc) or type(exc).__name__)

    def _transport_error(
        self, kind: type[errors.TransportError], request: Request, reason: str
    ) -> errors.TransportError:
        masked = mask_text(reason, self._api_key)
        return kind(provider=self.provider.name, operation=request.operation, host=self._host, reason=masked)

    def _masked(self, text: str | None) -> str | None:
        return None if text is None else mask_text(text, self._api_key)

    def _log(self, request: Request, url: httpx.URL, answer: Response, took: float) -> None:
        _logger.debug(
            "%s %s: %s %s -> %d, %d bytes in %.0f ms",
            self.provider.name,
            request.operation,
            request.method,
            self._masked(str(url)),
            answer.status,
            len(answer.content),
            took * 1000,
        )


def _origin(url: httpx.URL) -> tuple[str, bytes]:
    return url.scheme, url.netloc


def _checked_key(api_key: str, provider: str) -> str:
    if not isinstance(api_key, str):
        raise errors.ConfigError(f"the API key for {provider} must be a text, not {type(api_key).__name__}")
    if not api_key:
        raise errors.ConfigError(f"the API key for {provider} is empty; copy it again from the vendor's dashboard")
    if not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise errors.ConfigError(
            f"the API key for {provider} holds a blank, a line break or a character that no key has; "
            "copy it again from the vendor's dashboard"
        )
    return api_key


def _checked_url(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
        url.host.encode("idna")  # what a connection does with it
    except (httpx.InvalidURL, TypeError, UnicodeError) as exc:
        # The text itself may hold a password, and is not shown.
        raise errors.ConfigError(f"base_url is not a URL: {exc}") from exc
    if url.userinfo or url.query or url.fragment:
        raise errors.ConfigError("base_url may hold neither a user name nor a query nor a fragment")
    if url.scheme not in {"http", "https"} or not url.host or any(map(str.isspace, base_url)):
        raise errors.ConfigError(f"base_url {base_url!r} is not a URL that begins with https://")
    if url.scheme == "http" and not is_loopback(url.host):
        raise errors.ConfigError(
            f"base_url {base_url!r} would send the API key in the clear; use https:// (http:// is for loopback only)"
        )
    return str(url).rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
