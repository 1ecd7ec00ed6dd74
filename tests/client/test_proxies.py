"""The proxy that the environment names is used, except for this machine."""

from __future__ import annotations

import ssl

import httpx
import pytest

from unibatch import ConfigError
from unibatch.client import transport


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
        with pytest.raises(ConfigError, match=r"pip install 'httpx\[socks\]'"):
            proxy_for("https://api.example.com")

    def test_one_that_makes_no_sense_is_a_configuration_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "ftp://proxy.example.com")
        with pytest.raises(ConfigError, match="names a proxy for https that cannot be used"):
            proxy_for("https://api.example.com")


class TestTrust:
    def test_plain_http_trusts_no_certificate_at_all(self) -> None:
        context = transport.transport_options("http://127.0.0.1:8000")["verify"]
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.get_ca_certs() == []
