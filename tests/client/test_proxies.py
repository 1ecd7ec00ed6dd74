"""The proxy that the environment names is used, except for this machine."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import traceback
from contextlib import suppress
from pathlib import Path

import pytest

from tests.bothways import Style, connected
from unibatch import ConfigError, ConnectFailed, Retry
from unibatch.client import transport
from unibatch.client.conversation import Conversation
from unibatch.client.drivers import AsyncDriver, Driver
from unibatch.client.exchange import Exchange
from unibatch.client.options import Options
from unibatch.client.transport import httpx
from unibatch.core.flow import Flow, Request
from unibatch.providers.truedy import Truedy


def proxy_for(base_url: str) -> httpx.URL | None:
    proxy = transport.transport_options(base_url)["proxy"]
    assert proxy is None or isinstance(proxy, httpx.Proxy)
    return None if proxy is None else proxy.url


class TestProxies:
    def test_none_is_used_where_none_is_named(self) -> None:
        assert proxy_for("https://api.example.com") is None

    @pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
    def test_the_environment_names_one(self, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
        monkeypatch.setenv(variable, "http://proxy.example.com:3128")
        assert proxy_for("https://api.example.com") == httpx.URL("http://proxy.example.com:3128")

    def test_one_without_a_scheme_is_spoken_to_in_http(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "proxy.example.com:3128")
        assert proxy_for("https://api.example.com") == httpx.URL("http://proxy.example.com:3128")

    def test_hosts_can_be_left_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
        monkeypatch.setenv("NO_PROXY", "example.com")
        assert proxy_for("https://api.example.com") is None

    @pytest.mark.parametrize("base_url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
    def test_this_machine_is_never_reached_through_one(self, monkeypatch: pytest.MonkeyPatch, base_url: str) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com:3128")
        assert proxy_for(base_url) is None

    def test_a_socks_proxy_needs_another_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ALL_PROXY", "socks5://proxy.example.com:1080")
        monkeypatch.setattr(transport, "find_spec", lambda _: None)
        with pytest.raises(ConfigError, match=rf"pip install '{httpx.__name__}\[socks\]'"):
            proxy_for("https://api.example.com")

    @pytest.mark.parametrize(
        "proxy",
        [
            "ftp://proxy.example.com",
            "http://proxy.example.com:99999",
            "http://",
            "http://me:secret/x@proxy.example.com:3128",
            "ftp://me:secret@proxy.example.com",
        ],
    )
    def test_one_that_makes_no_sense_is_a_configuration_error(
        self, monkeypatch: pytest.MonkeyPatch, proxy: str
    ) -> None:
        """Neither its message nor what it is chained to has the password."""
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        with pytest.raises(ConfigError, match="names a proxy for https that cannot be used") as caught:
            proxy_for("https://api.example.com")
        assert "secret" not in "".join(traceback.format_exception(caught.value))

    @pytest.mark.parametrize("answer", [None, b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"])
    def test_one_that_refuses_is_named_without_its_password(
        self, monkeypatch: pytest.MonkeyPatch, style: Style, answer: bytes | None
    ) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{port}")
            monkeypatch.setattr(transport, "_trusted", transport._trusts_nobody)
            if answer is not None:
                listener.listen()
                threading.Thread(target=_answer_once, args=(listener, answer), daemon=True).start()
            how = {"base_url": "https://api.example.com", "retry": Retry(attempts=1)}
            with connected(style, "truedy", **how) as client, pytest.raises(ConnectFailed) as caught:
                client.get_campaign("batch_1")
        said = str(caught.value)
        assert f"could not connect through the proxy 127.0.0.1:{port}; check HTTPS_PROXY" in said
        assert "base_url" not in said
        assert "secret" not in "".join(traceback.format_exception(caught.value))

    @pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 2", b"nonsense\r\n\r\n"])
    @pytest.mark.parametrize("attempts", [1, 2])
    def test_a_write_that_one_never_let_through_was_not_sent(
        self, monkeypatch: pytest.MonkeyPatch, style: Style, answer: bytes, attempts: int
    ) -> None:
        """A proxy that hangs up instead of answering CONNECT has sent nothing on, so the write is sent again."""
        asked: list[bytes] = []
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}")
            monkeypatch.setattr(transport, "_trusted", transport._trusts_nobody)
            threading.Thread(target=_answer_all, args=(listener, answer, asked), daemon=True).start()
            options = Options(base_url="https://api.example.com", retry=Retry(attempts=attempts))
            conversation = Exchange(Truedy({}), "key", options).run(_a_write())
            driver = (Driver if style == "sync" else AsyncDriver)("https://api.example.com", connections=1)
            with pytest.raises(ConnectFailed, match="through the proxy"):
                _carry_out(driver, conversation)
        assert [line.split()[0] for line in asked] == [b"CONNECT"] * attempts


def _carry_out(driver: Driver | AsyncDriver, conversation: Conversation[int]) -> None:
    if isinstance(driver, Driver):
        driver.run(conversation)
        driver.close()
    else:
        asyncio.run(driver.run(conversation))


def _a_write() -> Flow[int]:
    response = yield Request(operation="create_campaign", method="POST", path="/batch-calls", content=b"{}")
    return response.status


def _answer_all(listener: socket.socket, answer: bytes, asked: list[bytes]) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(65_536))
                connection.sendall(answer)


def _answer_once(listener: socket.socket, answer: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(answer)


class TestTrust:
    @pytest.mark.parametrize(
        ("variable", "kind"),
        [
            ("SSL_CERT_FILE", "missing"),
            ("SSL_CERT_FILE", "no certificate"),
            ("SSL_CERT_DIR", "missing"),
            *([("SSLKEYLOGFILE", "missing/log")] if httpx.__name__ == "httpx" else []),  # httpx2 does not read it
        ],
    )
    def test_what_the_environment_names_must_be_readable(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, kind: str
    ) -> None:
        transport._trusted.cache_clear()
        path = tmp_path / kind
        if kind == "no certificate":
            path.write_text("nothing", encoding="utf-8")
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(variable, str(path))
        with pytest.raises(ConfigError, match=variable) as caught:
            transport.transport_options("https://api.example.com")
        assert str(path) in str(caught.value)

    def test_plain_http_trusts_no_certificate_at_all(self) -> None:
        context = transport.transport_options("http://127.0.0.1:8000")["verify"]
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.get_ca_certs() == []
