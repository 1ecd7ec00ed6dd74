"""How ``unibatch listen`` receives webhooks, checks and prints them, and hands them on to an application."""

from __future__ import annotations

import errno
import http.client
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

from unibatch import Event, InvalidSignature, MalformedWebhook, UnibatchError, to_dict
from unibatch.cli.exits import Failed, Unusable
from unibatch.cli.output import dumps, say
from unibatch.cli.sandbox import until_stopped
from unibatch.cli.watching import line
from unibatch.core.provider import Provider
from unibatch.providers import registry
from unibatch.webhooks import receive

_LARGEST = 10_000_000  # bytes in a body
_LONGEST = 30.0  # seconds that the application may take
_NAP = 0.5  # seconds

_TAKEN, _MALFORMED, _UNSIGNED, _TOO_LARGE, _NOT_FORWARDED = 200, 400, 401, 413, 502
_ABOUT_THE_PORT = frozenset({errno.EADDRINUSE, errno.EACCES})
_NOT_PASSED_ON = frozenset({"host", "content-length", "connection", "transfer-encoding", "expect"})


@attrs.frozen
class Listening:
    """What the command was given; its help explains the attributes."""

    provider: str
    variables: Sequence[str]
    files: Sequence[Path]
    allow_unsigned: bool
    forward: str | None
    form: str


def listening(given: Listening, host: str, port: int) -> None:
    """Receive webhooks at an address until Ctrl-C."""
    kind = registry.load(given.provider)
    if kind.webhooks is None:
        raise Unusable(f"{kind.title} has no webhooks that unibatch can read")
    if kind.webhooks.signature is None and not given.allow_unsigned:
        raise Unusable(f"{kind.title} documents no signature; to take its webhooks all the same, add --allow-unsigned")
    secrets = [*map(_of_variable, given.variables), *map(_of_file, given.files)]
    if kind.webhooks.signature is not None and not (secrets or given.allow_unsigned):
        raise Unusable("name the signing secret with --secret-env or --secret-file")
    forward = given.forward
    if forward is not None and (urlsplit(forward).scheme not in {"http", "https"} or not urlsplit(forward).hostname):
        raise Unusable("--forward needs a URL that begins with http:// or https://")
    hook = _Hook(kind, secrets, given.allow_unsigned, forward, given.form)
    with until_stopped() as stopped, _serving(hook, host, port) as address:
        say(f"Listening at {address}. {kind.webhooks.setup}")
        if forward is not None:
            say(f"Genuine webhooks go on to {forward}")
        while not stopped.wait(_NAP):
            pass
    say("Stopped.")


def _of_variable(name: str) -> str:
    secret = os.environ.get(name, "").strip()
    if not secret:
        raise Unusable(f"the environment variable {name}, which --secret-env names, is not set")
    return secret


def _of_file(path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise Unusable(f"{path}, which --secret-file names, cannot be read: {_reason(exc)}") from exc
    if not secret:
        raise Unusable(f"{path}, which --secret-file names, is empty")
    return secret


def _reason(error: Exception) -> str:
    """What the system says, without its number and the name of the class."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


@attrs.frozen
class _Hook:
    """What is done with each request."""

    provider: type[Provider]
    secrets: list[str]
    allow_unsigned: bool
    forward: str | None
    form: str

    def take(self, headers: Sequence[tuple[str, str]], body: bytes) -> int:
        """Print a webhook, hand it on, and return the HTTP status of the answer."""
        try:
            events = receive(self.provider, headers, body, secrets=self.secrets, allow_unsigned=self.allow_unsigned)
        except InvalidSignature as exc:
            say(f"refused: {exc}")
            return _UNSIGNED
        except MalformedWebhook as exc:
            say(f"refused: {exc}")
            return _MALFORMED
        self._print(events)
        return _TAKEN if self.forward is None else self._hand_on(self.forward, headers, body)

    def _print(self, events: Iterable[Event]) -> None:
        lines = [dumps(to_dict(event)) if self.form == "jsonl" else line(event) for event in events]
        with _printing:
            sys.stdout.writelines(f"{text}\n" for text in lines)
            sys.stdout.flush()

    def _hand_on(self, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> int:
        parts = urlsplit(url)
        connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        kept = {name: value for name, value in headers if name.lower() not in _NOT_PASSED_ON}
        with closing(connect(parts.hostname or "", parts.port, timeout=_LONGEST)) as connection:
            try:
                connection.request("POST", path, body, kept)
                status = connection.getresponse().status
            except (OSError, http.client.HTTPException, ValueError) as exc:
                say(f"not handed on to {parts.scheme}://{parts.netloc.rpartition('@')[2]}: {_reason(exc)}")
                return _NOT_FORWARDED
        if status not in range(200, 300):
            say(f"the application answered {status}")
        return status


_printing = threading.Lock()


@contextmanager
def _serving(hook: _Hook, host: str, port: int) -> Iterator[str]:
    """Answer requests on a thread; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        timeout = _LONGEST

        def do_POST(self) -> None:
            size = self.headers.get("Content-Length", "0")
            if not size.isdecimal() or int(size) > _LARGEST:
                self._answer(_TOO_LARGE)
                return
            body = self.rfile.read(int(size))
            try:
                self._answer(hook.take(self.headers.items(), body))
            except UnibatchError as exc:  # such as a secret that cannot be one
                say(f"unibatch: {exc}")
                self._answer(500)

        def _answer(self, status: int) -> None:
            with suppress(OSError):  # the vendor did not wait
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in the base class
            pass

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as exc:
        option = "--port" if exc.errno in _ABOUT_THE_PORT else "--host"
        raise Failed(f"port {port} of {host} cannot be used: {exc.strerror or exc}; use another {option}") from exc
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
