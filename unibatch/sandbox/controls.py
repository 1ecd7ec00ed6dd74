"""The handle over HTTP: what `GET /` tells, and what the paths below `/_sandbox` do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from unibatch.sandbox.campaign import as_text

if TYPE_CHECKING:
    from unibatch.sandbox.handle import Sandbox


class Controls:
    """Runs on a handle what a request asks for.

    Args:
        sandbox: The handle.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def describe(self) -> dict[str, Any]:
        """Say what this server is, for `GET /`."""
        return {
            "about": "unibatch sandbox: three vendors of phone-call campaigns, simulated; nobody is ever called",
            "base_urls": {name: self._sandbox.base_url(name) for name in self._sandbox.vendors},
            "controls": [
                "POST /_sandbox/advance",
                "POST /_sandbox/faults",
                "DELETE /_sandbox/faults",
                "POST /_sandbox/reset",
                "GET /_sandbox/requests",
                "GET /_sandbox/state/{vendor}/{campaign}",
            ],
        }

    def control(self, method: str, parts: tuple[str, ...], body: Any) -> Any:
        """Run what a path below `/_sandbox` asks for.

        Raises:
            LookupError: There is no such control, vendor or campaign.
            TypeError: An argument is unknown.
            ValueError: An argument makes no sense.
        """
        if not isinstance(body, dict):
            raise TypeError("the body must be a JSON object")
        match method, *parts:
            case "POST", "advance":
                return {"calls": self._sandbox.advance(**body), "now": as_text(self._sandbox.now.timestamp())}
            case "POST", "faults":
                self._sandbox.fail(**body)
                return {}
            case "DELETE", "faults":
                self._sandbox.clear_faults()
                return {}
            case "POST", "reset":
                self._sandbox.reset()
                return {}
            case "GET", "requests":
                rows = [attrs.asdict(row) for row in self._sandbox.requests]
                return [{**row, "body": row["body"].decode("utf-8", "replace")} for row in rows]
            case "GET", "state", vendor, campaign_id:
                state = self._sandbox.state(vendor, campaign_id)
                contacts = [attrs.asdict(contact, recurse=False) for contact in state.contacts]
                return {**attrs.asdict(state, recurse=False), "contacts": contacts, "dialled": dict(state.dialled)}
        raise LookupError(f"there is no control {method} /_sandbox/{'/'.join(parts)}")
