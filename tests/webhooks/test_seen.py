"""What is sent again is noticed, by threads, by processes, and by those who come later."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

import unibatch
from tests.webhooks.signing import MESSAGES, NOW, SECRET, as_bytes, talkifai
from unibatch.webhooks import Seen, SqliteSeen, receive


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "seen.db"


def test_an_event_is_new_once(path: Path) -> None:
    body = as_bytes(MESSAGES["talkifai"])
    deliveries = [receive("talkifai", talkifai(body), body, secrets=SECRET, now=NOW)[0] for _ in range(3)]
    with SqliteSeen(path) as seen:
        assert [seen.add(event) for event in deliveries] == [True, False, False]
        assert seen.add("another")


def test_it_is_remembered_by_the_next_program(path: Path) -> None:
    with SqliteSeen(path) as seen:
        assert seen.add("a")
    with SqliteSeen(path) as seen:
        assert not seen.add("a")


def test_what_could_not_be_done_is_new_again(path: Path) -> None:
    with SqliteSeen(path) as seen:
        seen.add("a")
        seen.remove("a")
        assert seen.add("a")


def test_of_many_at_the_same_moment_one_gets_it(path: Path) -> None:
    with SqliteSeen(path) as one, SqliteSeen(path) as other, ThreadPoolExecutor(8) as pool:
        asked = [pool.submit((one, other)[number % 2].add, f"{number // 8}") for number in range(400)]
        assert sum(answer.result() for answer in asked) == 50


def test_of_two_processes_one_gets_it(path: Path) -> None:
    program = (
        "import sys; from unibatch.webhooks import SqliteSeen\n"
        f"seen = SqliteSeen({str(path)!r})\n"
        "print(sum(seen.add(str(number)) for number in range(200)))"
    )
    running = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(2)]
    assert sum(int(process.communicate()[0]) for process in running) == 200


def test_it_is_forgotten_after_its_time(path: Path) -> None:
    now = 1_000_000.0
    with SqliteSeen(path, keep=timedelta(hours=2), clock=lambda: now) as seen:
        assert seen.add("old")
        now += 7_000
        assert not seen.add("old")
        now += 201
        assert seen.add("old")  # counted from the first time that it came
        now += 10_000
        seen.add("new")
        assert seen._run("UPDATE seen SET at = at") == 1  # of all that were ever there


@pytest.mark.parametrize("wrong", ["folder", "file"])
def test_what_cannot_be_used_says_so(path: Path, wrong: str) -> None:
    path.write_text("this is no database, but some text that is long enough" * 100, encoding="utf-8")
    with pytest.raises(unibatch.ConfigError, match="cannot be used"):
        SqliteSeen(path if wrong == "file" else path.parent)


def test_nothing_can_be_remembered_for_no_time(path: Path) -> None:
    with pytest.raises(unibatch.ConfigError, match="keep must be above 0"):
        SqliteSeen(path, keep=timedelta())


def test_it_is_what_the_protocol_asks_for(path: Path) -> None:
    seen: Seen = SqliteSeen(path)
    assert seen.add("a")
    assert isinstance(seen, SqliteSeen)
    seen.close()
