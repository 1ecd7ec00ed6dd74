"""The URLs of requests.

httpx takes apart and checks every URL, its host included, which for a page of a listing takes longer than anything else
that is done before it is sent. All URLs of a client differ only in path and query, and nearly all of these have nothing
that httpx would change. httpx offers no way to use that, so both are replaced in the attribute that holds the parts.
Where a later httpx has no such attribute, each URL is taken apart.
"""

from __future__ import annotations

import re
from typing import Any

from unibatch.client.transport import httpx

_LONGEST = 8_192  # bytes; httpx refuses what is far longer

_is_plain_path = re.compile(r"(?:/(?!\.)(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*+)++").fullmatch
_is_plain_query = re.compile(r"(?:[A-Za-z0-9._~=&-]|%[0-9A-F]{2})*+").fullmatch


class Urls:
    """Makes URLs below a base URL."""

    def __init__(self, base_url: str) -> None:
        """Take a valid URL without a slash at its end."""
        self._base_url = base_url
        self._base = httpx.URL(base_url)
        parts: Any = getattr(self._base, "_uri_reference", None)
        self._parts = parts if {"path", "query"} <= {*getattr(parts, "_fields", ())} else None
        self._base_path = self._base.raw_path.decode("ascii").rstrip("/")

    def url(self, path: str, query: str) -> httpx.URL:
        """The URL of a path that begins with a slash, and an encoded query, which may be empty.

        Raises:
            httpx.InvalidURL: There is none.
        """
        is_plain = len(path) + len(query) < _LONGEST and _is_plain_path(path) and _is_plain_query(query)
        if self._parts is None or not is_plain:
            return httpx.URL(f"{self._base_url}{path}?{query}" if query else f"{self._base_url}{path}")
        url: Any = httpx.URL(self._base)  # a copy
        url._uri_reference = self._parts._replace(path=self._base_path + path, query=query or None)  # noqa: SLF001 - see the top
        made: httpx.URL = url
        return made
