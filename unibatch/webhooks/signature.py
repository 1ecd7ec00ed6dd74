"""Checks a signature on the bytes of a request, by what a provider declares about it."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from unibatch.core.errors import ConfigError, InvalidInput, InvalidSignature
from unibatch.core.lenient import lenient_time
from unibatch.core.structuring import utc
from unibatch.core.webhook_scheme import HmacSignature, SharedSecret, Signature

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")
_PLACES = re.compile(r"(\{body\}|\{timestamp\}|\{id\})")
_MILLISECONDS = 1e11
"""From here on a Unix time counts milliseconds: as seconds, it would be the year 5138."""


class Headers:
    """The headers of a request, by lower-case name."""

    def __init__(self, headers: Any) -> None:
        """Read a mapping, or pairs.

        Raises:
            InvalidInput: It is neither.
        """
        self._values: dict[str, list[str]] = {}
        try:
            pairs = headers.items() if hasattr(headers, "items") else headers
            for name, value in pairs:
                if value is None:
                    continue  # what frameworks give for a header that is not there
                for one in value if isinstance(value, list | tuple) else (value,):
                    self._values.setdefault(_text(name).strip().lower(), []).append(_text(one).strip())
        except (TypeError, ValueError) as exc:
            raise InvalidInput("headers are a mapping, or pairs of name and value, of texts or bytes") from exc

    def one(self, provider: str, name: str) -> str:
        """The only value of a header, which is ASCII.

        Raises:
            InvalidSignature: It is missing, comes several times, or is not ASCII.
        """
        values = self._values.get(name.lower(), [])
        if len(values) != 1 or not values[0]:
            wrong = "comes several times" if len(values) > 1 else "is missing"
            raise InvalidSignature(provider, f"the header {name} {wrong}")
        if not values[0].isascii():
            raise InvalidSignature(provider, f"the header {name} has characters that no signature has")
        return values[0]


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, str):
        return value
    raise TypeError(type(value).__name__)


def secrets_of(secrets: str | bytes | Iterable[str | bytes]) -> list[bytes]:
    """The secrets as bytes.

    Raises:
        ConfigError: One of them is empty, or cannot be a secret.
    """
    given: Any = secrets
    if given is None:
        raise ConfigError("secrets is None; is the environment variable set that should hold the signing secret?")
    found = []
    for secret in (given,) if isinstance(given, str | bytes) else given:
        if not isinstance(secret, str | bytes) or not secret.strip():
            kind = "empty" if isinstance(secret, str | bytes) else f"a {type(secret).__name__}, not a text"
            raise ConfigError(f"a signing secret is {kind}; copy it again from the vendor's dashboard")
        if secret != secret.strip():
            raise ConfigError("a signing secret begins or ends with a blank or a line break; remove it")
        try:
            found.append(secret.encode() if isinstance(secret, str) else secret)
        except UnicodeEncodeError as exc:
            raise ConfigError("a signing secret is not valid Unicode") from exc
    return found


def require_signature(
    provider: str, how: Signature, headers: Headers, body: bytes, *, secrets: list[bytes], now: datetime
) -> datetime | None:
    """Require a signature by one of the secrets; returns the time that is signed, if there is one.

    Raises:
        InvalidSignature: There is none, it is wrong, or its time is too far from ``now``.
        ConfigError: There is no secret.
    """
    if not secrets:
        raise ConfigError(
            f"webhooks of {provider} are signed, and no secret was given; pass secrets=, or allow_unsigned=True"
        )
    if isinstance(how, SharedSecret):
        given = headers.one(provider, how.header)
        if not given.startswith(how.prefix):
            raise InvalidSignature(provider, f"the header {how.header} does not begin with {how.prefix!r}")
        fault = f"what the header {how.header} has is none of the secrets"
        _require_any(provider, [given.removeprefix(how.prefix).strip().encode()], secrets, fault)
        return None
    signatures, stamp = _parts(provider, how, headers)
    told = {"{body}": body, "{timestamp}": (stamp or "").encode()}
    if how.id_header is not None:
        told["{id}"] = headers.one(provider, how.id_header).encode()
    # Not by str.format: a body may have braces.
    signed = b"".join(told.get(part, part.encode()) for part in _PLACES.split(how.signed))
    expected = [hmac.digest(_key(how, secret), signed, how.algorithm) for secret in secrets]
    fault = "the signature is not that of this body and one of the secrets"
    _require_any(provider, [_decoded(how, one) for one in signatures], expected, fault)
    return None if stamp is None else _require_present(provider, how, stamp, now)


def _parts(provider: str, how: HmacSignature, headers: Headers) -> tuple[list[str], str | None]:
    """The signatures in the header, and the time as it is written."""
    value = headers.one(provider, how.header)
    stamp = None if how.timestamp_header is None else headers.one(provider, how.timestamp_header)
    if how.key is None and not how.separator.isspace():
        signatures = [value]
    elif how.key is None:
        signatures = value.split()
    else:
        pairs = [part.strip().partition("=")[::2] for part in value.split(how.separator)]
        signatures = [one for key, one in pairs if key == how.key]
        if how.timestamp_key is not None:
            stamps = [one for key, one in pairs if key == how.timestamp_key]
            if len(stamps) != 1:
                raise InvalidSignature(provider, f"the header {how.header} must have one part {how.timestamp_key}=")
            stamp = stamps[0]
    signatures = [one.removeprefix(how.prefix) for one in signatures if one.startswith(how.prefix)]
    if not signatures:
        form = f"{how.key}=" if how.key is not None else how.prefix
        raise InvalidSignature(provider, f"the header {how.header} has no signature that begins with {form!r}")
    return signatures, stamp


def _key(how: HmacSignature, secret: bytes) -> bytes:
    secret = secret.removeprefix(how.secret_prefix.encode())
    if how.secret == "text":  # noqa: S105 - a form, and no secret
        return secret
    try:
        return base64.b64decode(secret, validate=True)
    except binascii.Error as exc:
        raise ConfigError("a signing secret is not base64; copy it again from the vendor's dashboard") from exc


def _decoded(how: HmacSignature, signature: str) -> bytes:
    """The bytes of a signature; of what is none, bytes that no signature has."""
    try:
        if how.encoding == "hex":
            return bytes.fromhex(signature) if re.fullmatch("[0-9A-Fa-f]*", signature) else b""
        return base64.b64decode(signature, validate=True)
    except ValueError:
        return b""


def _require_any(provider: str, given: list[bytes], expected: list[bytes], fault: str) -> None:
    """Require that one of the given is one of the expected; how long it takes says nothing about which, or how far."""
    is_right = False
    for one in given:
        for right in expected:
            is_right |= hmac.compare_digest(one, right)
    if not is_right:
        raise InvalidSignature(provider, fault)


def _require_present(provider: str, how: HmacSignature, stamp: str, now: datetime) -> datetime:
    moment = read_time(float(stamp) if _NUMBER.fullmatch(stamp) else stamp)
    if moment is None:
        raise InvalidSignature(provider, "its time is neither a Unix time nor ISO 8601")
    late = now - moment
    if abs(late) > how.tolerance:
        minutes = abs(late) / timedelta(minutes=1)
        side = "old: it was sent again by somebody" if late > timedelta() else "ahead of this machine's clock"
        raise InvalidSignature(provider, f"it is {minutes:,.1f} minutes {side}, or this machine's clock is wrong")
    return moment


def read_time(value: Any) -> datetime | None:
    """A time as vendors write it: ISO 8601, Unix seconds, or Unix milliseconds; ``None`` for anything else."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, int | float):
            seconds = value / 1000 if abs(value) >= _MILLISECONDS else value
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        # RFC 3339 allows a small t and z, too.
        moment = lenient_time(value.upper()) if isinstance(value, str) else None
        return None if moment is None else utc(moment, "")
    except (ValueError, OverflowError):
        return None
