"""Which error an answer or a failed request is, and what the error says.

The vendors' texts may repeat what was sent to them, so the API key is masked in all that an error quotes.
"""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from unibatch.client.transport import httpx, proxy_of
from unibatch.core import errors
from unibatch.core.flow import Request, Response
from unibatch.core.masking import mask_text
from unibatch.core.provider import Provider
from unibatch.core.refusal import Refusal

_TOO_MANY = 429
_CLIENT_ERRORS = range(400, 500)

_BY_STATUS: MappingProxyType[int, type[errors.ProviderError]] = MappingProxyType(
    {
        400: errors.InvalidRequest,
        401: errors.AuthenticationError,
        402: errors.PaymentRequired,
        403: errors.PermissionDenied,
        404: errors.NotFound,
        408: errors.ServerError,
        409: errors.Conflict,
        410: errors.NotFound,
        422: errors.InvalidRequest,
        429: errors.RateLimited,
    }
)
_UNCERTAIN = frozenset({400, 422})  # statuses that vendors use for any mistake: their error code may say which

_BY_FAILURE: tuple[tuple[type[Exception], type[errors.TransportError]], ...] = (
    (httpx.ConnectTimeout, errors.ConnectTimeout),
    (httpx.ReadTimeout, errors.ReadTimeout),
    (httpx.WriteTimeout, errors.WriteTimeout),
    (httpx.PoolTimeout, errors.PoolTimeout),
    (httpx.ConnectError, errors.ConnectFailed),
    (httpx.ProxyError, errors.ConnectFailed),
    (httpx.TransportError, errors.ConnectionLost),
)
_NOT_CONNECTED = (errors.ConnectFailed, errors.ConnectTimeout)

_QUOTED_BYTES = re.compile(r""":? (?:bytearray\()?b['"].*""", re.DOTALL)


class Failures:
    """Makes the errors of one client with one vendor."""

    def __init__(self, provider: Provider, api_key: str, base_url: str) -> None:
        """Take what the errors name, and the key, which they do not show."""
        self._provider = provider
        self._api_key = api_key
        self._host = httpx.URL(base_url).netloc.decode("ascii")
        self._proxy = proxy_of(base_url)

    def kind_of(self, response: Response, refusal: Refusal, *, is_denied: bool) -> type[errors.ProviderError]:
        """The error of an answer that is none of success, or that ``is_denied``: it says that nothing was done."""
        kind = errors.InvalidRequest if is_denied else _BY_STATUS.get(response.status)
        if kind is None:
            kind = errors.InvalidRequest if response.status in _CLIENT_ERRORS else errors.ServerError
        if refusal.code is not None and (is_denied or response.status in _CLIENT_ERRORS):
            codes = self._provider.error_codes
            if is_denied or response.status in _UNCERTAIN:
                kind = codes.get(refusal.code, kind)
            kind = codes.get((response.status, refusal.code), kind)
        return kind

    def about(self, request: Request, response: Response, refusal: Refusal) -> dict[str, Any]:
        """The attributes that every `ProviderError` has."""
        return {
            "provider": self._provider.name,
            "operation": request.operation,
            "subject": request.subject,
            "http_status": response.status,
            "code": self._masked(refusal.code),
            "message": self._masked(refusal.message),
            "details": refusal.details,
            "request_id": self._masked(refusal.request_id),
            "field_errors": {self._masked(name): self._masked(reason) for name, reason in refusal.field_errors.items()},
        }

    def malformed(self, request: Request, response: Response, path: str, reason: str) -> errors.MalformedResponse:
        """An answer is not what the vendor documents."""
        about = self.about(request, response, self._provider.refusal(response))
        return errors.MalformedResponse(path=path, reason=reason, **about)

    def limited(
        self, request: Request, seconds: float, message: str, status: int | None, because: int | None = None
    ) -> errors.RateLimited:
        """Nothing may be sent for some seconds."""
        about = self.about(request, Response(status=status or _TOO_MANY), Refusal(message=message))
        after = timedelta(seconds=seconds)
        about["http_status"] = status
        return errors.RateLimited(retry_at=datetime.now(UTC) + after, retry_after=after, because=because, **about)

    def too_long(self, error: errors.ServerError) -> errors.RateLimited:
        """The error for a server that asks for a longer wait than ``max_wait`` allows."""
        about = {name: getattr(error, name) for name in errors.ABOUT}
        assert error.retry_after is not None  # noqa: S101  # otherwise no wait is too long
        return errors.RateLimited(retry_at=datetime.now(UTC) + error.retry_after, **about)

    def failed(self, request: Request, exc: httpx.TransportError) -> errors.TransportError:
        """A request failed on its way."""
        kind = next(kind for failure, kind in _BY_FAILURE if isinstance(exc, failure))
        links: list[BaseException] = [exc]
        while (link := links[-1].__cause__ or links[-1].__context__) is not None and link not in links:
            links.append(link)
        for link in links:  # a traceback shows them all; behind a proxy, h11 reads, and quotes what it cannot read
            if isinstance(text := link.args[0] if link.args else None, str):
                link.args = (_QUOTED_BYTES.sub("", text), *link.args[1:])
        # What TLS says is about the server: the proxy has let the connection through.
        is_before_tls = issubclass(kind, _NOT_CONNECTED) and not any(isinstance(link, ssl.SSLError) for link in links)
        proxy = self._proxy if is_before_tls else None
        return self.of_transport(kind, request, str(exc) or type(exc).__name__, proxy)

    def of_transport(
        self, kind: type[errors.TransportError], request: Request, reason: str, proxy: str | None = None
    ) -> errors.TransportError:
        """An error of a kind, for a reason."""
        return kind(
            provider=self._provider.name,
            operation=request.operation,
            host=self._host,
            reason=mask_text(reason, self._api_key),
            proxy=proxy,
        )

    def _masked(self, text: str | None) -> str | None:
        return None if text is None else mask_text(text, self._api_key)
