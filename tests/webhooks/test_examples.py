"""The examples for web frameworks do what they say, with requests as the frameworks give them."""

from __future__ import annotations

import asyncio
import runpy
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import django
import httpx
import pytest
from django.conf import settings
from django.test import Client as DjangoClient
from django.urls import path

from tests.webhooks.signing import MESSAGES, SECRET, as_bytes, mac

EXAMPLES = Path(__file__).parent.parent.parent / "examples"

Post: TypeAlias = Callable[[bytes, Mapping[str, str]], int]
"""Posts a body with headers, and returns the HTTP status of the answer."""


def signed(vendor: str, body: bytes) -> dict[str, str]:
    if vendor == "talkifai":
        return {"X-TalkifAI-Signature": f"sha256={mac(SECRET, body)}"}
    stamp = str(int(time.time()))  # the examples go by the real clock
    return {"X-Truedy-Timestamp": stamp, "X-Truedy-Signature": mac(SECRET, stamp.encode() + b"." + body)}


def starlette(namespace: dict[str, Any]) -> Post:
    def post(body: bytes, headers: Mapping[str, str]) -> int:
        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(namespace["app"])
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.post("/hooks/truedy", content=body, headers=headers)

        return asyncio.run(answer()).status_code

    return post


def flask(namespace: dict[str, Any]) -> Post:
    client = namespace["app"].test_client()
    return lambda body, headers: int(client.post("/hooks/talkifai", data=body, headers=headers).status_code)


def in_django(namespace: dict[str, Any]) -> Post:
    if not settings.configured:
        settings.configure(ROOT_URLCONF="", ALLOWED_HOSTS=["*"], SECRET_KEY="for tests")
        django.setup()
    settings.ROOT_URLCONF = (path("hooks/<provider>", namespace["hook"]),)
    client = DjangoClient()

    def post(body: bytes, headers: Mapping[str, str]) -> int:
        answer = client.post("/hooks/truedy", body, content_type="application/json", headers=dict(headers))
        return int(answer.status_code)

    return post


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("TRUEDY_WEBHOOK_SECRET", "TALKIFAI_WEBHOOK_SECRET"):
        monkeypatch.setenv(variable, f"whsec_of_last_month {SECRET}")
    monkeypatch.setenv("SEEN", str(tmp_path / "seen.db"))


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("name", "vendor", "serve"),
    [
        ("webhooks_starlette.py", "truedy", starlette),
        ("webhooks_flask.py", "talkifai", flask),
        ("webhooks_django.py", "truedy", in_django),
    ],
)
def test_an_example(
    name: str, vendor: str, serve: Callable[[dict[str, Any]], Post], capsys: pytest.CaptureFixture[str]
) -> None:
    namespace = runpy.run_path(str(EXAMPLES / name))
    post = serve(namespace)
    body = as_bytes(MESSAGES[vendor])
    assert post(body, {}) == 401
    assert post(b"no json", signed(vendor, b"no json")) == 400
    assert capsys.readouterr().out == ""
    assert [post(body, signed(vendor, body)) for _ in range(2)] == [200, 200]
    assert capsys.readouterr().out == "call_ended call_1 completed 0:01:01.500000\n"
    namespace["seen"].close()
    assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) < 30
