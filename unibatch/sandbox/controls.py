"""The sandbox over HTTP: what `GET /` says, and what the paths below `/_sandbox` do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import attrs

from unibatch.sandbox.campaign import as_text
from unibatch.sandbox.http import Answer, decode_json
from unibatch.sandbox.sandbox import Sandbox


class Controls:
    """Does with a sandbox what a request asks for.

    Args:
        sandbox: The sandbox.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._controls: Mapping[tuple[str, str], Callable[..., Any]] = {
            ("POST", "advance"): self._advance,
            ("POST", "faults"): sandbox.fail,
            ("DELETE", "faults"): sandbox.clear_faults,
            ("POST", "catch_up"): sandbox.catch_up,
            ("POST", "assume"): sandbox.assume,
            ("GET", "objections"): self._objections,
            ("DELETE", "objections"): sandbox.clear_objections,
            ("POST", "misdeliver"): sandbox.misdeliver,
            ("GET", "deliveries"): self._deliveries,
            ("POST", "reset"): sandbox.reset,
            ("GET", "requests"): self._requests,
            ("GET", "state/{vendor}/{campaign}"): self._state,
        }

    def answer(self, method: str, raw_path: str, body: bytes) -> Answer:
        """Answer a request that is for no vendor. The answer ends its line, since people read it in a terminal."""
        answer = self._answer(method, raw_path, body)
        return attrs.evolve(answer, body=answer.body + b"\n")

    def _answer(self, method: str, raw_path: str, body: bytes) -> Answer:
        parts = tuple(unquote(part) for part in raw_path.strip("/").split("/"))
        if parts == ("",) and method in ("GET", "HEAD"):
            return Answer.json(200, self._describe())
        if parts[0] != "_sandbox":
            return Answer.json(404, {"error": "The sandbox has no such path; GET / lists what there is"})
        try:
            result = self._control(method, parts[1:])(**_arguments(body))
            return Answer.json(200, {} if result is None else result)
        except LookupError as error:
            return Answer.json(404, {"error": str(error.args[0]) if error.args else "not found"})
        except (TypeError, ValueError) as error:
            return Answer.json(400, {"error": str(error)})

    def _control(self, method: str, parts: tuple[str, ...]) -> Callable[..., Any]:
        match method, *parts:
            case "GET", "state", vendor, campaign_id:
                return lambda: self._state(vendor, campaign_id)
            case _, name if (method, name) in self._controls:
                return self._controls[method, name]
        raise LookupError(f"there is no control {method} /_sandbox/{'/'.join(parts)}")

    def _describe(self) -> dict[str, Any]:
        return {
            "about": "unibatch sandbox: three vendors of phone-call campaigns, simulated; nobody is ever called",
            "base_urls": {name: self._sandbox.base_url(name) for name in self._sandbox.vendors},
            "controls": [f"{method} /_sandbox/{path}" for method, path in self._controls],
        }

    def _advance(self, **arguments: Any) -> Any:
        return {"calls": self._sandbox.advance(**arguments), "now": as_text(self._sandbox.now.timestamp())}

    def _objections(self) -> Any:
        return [attrs.asdict(objection) for objection in self._sandbox.objections]

    def _deliveries(self) -> Any:
        rows = [attrs.asdict(row) for row in self._sandbox.deliveries]
        return [{**row, "headers": dict(row["headers"]), "body": row["body"].decode()} for row in rows]

    def _requests(self) -> Any:
        rows = [attrs.asdict(row) for row in self._sandbox.requests]
        return [{**row, "body": row["body"].decode("utf-8", "replace")} for row in rows]

    def _state(self, vendor: str, campaign_id: str) -> Any:
        state = self._sandbox.state(vendor, campaign_id)
        contacts = [attrs.asdict(contact, recurse=False) for contact in state.contacts]
        starts_at = as_text(state.starts_at.timestamp()) if state.starts_at else None
        return {
            **attrs.asdict(state, recurse=False),
            "contacts": contacts,
            "dialled": dict(state.dialled),
            "starts_at": starts_at,
        }


def _arguments(body: bytes) -> dict[str, Any]:
    arguments = decode_json(body) if body else {}
    if not isinstance(arguments, dict):
        raise TypeError("the body must be a JSON object")
    return arguments
