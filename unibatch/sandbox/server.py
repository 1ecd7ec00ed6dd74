"""Starts the sandbox on a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from unibatch.core.errors import InvalidInput
from unibatch.sandbox.app import App
from unibatch.sandbox.controls import Controls
from unibatch.sandbox.sandbox import SERVER, Sandbox, Settings
from unibatch.sandbox.world import START

if TYPE_CHECKING:
    import uvicorn

_LAST_PORT = 65_535


def serve(
    port: int = 0,
    seed: int = 1,
    host: str = "127.0.0.1",
    *,
    seeded: bool = True,
    enforce_rate_limits: bool = True,
    clock: Literal["real"] | None = None,
    speed: float = 1.0,
    wall: Callable[[], float] = time.time,
    strict: bool = False,
    start: datetime = START,
    webhooks: str | None = None,
) -> Sandbox:
    """Start the sandbox on a thread of its own.

    Args:
        port: The port to listen on; 0 takes any free one.
        seed: Decides everything that looks random: ids, people, who answers.
        host: The address to listen on.
        seeded: Whether there are campaigns from the beginning; without them it starts and resets faster.
        enforce_rate_limits: Whether requests beyond a vendor's rate limit are refused.
        clock: None: simulated time begins at a fixed moment and passes only in `advance`. "real": it begins now and
            passes by itself.
        speed: With the real clock: how many simulated seconds pass in one second.
        wall: Returns the wall-clock time in seconds since the epoch, which rate limits go by.
        strict: Whether vendors refuse every request that they could object to; see `Sandbox.objections`.
        start: What the simulated clock shows at first, unless it is real.
        webhooks: The URL to which the vendors that have webhooks send them; None: they send none.

    Returns:
        The running sandbox, to be used in a `with` statement.

    Raises:
        ImportError: The extra `sandbox` is not installed.
        InvalidInput: There is no such port.
        OSError: The port cannot be used.
        ValueError: Nothing can be posted to the URL.
    """
    how = {name: value for name, value in locals().items() if name not in {"host", "port"}}
    server = Server(host, port)
    try:
        sandbox = Sandbox(server.host, server.port, server.close, Settings(**how))
        app = sandbox._app  # noqa: SLF001  # the two belong together
        app.control = Controls(sandbox).answer
        server.start(app)
    except BaseException:
        server.close()
        raise
    return sandbox


class Server:
    """A port of this machine, and the thread that answers there.

    Args:
        host: The address to listen on.
        port: The port to listen on; 0 takes any free one.

    Raises:
        InvalidInput: There is no such port.
        OSError: The port cannot be used.
    """

    def __init__(self, host: str, port: int) -> None:
        self._sock = _listen(host, port)
        self.host: str
        self.port: int
        self.host, self.port = self._sock.getsockname()[:2]
        self._uvicorn: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    def start(self, app: App) -> None:
        """Answer requests from now on.

        Raises:
            ImportError: The extra `sandbox` is not installed.
        """
        try:
            import uvicorn  # noqa: PLC0415  # an optional extra, and slow to import
        except ImportError as error:
            raise ImportError("the sandbox needs a web server: pip install 'unibatch[sandbox]'") from error

        config = uvicorn.Config(
            app,
            http="h11",
            loop="asyncio",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level=60,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=75,
            h11_max_incomplete_event_size=1_000_000,  # how long a URL may be is not for this server to say
            timeout_graceful_shutdown=1,
        )
        started = threading.Event()

        class Uvicorn(uvicorn.Server):
            """Says when it has started."""

            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                started.set()

        server = self._uvicorn = Uvicorn(config)

        def run() -> None:
            try:
                asyncio.run(server.serve(sockets=[self._sock]))
            except BaseException as error:  # noqa: BLE001  # it is raised where start() was called
                self._failure = error
            finally:
                started.set()

        self._thread = threading.Thread(target=run, name=SERVER, daemon=True)
        self._thread.start()
        started.wait()
        if self._failure is not None:
            raise RuntimeError("the sandbox could not start") from self._failure

    def close(self) -> None:
        """Stop answering, and wait until the thread is over. Closing twice does nothing."""
        if self._uvicorn is not None and self._thread is not None:
            self._uvicorn.should_exit = True
            self._thread.join()
            self._uvicorn = self._thread = None
        self._sock.close()


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= _LAST_PORT:
        raise InvalidInput(f"port {port} is none: a port is a number from 0, for any free one, to {_LAST_PORT}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle off only where the protocol is spelt out; with it on, each answer would take 40 ms.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with contextlib.ExitStack() as stack:
        stack.callback(sock.close)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
            sock.listen(128)
        except OSError as error:
            reason = "is already in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            raise OSError(error.errno, f"port {port} of {host} {reason}") from error
        stack.pop_all()
    return sock
