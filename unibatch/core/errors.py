"""Everything that unibatch raises on purpose.

::

    UnibatchError
    ├── ConfigError              a profile, key, URL or option is missing or wrong
    ├── UnsupportedFeature       this vendor cannot do that (also a ValueError)
    ├── InvalidInput             an argument is wrong for every vendor (also a ValueError)
    ├── DraftRefused             a draft does not fit this vendor (both of the above)
    ├── ProviderError            the vendor answered, and the answer is no
    │   ├── AuthenticationError  401: the key is wrong or missing
    │   ├── PaymentRequired      402: no credits
    │   ├── PermissionDenied     403: the key may not do that
    │   ├── NotFound             404: no such thing in this account
    │   ├── Conflict             409, or seen before anything was sent: not in the present state
    │   ├── InvalidRequest       400, 422 and other 4xx: the vendor rejects the request
    │   ├── RateLimited          429: too many requests; ``retry_at`` says until when
    │   ├── ServerError          5xx: the vendor failed
    │   └── MalformedResponse    the answer is not what the vendor documents; ``path`` says where
    ├── TransportError           no usable answer arrived
    │   ├── ConnectFailed        refused, unknown host, TLS
    │   ├── ConnectTimeout       no connection in time
    │   ├── ReadTimeout          connected, but no answer in time
    │   ├── WriteTimeout         connected, but the request could not be sent in time
    │   ├── PoolTimeout          a transport of your own had no free connection
    │   ├── ConnectionLost       the connection broke before the answer was whole
    │   ├── AnswerTooLarge       the answer is larger than any page of a vendor
    │   └── RedirectRefused      the answer points to another host, which must not see the key
    ├── OutcomeUnknown           a write was sent and no usable answer came: look before sending it again
    ├── PartlyDone               a part of the work was done, then something failed; it says which part
    ├── IncompleteListing        a listing was read to its end, and rows may be missing from it
    ├── JournalError             the journal of a migration cannot be used
    ├── MigrationRefused         a migration cannot be done like this; nothing was changed
    ├── MigrationStopped         a migration came to no end; ``status`` says how far it is
    ├── WaitTimeout              what was waited for has not come in time (also a TimeoutError)
    ├── InvalidSignature         a webhook that the vendor did not sign, or not with this secret, or not now
    ├── UnsignedWebhook          this vendor documents no signature (InvalidSignature and UnsupportedFeature)
    └── MalformedWebhook         the message is not what the vendor documents

A class is chosen by HTTP status first and by the vendor's code second, never by the text of a message.
No message holds an API key, and phone numbers in messages are masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from unibatch.core.base_errors import ConfigError as ConfigError
from unibatch.core.base_errors import InvalidInput as InvalidInput
from unibatch.core.base_errors import UnibatchError as UnibatchError
from unibatch.core.base_errors import UnsupportedFeature as UnsupportedFeature
from unibatch.core.paging import ListingReport

if TYPE_CHECKING:  # who only catches errors does not wait for the import of all that they may carry
    from unibatch.core.draft import AddedContacts
    from unibatch.core.findings import Finding
    from unibatch.core.model import Campaign
    from unibatch.core.status import CampaignStatus


class DraftRefused(UnsupportedFeature, InvalidInput):
    """A draft, or a contact to be added, does not fit this vendor; nothing was sent.

    Attributes:
        provider: The provider's name.
        feature: The client's method, for example ``"create_campaign"``.
        findings: Everything that blocks it.
    """

    def __init__(self, provider: str, feature: str, findings: Sequence[Finding]) -> None:
        self.provider = provider
        self.feature = feature
        self.findings = tuple(findings)
        loss = [finding.field for finding in findings if finding.acceptable]
        self.instead = f"accept_loss={loss!r} accepts the loss" if len(loss) == len(findings) else None
        lines = "; ".join(f"{finding.field}: {finding.reason}" for finding in findings)
        way = "" if self.instead is None else f" ({self.instead})"
        Exception.__init__(self, f"{provider} {feature}: nothing was sent: {lines}{way}")


class ProviderError(UnibatchError):
    """The vendor answered, and the answer is no, or cannot be used.

    Attributes:
        provider: The provider's name, for example ``"truedy"``.
        operation: The client's method, for example ``"list_contacts"``.
        http_status: The HTTP status code of the answer, or ``None`` if nothing was sent, because unibatch
            already knew that it is not possible.
        code: The vendor's own error code, or ``None``.
        message: The vendor's own message, key and phone numbers masked, or ``None``.
        details: What else the vendor said about the error, in its own spelling: a mapping, a list or ``None``.
        request_id: The vendor's identifier of this request, which its support asks for, or ``None``.
        subject: What the operation was about, for example ``"batch_c3d4e5f6"``, or ``None``.
        field_errors: For each rejected field, in the vendor's spelling, the reason. Empty if the vendor names none.
        retry_after: How long to wait before asking again, counted from when the answer arrived, or ``None`` if the
            vendor does not say. Only with HTTP 429, 408 and those of 5xx that may pass.
    """

    summary = "the vendor refused"

    def __init__(
        self,
        *,
        provider: str,
        operation: str,
        http_status: int | None,
        code: str | None = None,
        message: str | None = None,
        details: Any = None,
        request_id: str | None = None,
        subject: str | None = None,
        field_errors: Mapping[str, str] | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        self.provider = provider
        self.operation = operation
        self.http_status = http_status
        self.code = code
        self.message = message
        self.details = details
        self.request_id = request_id
        self.subject = subject
        self.field_errors = dict(field_errors or {})
        self.retry_after = retry_after
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        about = f" of {self.subject!r}" if self.subject is not None else ""
        said = f": {self.message}" if self.message else ""
        facts = ["nothing was sent" if self.http_status is None else f"HTTP {self.http_status}"]
        if self.code:
            facts.append(f"code {self.code}")
        if self.request_id:
            facts.append(f"request {self.request_id}")
        fields = "; ".join(f"{name}: {reason}" for name, reason in self.field_errors.items())
        return (
            f"{self.provider} {self.operation}{about}: {self.summary}{said}"
            + (f" [{fields}]" if fields else "")
            + f" ({', '.join(facts)})"
        )


ABOUT = (
    *("provider", "operation", "subject", "http_status", "code", "message", "details", "request_id", "field_errors"),
    "retry_after",
)
"""The attributes of every `ProviderError`."""


class AuthenticationError(ProviderError):
    """401: the API key is wrong, revoked or missing."""

    summary = "the API key was not accepted"


class PaymentRequired(ProviderError):
    """402: the account has no credits left, or its trial is over."""

    summary = "the account has to be paid for first"


class PermissionDenied(ProviderError):
    """403: the key is known but may not do that, or not from this address."""

    summary = "this key may not do that"


class NotFound(ProviderError):
    """404: there is no such thing in the account that the key belongs to, or a page of a listing is not there.

    Attributes:
        page: Which page is not there, in the vendor's words, such as ``"offset=200"``, although rows are missing.
            What is listed was there when the pages before were read. ``None`` if the thing itself is not there.
    """

    summary = "not found in this account"

    def __init__(self, *, page: str | None = None, **about: Any) -> None:
        self.page = page
        if page is not None:
            self.summary = f"the page with {page} is not there, although rows are still missing"
        super().__init__(**about)

    def of_page(self, page: str | None) -> NotFound:
        """The error for the same answer, if it was about a page of a listing; itself for the first page, ``None``."""
        return self if page is None else NotFound(page=page, **{name: getattr(self, name) for name in ABOUT})

    def _sentence(self) -> str:
        if self.page is None:
            return super()._sentence()
        meanwhile = "" if self.subject is None else f"; {self.subject!r} may have been deleted meanwhile"
        return f"{super()._sentence()}: read the listing again{meanwhile}"


class Conflict(ProviderError):
    """The operation is not possible in the campaign's status: the vendor says so, or a look before sending showed it.

    Attributes:
        present: The campaign's status, or ``None`` if it is unknown.
        allowed: The statuses in which the operation is possible; empty if they are unknown.
    """

    summary = "not possible in the present state"

    def __init__(
        self, *, present: CampaignStatus | None = None, allowed: Iterable[CampaignStatus] = (), **about: Any
    ) -> None:
        self.present = present
        self.allowed = frozenset(allowed)
        super().__init__(**about)

    def _sentence(self) -> str:
        if self.present is None:
            return super()._sentence()
        in_order = [status for status in type(self.present) if status in self.allowed]
        possible = f"; possible while it is {' or '.join(in_order)}" if in_order else ""
        return f"{super()._sentence()}: the campaign is {self.present}{possible}"


class InvalidRequest(ProviderError):
    """400, 422 or another 4xx: the vendor rejects the request itself; see ``field_errors``."""

    summary = "the request was rejected"


_TOO_MANY = 429


class RateLimited(ProviderError):
    """429: too many requests; or a wait that the vendor or its limit asks for would be longer than ``max_wait``.

    ``http_status`` is another one if the vendor asks for that wait with another status, such as 503.

    Attributes:
        retry_at: From when on the vendor accepts requests again, by the vendor's clock (aware, UTC), or ``None`` if it
            does not say. To wait, use ``retry_after``, which does not depend on whether the two clocks agree.
    """

    summary = "too many requests"
    waited = False
    """The client has waited until requests are accepted again, and lets the flow look before it sends once more."""

    def __init__(self, *, retry_at: datetime | None = None, because: int | None = None, **about: Any) -> None:
        self.retry_at = retry_at
        if (because or about["http_status"] or _TOO_MANY) != _TOO_MANY:
            self.summary = "the vendor asks to come back later"
        super().__init__(**about)

    def _sentence(self) -> str:
        until = f"; try again after {self.retry_at:%Y-%m-%dT%H:%M:%SZ}" if self.retry_at else ""
        return super()._sentence() + until


class ServerError(ProviderError):
    """5xx or 408: the vendor failed; trying again later may help."""

    summary = "the vendor's server failed"


class MalformedResponse(ProviderError):
    """The answer is not what the vendor documents.

    Attributes:
        path: Where in the answer, as a JSON path in the vendor's spelling, for example
            ``"$.data[3].call_status"``; ``"$"`` if the answer as a whole is not JSON.
        reason: What is wrong there.
    """

    summary = "the answer is not what the vendor documents"

    def __init__(self, *, path: str, reason: str, **about: Any) -> None:
        self.path = path
        self.reason = reason
        super().__init__(**about)

    def _sentence(self) -> str:
        return f"{super()._sentence()}: {self.reason} at {self.path}"


class TransportError(UnibatchError):
    """No usable answer arrived.

    Attributes:
        provider: The provider's name.
        operation: The client's method, for example ``"get_campaign"``.
        host: The host and port of the vendor.
        reason: What failed, in the words of the HTTP library.
        proxy: The host and port of the proxy through which no connection could be made, or ``None``.
    """

    summary: ClassVar[str] = "no answer arrived"
    """What happened."""
    remedy: ClassVar[str] = ""
    """What to correct; may be empty."""
    retry_advice: ClassVar[str] = ""
    """The advice to try again, for requests that may be repeated; may be empty."""

    def __init__(self, *, provider: str, operation: str, host: str, reason: str, proxy: str | None = None) -> None:
        self.provider = provider
        self.operation = operation
        self.host = host
        self.reason = reason
        self.proxy = proxy
        super().__init__(self.sentence())

    def sentence(self, *, may_retry: bool = True) -> str:
        """The message.

        Args:
            may_retry: Whether the request may be sent again; if not, the advice to try again is left out.
        """
        summary, remedy, at = self.summary, self.remedy, self.host
        if self.proxy is not None:
            summary = f"{summary} through the proxy {self.proxy}"
            remedy = "check HTTPS_PROXY or ALL_PROXY, which names it, and its password, or list the host in NO_PROXY"
            at = f"proxy for {at}"
        said = "; ".join(filter(None, (summary, remedy, self.retry_advice if may_retry else "")))
        return f"{self.provider} {self.operation}: {said} ({at}: {self.reason})"


class ConnectFailed(TransportError):
    """The connection was refused, the host is not known, or TLS could not be set up. Nothing was sent."""

    summary = "could not connect"
    remedy = "check the network and base_url"


class ConnectTimeout(TransportError):
    """No connection within the connect time-out. Nothing was sent."""

    summary = "no connection in time"
    remedy = "check the network, or raise the connect time-out"


class ReadTimeout(TransportError):
    """The request was sent, and no answer came within the read time-out."""

    summary = "no answer in time"
    retry_advice = "try again, or raise the read time-out"


class WriteTimeout(TransportError):
    """The request could not be sent whole within the time-out."""

    summary = "the request could not be sent in time"
    retry_advice = "try again"


class PoolTimeout(TransportError):
    """A transport of your own had no free connection in time; the client's own wait. Nothing was sent."""

    summary = "every connection of this client is busy"


class ConnectionLost(TransportError):
    """The connection broke before the whole answer had arrived."""

    summary = "the connection broke before the whole answer had arrived"


class AnswerTooLarge(TransportError):
    """The answer is larger than any page of a vendor; it was not read to its end."""

    summary = "the answer is too large"
    remedy = "check base_url"


class RedirectRefused(TransportError):
    """The answer redirects to another scheme, host or port, where the API key must not go."""

    summary = "refused to follow a redirect"
    remedy = "set base_url to where the API is"


class OutcomeUnknown(UnibatchError):
    """A write was sent and its answer was lost: the vendor may have carried it out, or not.

    Sending it again could call people twice. Look first whether it was done. ``__cause__`` is what went wrong.

    Attributes:
        provider: The provider's name.
        operation: The client's method, for example ``"create_campaign"``.
        subject: The id that the operation is about, or ``None``.
        reason: What happened to the answer.
        check: What to look at before anything is sent again, as a sentence.
        contacts: For ``add_contacts``: what happened to each contact, as far as it is known. Otherwise ``None``.
    """

    may_repeat = False
    """The client is set to try again, so a flow may send the request again if that does no harm."""

    was_denied = False
    """There was an answer, of a status that means success, and it says that nothing was done."""

    def __init__(
        self,
        *,
        provider: str,
        operation: str,
        subject: str | None,
        reason: str,
        check: str = "look before you send it again",
        contacts: AddedContacts | None = None,
    ) -> None:
        self.provider = provider
        self.operation = operation
        self.subject = subject
        self.reason = reason
        self.check = check
        self.contacts = contacts
        about = f" of {subject!r}" if subject is not None else ""
        super().__init__(
            f"{provider} {operation}{about}: the request was sent and no usable answer came, so it is unknown "
            f"whether the vendor has carried it out; {check} ({reason})"
        )


class PartlyDone(UnibatchError):
    """A part of the work was done, and then something failed. ``__cause__`` is what failed.

    Calling the same method again does what is missing, and nothing twice.

    Attributes:
        provider: The provider's name.
        operation: The client's method, for example ``"create_campaign"``.
        campaign: The campaign that was created, or ``None``.
        contacts: For ``add_contacts``: what happened to each contact. Otherwise ``None``.
        is_as_asked: What was done is what was asked for. If not, the vendor has made something else of it, such as a
            campaign that starts at another time, and the message says what to do.
    """

    is_as_asked = True

    def __init__(
        self,
        *,
        provider: str,
        operation: str,
        reason: str,
        campaign: Campaign | None = None,
        contacts: AddedContacts | None = None,
    ) -> None:
        self.provider = provider
        self.operation = operation
        self.reason = reason
        self.campaign = campaign
        self.contacts = contacts
        super().__init__(f"{provider} {operation}: {reason}")


class IncompleteListing(UnibatchError):
    """A listing was read to its end, every row that could be had was yielded, and others may be missing.

    Attributes:
        provider: The provider's name.
        operation: The client's method, for example ``"list_contacts"``.
        subject: The id of the campaign whose contacts were listed, or ``None``.
        report: What was seen.
        consequence: For an operation that has to look first: what follows, for example that nothing was sent. ``None``
            for a listing.
    """

    def __init__(
        self,
        *,
        provider: str,
        operation: str,
        subject: str | None,
        report: ListingReport,
        consequence: str | None = None,
    ) -> None:
        self.provider = provider
        self.operation = operation
        self.subject = subject
        self.report = report
        self.consequence = consequence
        about = f" of {subject!r}" if subject is not None else ""
        remedy = "reading again does not bring them" if report.has_all_shown else "read again when nothing moves"
        super().__init__(
            f"{provider} {operation}{about}: rows may be missing after the {report.seen:,} that came: {report.reason}; "
            + (consequence or remedy)
        )


class JournalError(UnibatchError):
    """The journal of a migration cannot be used; the message says why, and what to do. Nothing was sent."""


class MigrationRefused(UnibatchError):
    """A migration cannot be done like this; the message says why, and what to do. Nothing was changed."""


class MigrationStopped(UnibatchError):
    """A migration came to no end; the same call goes on where it was. ``__cause__`` is what failed.

    Attributes:
        status: How far it is, as a `MigrationStatus`; ``None`` if the journal cannot be read.
    """

    def __init__(self, message: str = "", status: Any = None) -> None:
        self.status = status
        super().__init__(message)


class WaitTimeout(UnibatchError, TimeoutError):
    """What ``client.wait`` waited for has not come within its time-out. The campaign goes on.

    Attributes:
        provider: The provider's name.
        subject: The campaign's id.
        campaign: The campaign as it was seen last, or ``None`` if it could not be read.
    """

    def __init__(self, *, provider: str, subject: str, seconds: float, campaign: Campaign | None) -> None:
        self.provider = provider
        self.subject = subject
        self.campaign = campaign
        present = "it could not be read" if campaign is None else f"it is {campaign.status}"
        super().__init__(f"{provider} wait of {subject!r}: not within {seconds:g} s; {present}")


class InvalidSignature(UnibatchError):
    """A webhook is not signed by the vendor with one of the secrets, or its time is not the present. Do not use it.

    Attributes:
        provider: The provider's name.
        reason: What is wrong with the signature or the time.
    """

    def __init__(self, provider: str, reason: str) -> None:
        self.provider = provider
        self.reason = reason
        Exception.__init__(self, f"{provider} webhook: {reason}")


class UnsignedWebhook(InvalidSignature, UnsupportedFeature):
    """The vendor documents no signature of its webhooks, so anybody could have sent this one.

    ``allow_unsigned=True`` takes it all the same.
    """

    def __init__(self, provider: str) -> None:
        super().__init__(
            provider,
            f"unsigned: {provider} documents no signature, so anybody could have sent it; "
            "allow_unsigned=True takes unsigned webhooks",
        )
        self.feature = "webhooks.receive"
        self.instead = "allow_unsigned=True takes unsigned webhooks"


class MalformedWebhook(UnibatchError):
    """A webhook with a valid signature is not what the vendor documents.

    Attributes:
        provider: The provider's name.
        reason: What is wrong.
    """

    def __init__(self, provider: str, reason: str) -> None:
        self.provider = provider
        self.reason = reason
        super().__init__(f"{provider} webhook: {reason}")
