"""The URLs of requests are those that httpx makes, whichever way they are made."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibatch.client.transport import httpx
from unibatch.client.urls import Urls

BASES = ["https://api.example.com", "https://api.example.com/v1", "http://127.0.0.1:8080/a%20b", "https://[::1]:8443/x"]
PATHS = st.lists(st.text('aB9-._~%2FéE4/?# "', max_size=8), max_size=4).map(lambda parts: "/" + "/".join(parts))
QUERIES = st.text("aB9-._~%2FéE4=&+/ ", max_size=20)


def by_httpx(base_url: str, path: str, query: str) -> httpx.URL:
    return httpx.URL(f"{base_url}{path}" + (f"?{query}" if query else ""))


@pytest.mark.parametrize("base_url", BASES)
@given(path=PATHS, query=QUERIES)
def test_they_are_what_httpx_makes_of_the_same_text(base_url: str, path: str, query: str) -> None:
    url, expected = Urls(base_url).url(path, query), by_httpx(base_url, path, query)
    assert (url, str(url), url.raw_path) == (expected, str(expected), expected.raw_path)


@pytest.mark.parametrize(
    ("path", "query"), [("/batch-calls/c%2F1/contacts", "limit=100&offset=500"), ("/batch/jobs/a_b~c.d", "")]
)
def test_those_of_a_listing_are_not_taken_apart(monkeypatch: pytest.MonkeyPatch, path: str, query: str) -> None:
    made = Urls("https://api.example.com/v1")
    expected = by_httpx("https://api.example.com/v1", path, query)
    copied, taken_apart = httpx.URL, list[str]()

    def url(of: httpx.URL | str) -> httpx.URL:
        if isinstance(of, str):
            taken_apart.append(of)
        return copied(of)

    monkeypatch.setattr(httpx, "URL", url)
    assert str(made.url(path, query)) == str(expected)
    assert not taken_apart


def test_they_are_made_without_what_a_later_httpx_may_have_renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Urls("https://api.example.com/v1")
    monkeypatch.setattr(made, "_parts", None)
    assert str(made.url("/me", "a=1")) == "https://api.example.com/v1/me?a=1"


def test_one_that_is_too_long_is_refused() -> None:
    with pytest.raises(httpx.InvalidURL, match=re.escape("URL too long")):
        Urls("https://api.example.com").url("/" + "a" * 100_000, "")
