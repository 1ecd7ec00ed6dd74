"""What is said over HTTP, and what becomes of the answers: everything that both clients share.

`Exchange` turns a provider's flow into a `Conversation`, which a driver carries out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from datetime import UTC, datetime, timedelta
from hashlib import pbkdf2_hmac, sha256
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

import attrs

from unibatch.client import bodies
from unibatch.client.bodies import TooLarge
from unibatch.client.conversation import Barred, Conversation, Pause, ReadAhead, Step
from unibatch.client.failures import Failures
from unibatch.client.options import Options, Wait
from unibatch.client.rate_limit import shared_budget
from unibatch.client.retry import NO_TIME_GIVEN, PASSING, Attempts, is_denial, is_outcome_unknown
from unibatch.client.retry_after import parse_remaining, parse_reset
from unibatch.client.transport import httpx, is_loopback, is_port, place_of
from unibatch.client.turns import Turn
from unibatch.client.urls import Urls
from unibatch.core import errors
from unibatch.core.draft import AddedContacts
from unibatch.core.flow import NO_CONTENT, Flow, Request, Response, adapted
from unibatch.core.masking import mask_text
from unibatch.core.paging import Position
from unibatch.core.provider import Provider
from unibatch.core.structuring import StructureError
from unibatch.core.version import __version__

T = TypeVar("T")

_logger = logging.getLogger("unibatch")

_MOST_REDIRECTS = 5
_TOO_MANY = 429
_SAYING_WHEN = PASSING | {_TOO_MANY}  # such as a vendor under maintenance, or its proxy
_UNNOTICED = 0.1  # seconds that are no wait for ``max_wait``: another process counts, or an answer is on its way
_WORTH_SAYING = 1.0  # seconds; shorter waits for the rate limit or for another's turn are not announced
_LONGEST_TURN = 300.0  # seconds to wait for another who does the same
_FIRST_LOOK, _LAST_LOOK = 0.02, 0.25  # seconds between two looks whether that is over
_SUCCESS = range(200, 300)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

_NO_CONTENT = httpx.ByteStream(b"")

_DONE_ELSEWHERE = frozenset({301, 302, 303})  # servers use all three to say "done; look at it there"


@attrs.frozen
class Answered(Generic[T]):
    """A flow, and the answer to its first request that it has not read yet; without an answer it has not begun.

    ``again`` makes the same flow once more, if the answer turns out to be cut off; ``None`` if that was ruled out.
    """

    flow: Flow[T]
    request: Request | None = None
    response: Response | None = None
    again: Callable[[], Flow[T]] | None = None


@attrs.frozen(kw_only=True)
class PlannedRequest:
    """A request that would be sent.

    Attributes:
        method: The HTTP method.
        url: The URL.
        headers: The headers; the API key in them is masked as ``***``.
        body: The body, as JSON, with phone numbers in full; empty for none.
    """

    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(hash=False)
    body: str = attrs.field(repr=False)


class Exchange:
    """Makes the conversations of one client with one vendor. Has no connections and never waits."""

    def __init__(self, provider: Provider, api_key: str, options: Options) -> None:
        """Make an exchange.

        Raises:
            ConfigError: The key, the URL or the rate limit's file cannot be used.
        """
        self.provider = provider
        self.base_url = _checked_url(provider.base_url if options.base_url is None else options.base_url)
        self._api_key = _checked_key(api_key, provider.name)
        self._options = options
        self._urls = Urls(self.base_url)
        self._failures = Failures(provider, api_key, self.base_url)
        self.budget = shared_budget(
            (provider.name, place_of(self.base_url), sha256(api_key.encode()).hexdigest()),
            options.requests_per_minute or provider.capabilities.limits.requests_per_minute,
            options.rate_limit_file,
        )
        self._headers = httpx.Headers(
            {
                "Host": httpx.URL(self.base_url).netloc.decode("ascii"),
                "User-Agent": f"unibatch/{__version__}",
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                **provider.headers(api_key),
            }
        )
        connect, read = options.timeout.connect, options.timeout.read
        # No limit for waiting for a free connection: that one waits for oneself is nobody's failure.
        self._extensions = {"timeout": {"connect": connect, "read": read, "write": read, "pool": None}}

    def patient(self, max_wait: float) -> Exchange:
        """The same exchange with another ``max_wait``."""
        other = copy(self)
        other._options = attrs.evolve(self._options, max_wait=max_wait)  # noqa: SLF001 - of the same class
        return other

    def planned(self, request: Request) -> PlannedRequest:
        """A request as it would be sent, with the key masked."""
        outgoing = self._outgoing(request, self._url(request))
        return PlannedRequest(
            method=request.method,
            url=self._masked_key(str(outgoing.url)),
            headers={name: self._masked_key(value) for name, value in outgoing.headers.items()},
            body=request.content.decode(),
        )

    def _masked_key(self, text: str) -> str:
        return text.replace(self._api_key, "***")

    def key_digest(self, salt: str) -> str:
        """A digest of the API key, which is of no use without the key itself."""
        return pbkdf2_hmac("sha256", self._api_key.encode(), salt.encode(), 10_000).hex()

    def run(self, flow: Flow[T]) -> Conversation[T]:
        """Carry out an operation of the provider.

        Raises:
            ProviderError: The vendor refused, or its answer is not what it documents.
            TransportError: No usable answer arrived.
            OutcomeUnknown: A write was sent, and no usable answer arrived.
        """
        return self.finish(Answered(flow))

    def ask(self, begin: Callable[[], Flow[T]]) -> Conversation[Answered[T]]:
        """Carry out an operation up to its first answer, which the flow does not read yet; raises what `run` raises.

        The answer is not parsed to see whether it is whole, since `finish` parses it.
        """
        flow = begin()
        request = next(flow)
        return Answered(flow, request, (yield from self._send(request, hasty=True)), begin)

    def finish(self, answered: Answered[T]) -> Conversation[T]:
        """Carry out the rest of an operation; raises what `run` raises."""
        flow, asked, response = answered.flow, answered.request, answered.response
        try:
            if asked is None or response is None:
                request = next(flow)
            else:
                try:
                    request = self._read(flow, asked, response)
                except errors.MalformedResponse as exc:
                    if answered.again is None or asked.method != "GET" or not bodies.is_truncated(response.content):
                        raise
                    flow = answered.again()
                    request = next(flow)
                    request = self._read(flow, request, (yield from self._send(request, failed=exc)))
            while True:
                try:
                    response = yield from self._answered(request)
                except errors.UnibatchError as exc:
                    request = flow.throw(exc)
                else:
                    request = self._read(flow, request, response)
        except StopIteration as done:
            value: T = done.value
            return value

    def _answered(self, request: Request) -> Conversation[Response]:
        """Send a request that a flow wants sent, and as far as the driver chooses those that follow."""
        ahead = request.ahead
        if ahead is None:
            return (yield from self._send(request))
        (wanted,) = ahead.upcoming(1)

        def ask(position: Position) -> Conversation[Response]:
            return self._send(request if position == wanted else ahead.request(position))

        answer = yield ReadAhead(ahead, ahead.upcoming, ask, self._options.max_in_flight)
        assert answer is not None  # noqa: S101  # a driver answers only a pause with nothing
        return answer

    def in_turn(
        self,
        operation: str,
        subject: str | None,
        names: Iterable[str],
        begin: Callable[[Turn], Conversation[T]],
        not_sent: Callable[[], AddedContacts] | None = None,
    ) -> Conversation[T]:
        """Carry out a conversation while nobody else carries out one with the same name, here or on this machine.

        Args:
            operation: The client's method.
            subject: The campaign's id, or ``None``.
            names: What nobody else may do at the same time.
            begin: Begins the conversation, when it is its turn.
            not_sent: What to report of contacts of which none was sent.

        Raises:
            Conflict: Another was not done in time; nothing was sent.
            OutcomeUnknown: Another that this one waited for ended so; nothing was sent here.
            The same as the conversation.
        """
        where = f"{self.provider.name} {place_of(self.base_url)}{httpx.URL(self.base_url).path.rstrip('/')}"
        turn = Turn([f"{where} {name}" for name in names], self._options.rate_limit_file)
        try:
            yield from self._await_turn(operation, subject, turn)
            self._require_known(operation, subject, turn, not_sent)
            turn.result = yield from _noting_writes(begin(turn), turn)
        except errors.OutcomeUnknown as exc:
            turn.unknown = turn.unknown or exc.reason
            raise
        except GeneratorExit:
            if turn.wrote:
                turn.unknown = "it was interrupted"
            raise
        finally:
            turn.end()
        result: T = turn.result
        return result

    def _await_turn(self, operation: str, subject: str | None, turn: Turn) -> Conversation[None]:
        began, pause, announced = time.monotonic(), _FIRST_LOOK, False
        most = _LONGEST_TURN if self._options.max_wait is None else min(self._options.max_wait, _LONGEST_TURN)
        while not turn.begin():
            waited = time.monotonic() - began
            if waited >= most:
                raise errors.Conflict(
                    provider=self.provider.name,
                    operation=operation,
                    http_status=None,
                    subject=subject,
                    message="another thread or program is doing the same; try again later",
                )
            if waited >= _WORTH_SAYING and not announced:
                announced = True
                self._announce(operation, most - waited, None, 0, is_turn=True)
            yield Pause(pause)
            pause = min(2 * pause, _LAST_LOOK)

    def _require_known(
        self, operation: str, subject: str | None, turn: Turn, not_sent: Callable[[], AddedContacts] | None
    ) -> None:
        """Raise if those for whom this turn waited may have done what does not show yet."""
        turn.unknown = turn.unknown_before()
        if turn.unknown is not None:
            raise errors.OutcomeUnknown(
                provider=self.provider.name,
                operation=operation,
                subject=subject,
                reason=f"that of another thread or program, for which this one waited: {turn.unknown}",
                check="wait some minutes, then look what is there",
                contacts=None if not_sent is None else not_sent(),
            )

    def _read(self, flow: Flow[T], request: Request, response: Response) -> Request:
        """Let a flow read an answer, and return its next request; raises ``StopIteration`` at the flow's end."""
        try:
            return flow.send(response)
        except StructureError as exc:
            error = self._failures.malformed(request, response, exc.path, exc.reason)
            if not is_outcome_unknown(request, error):
                raise error from exc
            error.__cause__ = exc
            raise self._unknown(request, error) from error

    def _send(
        self, request: Request, *, hasty: bool = False, failed: errors.UnibatchError | None = None
    ) -> Conversation[Response]:
        """Send a request until it is answered, or it is useless to send it again.

        Args:
            request: The request.
            hasty: Whether an answer is whole is not looked at closely.
            failed: How the first attempt failed, if that was made before.
        """
        if request.after:
            yield Pause(request.after)
        attempts = Attempts(request, self._options, lambda *about: self._announce(request.operation, *about))
        first = failed
        if first is not None:
            attempts.begin()
        else:
            try:
                return (yield from self._attempt(request, attempts, 0, hasty=hasty))
            except errors.UnibatchError as exc:
                first = exc  # the attempts are counted from here on only, since most requests need one
        try:
            for number, attempt in enumerate(attempts):
                if attempts.pause:
                    yield Pause(attempts.pause, attempts.last)
                if request.looks_first and isinstance(attempts.last, errors.RateLimited):
                    attempts.last.waited = True
                    raise attempts.last  # a 429 does not prove that nothing was done, so the flow looks first
                with attempt:
                    if number == 0:
                        raise first
                    return (yield from self._attempt(request, attempts, number))
        except errors.UnibatchError as exc:
            if attempts.was_lost:
                raise self._unknown(request, exc) from exc
            if attempts.is_too_long and isinstance(exc, errors.ServerError):
                raise self._failures.too_long(exc) from exc
            raise
        finally:
            del first, failed  # they refer to this frame
        raise AssertionError("the last attempt raises")

    def _attempt(
        self, request: Request, attempts: Attempts, number: int, *, hasty: bool = False
    ) -> Conversation[Response]:
        """Send a request once, when the rate limit allows it, and follow redirects."""
        url = self._url(request)
        redirects, waited = 0, 0.0

        def barred() -> float:
            attempts.begin()  # there is a connection now
            return self.budget.barred()

        while True:
            if wait := self.budget.take():
                self._require_patience(request, wait, waited)
                if wait >= _WORTH_SAYING:
                    self._announce(request.operation, wait, None, number)
                yield Pause(wait)
                waited += wait
                continue
            attempts.begin()
            began = time.perf_counter()
            try:
                outgoing = self._outgoing(request, url)
                outgoing.extensions["barred"] = barred
                answer = self._decoded(request, (yield outgoing), hasty=hasty)
                if (count := parse_remaining(answer.headers, _now())) is not None:
                    self.budget.hear(*count)
            except Barred:
                continue
            except httpx.TransportError as exc:
                failure = self._failures.failed(request, exc)
                _logger.debug("%s", failure)
                raise failure from exc
            except TooLarge as exc:
                reason = f"more than {bodies.LARGEST:,} bytes"
                raise self._failures.of_transport(errors.AnswerTooLarge, request, reason) from exc
            finally:
                self.budget.give_back()
            if _logger.isEnabledFor(logging.DEBUG):
                self._log(request, url, answer, time.perf_counter() - began)
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                return self._accepted(request, answer)
            if redirects == _MOST_REDIRECTS:
                reason = f"more than {_MOST_REDIRECTS} redirects"
                raise self._failures.of_transport(errors.RedirectRefused, request, reason)
            redirects += 1
            url = self._redirected(request, url, answer)

    def _require_patience(self, request: Request, wait: float, waited: float) -> None:
        """Raise if nothing may be sent for longer than the application is ready to wait."""
        barred, most, status = self.budget.barred(), self._options.max_wait, self.budget.held_by
        if barred > self._options.retry.total:
            message = "an earlier answer said when to come back; nothing was sent"
            raise self._failures.limited(request, barred, message, status or _TOO_MANY)
        if most is not None and waited + wait > max(most, _UNNOTICED):
            what = "for the rate limit" if status is None else f"as an earlier answer asks, HTTP {status},"
            message = f"waiting {what} would take longer than max_wait allows, {most:g} s"
            raise self._failures.limited(request, max(wait, barred), message, None, status)

    def _outgoing(self, request: Request, url: httpx.URL) -> httpx.Request:
        # With a stream, httpx takes the request as it is: building it takes half the time.
        content = httpx.ByteStream(request.content) if request.content else _NO_CONTENT
        outgoing = httpx.Request(
            request.method, url, headers=self._headers, stream=content, extensions=self._extensions
        )
        if request.method != "GET":
            outgoing.headers.update(request.headers)
            outgoing.headers["Content-Length"] = str(len(request.content))
        if request.content:
            outgoing.headers["Content-Type"] = "application/json"
        return outgoing

    def _decoded(self, request: Request, answer: Response | None, *, hasty: bool) -> Response:
        """The answer, decompressed and complete."""
        assert answer is not None  # noqa: S101  # a driver answers only a pause with nothing
        encoding = answer.headers.get("content-encoding")
        if encoding is not None:
            try:
                answer = attrs.evolve(answer, content=bodies.decoded(answer.content, encoding))
            except bodies.Undecodable as exc:
                answer = attrs.evolve(answer, content=b"")
                if answer.status in _SUCCESS:
                    reason = f"the body cannot be decompressed: {exc}"
                    raise self._failures.malformed(request, answer, "$", reason) from exc
            except TooLarge as exc:
                reason = f"more than {bodies.LARGEST:,} bytes when decompressed"
                raise self._failures.of_transport(errors.AnswerTooLarge, request, reason) from exc
        is_empty = answer.status == NO_CONTENT and request.may_be_empty
        if answer.status in _SUCCESS and not is_empty and bodies.is_cut_off(answer, hasty=hasty):
            reason = "the JSON ends in the middle" if answer.content.strip() else "the body is empty"
            raise self._failures.malformed(request, answer, "$", reason)
        return answer

    def _unknown(self, request: Request, error: errors.UnibatchError) -> errors.OutcomeUnknown:
        reason = error.sentence(may_retry=False) if isinstance(error, errors.TransportError) else str(error)
        unknown = errors.OutcomeUnknown(
            provider=self.provider.name, operation=request.operation, subject=request.subject, reason=reason
        )
        unknown.was_denied = is_denial(error)
        unknown.may_repeat = self._options.retry.attempts > 1 and not unknown.was_denied
        return unknown

    def _announce(
        self,
        operation: str,
        seconds: float,
        error: errors.UnibatchError | None,
        attempts: int,
        *,
        is_turn: bool = False,
    ) -> None:
        """Log a wait, and call the application's ``on_wait``."""
        provider = self.provider.name
        if is_turn:
            _logger.info("%s %s: waiting, since another thread or program does the same", provider, operation)
        elif error is None:
            _logger.info("%s %s: waiting %.1f s to stay below the rate limit", provider, operation, seconds)
        else:
            _logger.warning("%s; attempt %d in %.1f s", error, attempts + 1, seconds)
        if (on_wait := self._options.on_wait) is not None:
            on_wait(
                Wait(
                    provider=provider,
                    operation=operation,
                    seconds=seconds,
                    error=error,
                    attempt=attempts,
                    is_turn=is_turn,
                )
            )

    def _url(self, request: Request) -> httpx.URL:
        try:
            return self._urls.url(request.path, urlencode(request.query, quote_via=quote))
        except (UnicodeEncodeError, httpx.InvalidURL) as exc:
            raise errors.InvalidInput(
                f"{request.operation}: an id or a filter cannot be part of a URL; it is too long or not valid Unicode"
            ) from exc

    def _accepted(self, request: Request, response: Response) -> Response:
        is_denied = response.status in _SUCCESS and request.method != "GET" and self.provider.denies(response)
        if response.status in _SUCCESS and not is_denied:
            return response
        refusal = self.provider.refusal(response)
        kind = self._failures.kind_of(response, refusal, is_denied=is_denied)
        reset = None
        if response.status in _SAYING_WHEN or refusal.retry_at is not None:
            reset = parse_reset(response.headers, refusal.retry_at, _now(), refused=response.status == _TOO_MANY)
        about = self._failures.about(request, response, refusal)
        about["retry_after"] = None if reset is None else reset.after
        limited = issubclass(kind, errors.RateLimited)
        if limited or response.status in _SAYING_WHEN:
            after = reset.after if reset is not None else timedelta(seconds=NO_TIME_GIVEN if limited else 0)
            self.budget.hold(0 if after is None else after.total_seconds(), response.status)
        if issubclass(kind, errors.RateLimited):
            raise kind(retry_at=None if reset is None else reset.at, **about)
        raise kind(**about)

    def _redirected(self, request: Request, url: httpx.URL, answer: Response) -> httpx.URL:
        """Where a redirect leads. Only a GET to the same server is followed, so the key never goes elsewhere."""
        try:
            target = url.join(answer.headers["location"])
        except httpx.InvalidURL:
            where = f"HTTP {answer.status} to an invalid URL"
        else:
            if request.method == "GET" and _origin(target) == _origin(url):
                return target
            where = f"HTTP {answer.status} to {target.scheme}://{target.netloc.decode('ascii')}"
        refused = self._failures.of_transport(errors.RedirectRefused, request, where)
        if request.method != "GET" and answer.status in _DONE_ELSEWHERE:
            raise self._unknown(request, refused) from refused
        raise refused

    def _log(self, request: Request, url: httpx.URL, answer: Response, took: float) -> None:
        asked = f"{self.provider.name} {request.operation}: {request.method} {mask_text(str(url), self._api_key)}"
        _logger.debug("%s -> %d, %d bytes in %.0f ms", asked, answer.status, len(answer.content), took * 1000)


def _noting_writes(conversation: Conversation[T], turn: Turn) -> Conversation[T]:
    """The same conversation, which notes in its turn that it sent a request that changes something."""

    def note(step: Step) -> Step:
        turn.wrote |= isinstance(step, httpx.Request) and step.method != "GET"
        return step

    return adapted(conversation, note)


def _now() -> datetime:
    return datetime.now(UTC)


def _origin(url: httpx.URL) -> tuple[str, bytes]:
    return url.scheme, url.netloc


def _checked_key(api_key: str, provider: str) -> str:
    if not isinstance(api_key, str):
        raise errors.ConfigError(f"the API key for {provider} must be a text, not {type(api_key).__name__}")
    if not api_key:
        raise errors.ConfigError(f"the API key for {provider} is empty; copy it again from the vendor's dashboard")
    if not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise errors.ConfigError(
            f"the API key for {provider} contains a space, a line break or a character that no key has; "
            "copy it again from the vendor's dashboard"
        )
    return api_key


def _checked_url(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
        url.host.encode("idna")  # what a connection does with it
    except (httpx.InvalidURL, TypeError, UnicodeError):
        # Neither the text is shown nor the error, which quotes it: it may contain a password.
        url = None
    if url is None:
        raise errors.ConfigError("base_url is not a URL such as https://api.example.com/v1")
    if url.userinfo or "?" in base_url or "#" in base_url:  # httpx forgets a query and a fragment that are empty
        raise errors.ConfigError("base_url may not contain a user name, a query or a fragment")
    if url.scheme not in {"http", "https"} or not url.host or any(map(str.isspace, base_url)):
        raise errors.ConfigError(f"base_url {base_url!r} is not a URL that begins with https://")
    if not is_port(url.port):
        raise errors.ConfigError(f"base_url {base_url!r} has no possible port: a port is a number from 1 to 65535")
    if url.scheme == "http" and not is_loopback(url.host):
        raise errors.ConfigError(
            f"base_url {base_url!r} would send the API key without encryption; "
            "use https:// (http:// is for loopback only)"
        )
    return str(url).rstrip("/")
