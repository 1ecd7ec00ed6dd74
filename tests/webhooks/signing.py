"""Signs webhooks as the vendors' documents say, without any code of the package."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

SECRET = "whsec_5f0c2ba1d9e84"
NOW = datetime(2026, 3, 10, 9, 15, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))


def mac(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def truedy(body: bytes, secret: str = SECRET, stamp: str = STAMP) -> dict[str, str]:
    return {"X-Truedy-Timestamp": stamp, "X-Truedy-Signature": mac(secret, stamp.encode() + b"." + body)}


def talkifai(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-TalkifAI-Signature": f"sha256={mac(secret, body)}"}


SIGN = {"truedy": truedy, "talkifai": talkifai}

MESSAGES: Mapping[str, Mapping[str, Any]] = {
    "truedy": {
        "id": "evt_1",
        "event": "call.ended",
        "timestamp": "2026-03-10T09:14:58Z",
        "data": {"batch_id": "batch_1", "call": {"callId": "call_1"}, "status": "completed", "duration_seconds": 61.5},
    },
    "talkifai": {
        "id": "evt_1",
        "type": "call.ended",
        "created": "2026-03-10T09:14:58Z",
        "data": {"callId": "call_1", "agentId": "agent_1", "duration": 61.5, "status": "completed", "endReason": "x"},
    },
}


def as_bytes(message: Any) -> bytes:
    return json.dumps(message).encode()


def changed(vendor: str, **parts: Any) -> bytes:
    """The vendor's message with other parts; those in ``data`` are added to it."""
    message = dict(MESSAGES[vendor])
    message["data"] = {**message["data"], **parts.pop("data", {})}
    return as_bytes({**message, **parts})
