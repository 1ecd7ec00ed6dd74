"""``unibatch listen``: receives, checks, prints and hands on."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.cli.running import Run
from tests.webhooks.receiver import Receiver
from tests.webhooks.signing import MESSAGES, SECRET, SIGN, as_bytes, talkifai
from unibatch.cli.receiving import _Hook, _serving
from unibatch.providers.talkifai import TalkifAI
from unibatch.sandbox import serve

BODY = as_bytes(MESSAGES["talkifai"])


@pytest.fixture
def application() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


class TestAnswers:
    def post(self, hook: _Hook, body: bytes, headers: dict[str, str]) -> int:
        with _serving(hook, "127.0.0.1", 0) as address:
            return httpx.post(address, content=body, headers=headers).status_code

    def hook(self, forward: str | None = None, form: str = "jsonl") -> _Hook:
        return _Hook(TalkifAI, [SECRET], allow_unsigned=False, forward=forward, form=form)

    def test_a_genuine_one_is_printed_and_taken(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.post(self.hook(), BODY, talkifai(BODY)) == 200
        assert json.loads(capsys.readouterr().out)["call_id"] == "call_1"

    @pytest.mark.parametrize(
        ("body", "headers", "status"),
        [
            (BODY, {}, 401),
            (BODY, talkifai(BODY, "another"), 401),
            (b"no json", talkifai(b"no json"), 400),
        ],
    )
    def test_another_is_refused_and_not_handed_on(
        self,
        application: Receiver,
        capsys: pytest.CaptureFixture[str],
        body: bytes,
        headers: dict[str, str],
        status: int,
    ) -> None:
        assert self.post(self.hook(application.url), body, headers) == status
        out, err = capsys.readouterr()
        assert (out, application.posts) == ("", [])
        assert err.startswith("refused: talkifai webhook: ")
        assert SECRET not in err

    @pytest.mark.parametrize("status", [204, 500])
    def test_it_is_handed_on_as_it_came_and_the_answer_comes_back(self, application: Receiver, status: int) -> None:
        application.answer = lambda _: status
        assert self.post(self.hook(application.url), BODY, talkifai(BODY)) == status
        (post,) = application.posts
        assert (post.path, post.body) == ("/hooks?a=b", BODY)
        assert post.headers.count(("X-TalkifAI-Signature", talkifai(BODY)["X-TalkifAI-Signature"])) == 1

    def test_an_application_that_is_not_there_makes_the_vendor_send_it_again(
        self, application: Receiver, capsys: pytest.CaptureFixture[str]
    ) -> None:
        url = application.url.replace(f":{urlsplit(application.url).port}", ":1")
        assert self.post(self.hook(url), BODY, talkifai(BODY)) == 502
        assert "not handed on to http://127.0.0.1:1: Connection refused\n" in capsys.readouterr().err

    def test_what_is_too_large_is_not_read(self) -> None:
        with _serving(self.hook(), "127.0.0.1", 0) as address:
            connection = http.client.HTTPConnection("127.0.0.1", urlsplit(address).port)
            connection.request("POST", "/", b"{}", {"Content-Length": "999999999999"})
            assert connection.getresponse().status == 413
            connection.close()


def test_an_address_of_another_machine_is_refused_with_the_option_to_correct(run: Run) -> None:
    outcome = run("listen", "techladder", "--allow-unsigned", "--host", "192.0.2.1", "--port", "0")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("unibatch: port 0 of 192.0.2.1 cannot be used: ")
    assert outcome.err.endswith("; use another --host\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["truedy"], "name the signing secret"),
        (["truedy", "--secret-env", "NOT_SET"], "NOT_SET, which --secret-env names, is not set"),
        (["truedy", "--secret-file", "empty.txt"], "is empty"),
        (["truedy", "--secret-file", "missing.txt"], "names, cannot be read: No such file or directory\n"),
        (["techladder"], "documents no signature; to take its webhooks all the same, add --allow-unsigned"),
        (["talkifai", "--allow-unsigned", "--forward", "localhost:8000"], "--forward needs a URL"),
        (["nobody"], "there is no provider 'nobody'"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_received(
    run: Run, folder: Path, arguments: list[str], said: str
) -> None:
    (folder / "empty.txt").write_text("\n", encoding="utf-8")
    outcome = run("listen", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


@pytest.mark.parametrize("vendor", SIGN)
def test_it_receives_what_the_sandbox_sends_until_it_is_stopped(folder: Path, vendor: str) -> None:
    command = [sys.executable, "-m", "unibatch", "listen", vendor, "--port", "0", "--secret-file", "secret.txt"]
    with serve(seeded=False) as sandbox:
        (folder / "secret.txt").write_text(sandbox.webhook_secret(vendor), encoding="utf-8")
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        url = re.findall(r"http://\S+/", process.stderr.readline())[0]
        with serve(seeded=False, webhooks=url) as sandbox:
            sandbox.set_status(vendor, sandbox.create(vendor, 3), {"truedy": "active", "talkifai": "running"}[vendor])
            sandbox.advance(calls=3)
            assert {delivery.status for delivery in sandbox.deliveries} == {200}
            sent = len(sandbox.deliveries)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate()
    assert (process.returncode, err) == (0, "Stopped.\n")
    assert len(out.splitlines()) == sent
    assert sum("  call_started  " in line for line in out.splitlines()) == 3


def test_the_sandbox_says_where_webhooks_go_and_how_they_are_signed(folder: Path) -> None:
    command = [sys.executable, "-m", "unibatch", "sandbox", "--webhook", "http://127.0.0.1:1/"]
    with subprocess.Popen(
        [*command, "--write-config", "u.toml"], cwd=folder, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        lines = [process.stderr.readline() for _ in range(3)]
        process.send_signal(signal.SIGTERM)
        process.communicate()
    with serve(seeded=False) as sandbox:
        secrets = f"truedy {sandbox.webhook_secret('truedy')}, talkifai {sandbox.webhook_secret('talkifai')}"
    assert f"Webhooks go to http://127.0.0.1:1/, signed with the made-up secrets: {secrets}\n" in lines
