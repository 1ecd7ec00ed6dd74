"""The budget of requests: what it lets through, and how long it lets others wait. All clocks here are set by hand."""

from __future__ import annotations

import bisect
import gc
import heapq
import math
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from unibatch.client.rate_limit import MARGIN, WINDOW, Budget, shared_budget
from unibatch.core.errors import ConfigError

searched = settings(max_examples=300, deadline=None, derandomize=True, database=None)

SHORTEST_WAIT = 0.01


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


MakeBudget = Callable[[int], Budget]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["in memory", "in a file"])
def make(request: pytest.FixtureRequest, clock: Clock, tmp_path: Path) -> MakeBudget:
    file = tmp_path / "requests.db" if request.param == "in a file" else None
    return lambda requests_per_minute: Budget(requests_per_minute, file=file, clock=clock)


def taken(budget: Budget, most: int = 1_000) -> int:
    """How many requests may go at once, all of them answered without a word on limits."""
    count = 0
    while count < most and budget.take() == 0:
        budget.give_back()
        count += 1
    return count


def ask(budget: Budget, remaining: int, reset_in: float) -> None:
    """Make one request, whose answer tells the vendor's count."""
    assert budget.take() == 0
    budget.hear(remaining, reset_in)
    budget.give_back()


class TestTheWindow:
    def test_the_first_requests_go_at_once(self, make: MakeBudget) -> None:
        assert taken(make(5)) == 5

    def test_the_next_waits_until_the_first_has_left_the_window(self, make: MakeBudget, clock: Clock) -> None:
        budget = make(2)
        budget.take()
        clock.now += 20
        budget.take()
        assert budget.take() == pytest.approx(WINDOW + MARGIN - 20, abs=0.01)

    def test_after_the_wait_it_may_go(self, make: MakeBudget, clock: Clock) -> None:
        budget = make(1)
        budget.take()
        clock.now += budget.take()
        assert budget.take() == 0

    def test_what_was_given_back_stays_counted(self, make: MakeBudget) -> None:
        budget = make(1)
        budget.take()
        budget.give_back()
        assert budget.take() > 0

    def test_no_wait_is_so_short_that_waiting_is_work(self, make: MakeBudget, clock: Clock) -> None:
        budget = make(1)
        budget.take()
        clock.now += WINDOW + MARGIN - 0.0005
        assert budget.take() >= SHORTEST_WAIT

    def test_threads_get_no_more_together(self) -> None:
        budget = Budget(300, clock=Clock())
        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(lambda _: taken(budget, 100), range(8))) == 300

    def test_old_requests_are_forgotten(self, clock: Clock) -> None:
        budget = Budget(10, clock=clock)
        for _ in range(1_000):
            clock.now += 7
            assert taken(budget, 1) == 1
        assert budget._log.bucket.count() <= 20


class TestTightening:
    def test_a_lower_limit_counts_at_once(self, make: MakeBudget) -> None:
        budget = make(10)
        budget.tighten(3)
        assert taken(budget) == 3

    def test_it_counts_what_was_let_through_before(self, make: MakeBudget, clock: Clock) -> None:
        budget = make(10)
        taken(budget, 3)
        clock.now += 10
        taken(budget, 3)
        budget.tighten(4)
        assert budget.take() == pytest.approx(WINDOW + MARGIN - 10, abs=0.01)  # when only the last three are left

    @pytest.mark.parametrize("limit", [5, 6, 1_000])
    def test_a_limit_that_is_not_lower_changes_nothing(self, make: MakeBudget, limit: int) -> None:
        budget = make(5)
        budget.tighten(limit)
        assert taken(budget) == 5

    def test_where_no_limit_was_known_it_begins_to_count(self) -> None:
        budget = Budget(None)
        assert taken(budget, 100) == 100
        budget.tighten(3)
        assert taken(budget) == 3


class TestHolding:
    def test_nobody_may_send_until_it_is_over(self, make: MakeBudget, clock: Clock) -> None:
        budget = make(5)
        budget.hold(30)
        assert budget.take() == 30
        clock.now += 30
        assert budget.take() == 0

    @pytest.mark.parametrize("first", [10, 20])
    def test_the_longest_counts(self, clock: Clock, first: int) -> None:
        budget = Budget(5, clock=clock)
        budget.hold(first)
        budget.hold(30 - first)
        assert budget.take() == 20

    def test_it_lasts_a_day_at_most(self, clock: Clock) -> None:
        budget = Budget(5, clock=clock)
        budget.hold(math.inf)
        assert budget.take() == 86_400

    @pytest.mark.parametrize("nonsense", [0, -1, math.nan, -math.inf])
    def test_what_is_no_time_holds_nobody(self, clock: Clock, nonsense: float) -> None:
        budget = Budget(5, clock=clock)
        budget.hold(nonsense)
        assert budget.take() == 0


class TestTheVendorsCount:
    def test_exactly_what_remains_may_go(self, make: MakeBudget) -> None:
        budget = make(100)
        ask(budget, 5, 30)
        assert taken(budget) == 5

    def test_when_nothing_remains_all_wait_for_the_windows_end(self, make: MakeBudget) -> None:
        budget = make(100)
        ask(budget, 0, 30)
        assert budget.take() == 30 + MARGIN

    def test_after_the_windows_end_it_is_forgotten(self, make: MakeBudget, clock: Clock) -> None:
        budget = make(100)
        ask(budget, 0, 30)
        clock.now += 30 + MARGIN
        assert taken(budget) == 99

    def test_the_smallest_number_counts_in_whatever_order_answers_come(self, clock: Clock) -> None:
        budget = Budget(100, clock=clock)
        for remaining in (9, 7, 8):
            budget.take()
            clock.now += 0.3
            budget.hear(remaining, 30)
        for _ in range(3):
            budget.give_back()
        assert taken(budget) == 7

    def test_what_is_on_its_way_may_not_be_counted_yet(self, clock: Clock) -> None:
        budget = Budget(100, clock=clock)
        for _ in range(3):
            budget.take()
        budget.hear(4, 30)
        budget.give_back()
        assert taken(budget) == 2

    def test_an_answer_on_its_way_is_waited_for_shortly(self, clock: Clock) -> None:
        budget = Budget(100, clock=clock)
        budget.take()
        ask(budget, 1, 30)
        assert SHORTEST_WAIT <= budget.take() <= 0.05

    def test_once_it_has_come_the_rest_may_go(self, clock: Clock) -> None:
        budget = Budget(100, clock=clock)
        budget.take()
        ask(budget, 1, 30)
        budget.hear(2, 30)
        budget.give_back()
        assert taken(budget) == 1

    def test_where_nothing_remains_no_answer_is_waited_for(self, clock: Clock) -> None:
        budget = Budget(100, clock=clock)
        budget.take()
        ask(budget, 0, 30)
        assert budget.take() == 30 + MARGIN

    def test_a_request_that_came_to_nothing_may_have_been_counted_or_not(self, clock: Clock) -> None:
        budget = Budget(100, clock=clock)
        ask(budget, 5, 30)
        assert taken(budget, 2) == 2
        assert taken(budget) == 3

    @pytest.mark.parametrize("remaining", [4, 2])
    def test_the_next_answer_tells_which(self, clock: Clock, remaining: int) -> None:
        budget = Budget(100, clock=clock)
        ask(budget, 5, 30)
        taken(budget, 2)
        ask(budget, remaining, 30)
        assert taken(budget) == remaining

    def test_what_came_to_nothing_is_settled_once(self, clock: Clock) -> None:
        budget = Budget(100, clock=clock)
        ask(budget, 9, 30)
        taken(budget, 1)
        for _ in range(3):
            budget.take()
        for remaining in (8, 7):
            budget.hear(remaining, 30)
            budget.give_back()
        assert taken(budget) == 6

    def test_a_new_window_replaces_what_was_known_of_the_old_one(self, clock: Clock) -> None:
        budget = Budget(100, clock=clock)
        budget.take()
        ask(budget, 0, 2)
        clock.now += 1
        budget.hear(50, 61)
        budget.give_back()
        assert taken(budget) == 50

    def test_ends_told_in_whole_seconds_are_of_the_same_window(self, clock: Clock) -> None:
        budget = Budget(100, clock=clock)
        budget.take()
        ask(budget, 3, 30)
        budget.hear(4, 31)
        budget.give_back()
        assert taken(budget) == 3

    def test_a_slow_answer_that_counts_from_its_arrival_is_of_the_same_window(self, clock: Clock) -> None:
        budget = Budget(100, clock=clock)
        budget.take()
        ask(budget, 3, 30)
        clock.now += 12
        budget.hear(4, 30)
        budget.give_back()
        assert taken(budget) == 3
        assert budget.take() == 18 + MARGIN

    def test_of_several_ends_of_a_window_the_earliest_counts(self, clock: Clock) -> None:
        budget = Budget(100, clock=clock)
        ask(budget, 1, 45)
        ask(budget, 0, 30)
        assert budget.take() == 30 + MARGIN

    @pytest.mark.parametrize(
        ("remaining", "reset_in"),
        [(-1, 30), (0, -1), (0, 3_601), (0, math.inf), (0, math.nan), (0, -math.inf)],
    )
    def test_nonsense_blocks_nobody(self, clock: Clock, remaining: int, reset_in: float) -> None:
        budget = Budget(100, clock=clock)
        ask(budget, remaining, reset_in)
        assert taken(budget) == 99

    def test_giving_back_too_often_does_no_harm(self, clock: Clock) -> None:
        budget = Budget(100, clock=clock)
        budget.give_back()
        budget.take()
        ask(budget, 5, 30)
        assert taken(budget) == 4


class TestAFile:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "requests.db"

    def test_budgets_with_one_file_count_together(self, file: Path, clock: Clock) -> None:
        one, other = Budget(5, file=file, clock=clock), Budget(5, file=file, clock=clock)
        assert (taken(one, 3), taken(other)) == (3, 2)

    def test_it_outlives_them(self, file: Path, clock: Clock) -> None:
        assert taken(Budget(5, file=file, clock=clock), 3) == 3
        clock.now += 1
        assert taken(Budget(5, file=file, clock=clock)) == 2

    def test_it_serves_several_keys(self, file: Path, clock: Clock) -> None:
        budgets = [Budget(5, file=file, name=name, clock=clock) for name in ("a", "b", 'x\'; DROP TABLE "y" --')]
        assert [taken(budget) for budget in budgets] == [5, 5, 5]

    def test_it_names_no_key(self, file: Path, clock: Clock) -> None:
        taken(Budget(5, file=file, name="whose-requests", clock=clock))
        assert all(b"whose-requests" not in each.read_bytes() for each in file.parent.iterdir())

    def test_it_does_not_grow_with_every_process(self, file: Path, clock: Clock) -> None:
        for _ in range(30):
            clock.now += WINDOW
            budget = Budget(100, file=file, clock=clock)
            taken(budget, 1)
        assert budget._log.bucket.count() <= 3

    def test_while_another_process_writes_the_wait_is_short(self, file: Path, clock: Clock) -> None:
        budget = Budget(5, file=file, clock=clock)
        with FileLock(f"{file}.lock"):
            assert budget.take() == SHORTEST_WAIT
        assert budget.take() == 0

    @pytest.mark.parametrize("back", [0.5, 30, 3_600, 900_000])
    def test_a_clock_that_is_set_back_lets_nobody_wait_longer(self, file: Path, clock: Clock, back: float) -> None:
        budget = Budget(2, file=file, clock=clock)
        taken(budget)
        clock.now -= back
        wait = budget.take()
        assert 0 < wait <= WINDOW + MARGIN
        clock.now += wait
        assert budget.take() == 0

    def test_a_clock_that_is_set_back_lets_no_more_through(self, file: Path, clock: Clock) -> None:
        budget = Budget(5, file=file, clock=clock)
        taken(budget, 4)
        clock.now -= 3_600
        assert taken(budget) == 1

    def test_it_is_closed_when_nobody_needs_it(self, file: Path) -> None:
        budget = Budget(5, file=file)
        log = budget._log
        del budget
        gc.collect()
        with pytest.raises(ConfigError, match="closed"):
            log.put()

    def test_processes_get_no_more_together(self, file: Path) -> None:
        program = (
            "import sys, pathlib\n"
            "from unibatch.client.rate_limit import Budget\n"
            "budget = Budget(40, file=pathlib.Path(sys.argv[1]))\n"
            "count = 0\n"
            "while (wait := budget.take()) < 1:\n"
            "    count += not wait\n"
            "print(count)\n"
        )
        command = [sys.executable, "-c", program, str(file)]
        started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        assert sum(int(process.communicate()[0]) for process in started) == 40


class TestAFileThatCannotBeUsed:
    def complaint(self, file: Path) -> str:
        with pytest.raises(ConfigError) as caught:
            Budget(5, file=file)
        assert repr(str(file)) in str(caught.value)
        assert "name a file that can be written" in str(caught.value)
        return str(caught.value)

    def test_no_directory(self, tmp_path: Path) -> None:
        assert "No such file or directory" in self.complaint(tmp_path / "none" / "requests.db")

    def test_a_directory(self, tmp_path: Path) -> None:
        assert "unable to open database file" in self.complaint(tmp_path)

    def test_no_database(self, tmp_path: Path) -> None:
        file = tmp_path / "requests.db"
        file.write_text("a letter to somebody\n" * 100)
        assert "not a database" in self.complaint(file)

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write everything")
    def test_no_permission(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        assert "denied" in self.complaint(tmp_path / "requests.db")

    def test_one_that_breaks_later(self, tmp_path: Path) -> None:
        file = tmp_path / "requests.db"
        budget = Budget(5, file=file)
        with sqlite3.connect(file) as connection:
            (table,) = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchone()
            connection.execute(f"DROP TABLE {table}")
        connection.close()
        with pytest.raises(ConfigError, match="no such table"):
            budget.take()


class TestSharing:
    def test_clients_with_one_key_share_a_budget(self) -> None:
        assert shared_budget(("truedy", "one"), 5, None) is not shared_budget(("truedy", "two"), 5, None)
        kept = shared_budget(("truedy", "one"), 5, None)
        assert shared_budget(("truedy", "one"), 5, None) is kept

    @pytest.mark.parametrize("limits", [(3, 5), (5, 3)])
    def test_the_lowest_limit_counts(self, limits: tuple[int, int]) -> None:
        budgets = [shared_budget(("truedy", "lowest"), limit, None) for limit in limits]
        assert taken(budgets[0]) == 3

    def test_a_budget_outlives_its_last_client_as_long_as_its_requests_count(self) -> None:
        assert taken(shared_budget(("truedy", "last"), 3, None)) == 3
        gc.collect()
        assert taken(shared_budget(("truedy", "last"), 5, None)) == 0

    def test_a_budget_that_nobody_has_or_remembers_is_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert taken(shared_budget(("truedy", "last"), 3, None)) == 3
        monkeypatch.setattr(Budget, "is_idle", True)
        shared_budget(("truedy", "another"), 3, None)
        gc.collect()
        assert taken(shared_budget(("truedy", "last"), 5, None)) == 5

    def test_a_budget_is_idle_when_its_requests_have_left_the_window(self) -> None:
        clock = Clock()
        budget = Budget(3, clock=clock)
        idle = [budget.is_idle]
        assert taken(budget) == 3
        for later in (WINDOW + MARGIN - 0.1, 0.1):
            clock.now += later
            idle.append(budget.is_idle)
        assert idle == [True, False, True]

    def test_a_budget_that_is_held_is_not_idle(self) -> None:
        clock = Clock()
        budget = Budget(3, clock=clock)
        budget.hold(100)
        idle = []
        for later in (99, 1):
            clock.now += later
            idle.append(budget.is_idle)
        assert idle == [False, True]

    def test_one_file_serves_several_keys(self, tmp_path: Path) -> None:
        budgets = [shared_budget(("truedy", key), 5, tmp_path / "requests.db") for key in ("one", "two")]
        assert [taken(budget) for budget in budgets] == [5, 5]

    def test_one_file_is_one_budget_however_it_is_spelt(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        kept = shared_budget(("truedy", "spelling"), 5, Path("requests.db"))
        assert shared_budget(("truedy", "spelling"), 5, tmp_path / "requests.db") is kept

    def test_with_and_without_a_file_are_two_budgets(self, tmp_path: Path) -> None:
        kept = shared_budget(("truedy", "file"), 5, None)
        assert shared_budget(("truedy", "file"), 5, tmp_path / "requests.db") is not kept

    def test_a_file_that_cannot_be_used_leaves_no_budget_behind(self, tmp_path: Path) -> None:
        for _ in range(2):
            with pytest.raises(ConfigError):
                shared_budget(("truedy", "broken"), 5, tmp_path / "none" / "requests.db")


LIMIT = 7

steps = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(1, 10)),
        st.tuples(st.just("give back"), st.integers(1, 10)),
        st.tuples(st.just("advance"), st.floats(0, 45)),
        st.tuples(st.just("hold"), st.just(math.nan) | st.floats(-5, 90)),
        st.tuples(st.just("hear"), st.tuples(st.integers(-2, 10), st.floats(-5, 90))),
        st.tuples(st.just("wait"), st.none()),
    ),
    max_size=60,
)


@searched
@given(steps=steps)
def test_whatever_happens_no_window_holds_more_than_the_limit(steps: list[tuple[str, object]]) -> None:
    clock = Clock()
    budget = Budget(LIMIT, clock=clock)
    through: list[float] = []
    held_until = -math.inf
    for step, value in steps:
        match step, value:
            case "take", int(count):
                for _ in range(count):
                    wait = budget.take()
                    assert wait == 0 or SHORTEST_WAIT <= wait <= 90 + MARGIN
                    if wait == 0:
                        assert clock.now >= held_until
                        through.append(clock.now)
            case "give back", int(count):
                for _ in range(count):
                    budget.give_back()
            case "advance", float(seconds):
                clock.now += seconds
            case "hold", float(seconds):
                budget.hold(seconds)
                if seconds > 0:
                    held_until = max(held_until, clock.now + seconds)
            case "hear", (int(remaining), float(reset_in)):
                budget.hear(remaining, reset_in)
            case _:
                while wait := budget.take():
                    clock.now += wait
                through.append(clock.now)
    for first, later in zip(through, through[LIMIT:], strict=False):
        assert later - first > WINDOW


class VendorsWindow:
    """A vendor's count of one window, and the requests that are on their way to it and back."""

    def __init__(self, limit: int) -> None:
        self.budget = Budget(1_000, clock=Clock())
        self.limit = limit
        self.going = 0
        self.coming: list[int] = []

    def send(self) -> bool:
        if self.budget.take() != 0:
            return False
        self.going += 1
        return True

    def arrive(self) -> None:
        if self.going:
            self.going -= 1
            self.limit -= 1
            assert self.limit >= 0
            self.coming.append(self.limit)

    def answer(self, which: int) -> None:
        if self.coming:
            self.budget.hear(self.coming.pop(which % len(self.coming)), 30)
            self.budget.give_back()

    def lose_going(self) -> None:
        if self.going:
            self.going -= 1
            self.budget.give_back()

    def lose_coming(self, which: int) -> None:
        if self.coming:
            self.coming.pop(which % len(self.coming))
            self.budget.give_back()

    def finish(self) -> None:
        while self.going:
            self.arrive()
        while self.coming:
            self.answer(0)


@searched
@given(
    limit=st.integers(1, 12),
    others=st.integers(0, 3),
    steps=st.lists(
        st.tuples(st.sampled_from(["send", "arrive", "answer", "lose going", "lose coming"]), st.integers(0, 20)),
        max_size=80,
    ),
)
def test_in_whatever_order_answers_come_the_vendor_gets_no_more_than_it_said(
    limit: int, others: int, steps: list[tuple[str, int]]
) -> None:
    vendor = VendorsWindow(limit)
    assert vendor.send()
    vendor.limit = max(1, vendor.limit - others)
    vendor.finish()
    for step, which in steps:
        match step:
            case "send":
                vendor.send()
            case "arrive":
                vendor.arrive()
            case "answer":
                vendor.answer(which)
            case "lose going":
                vendor.lose_going()
            case _:
                vendor.lose_coming(which)
    vendor.finish()


@searched
@given(
    limit=st.integers(1, 12),
    steps=st.lists(st.tuples(st.sampled_from(["send", "arrive", "answer"]), st.integers(0, 20)), max_size=60),
)
def test_when_all_is_answered_exactly_what_remains_may_go(limit: int, steps: list[tuple[str, int]]) -> None:
    vendor = VendorsWindow(limit)
    assert vendor.send()
    vendor.finish()
    for step, which in steps:
        match step:
            case "send":
                vendor.send()
            case "arrive":
                vendor.arrive()
            case _:
                vendor.answer(which)
    vendor.finish()
    assert taken(vendor.budget) == vendor.limit


Told = tuple[int, float]
"""What an answer says: how many requests remain, and when that ends, on the simulated clock."""


class Server(Protocol):
    def arrive(self, now: float) -> Told | None:
        """Take one request and tell, or refuse it."""


class FixedWindows:
    """Counts in windows that begin at fixed times."""

    def __init__(self, limit: int, begin: float, others: int = 0) -> None:
        self.limit = limit
        self.others = others
        self.begin = begin
        self.remaining = limit - others

    def arrive(self, now: float) -> Told | None:
        while now >= self.begin + WINDOW:
            self.begin += WINDOW
            self.remaining = self.limit - self.others
        self.remaining -= 1
        return None if self.remaining < 0 else (self.remaining, float(int(self.begin + WINDOW)))


class SlidingWindow:
    """Counts the requests of the latest 60 seconds."""

    def __init__(self, limit: int, reset: str) -> None:
        self.limit = limit
        self.reset = reset
        self.log: list[float] = []

    def arrive(self, now: float) -> Told | None:
        del self.log[: bisect.bisect_right(self.log, now - WINDOW)]
        if len(self.log) == self.limit:
            return None
        self.log.append(now)
        moment = self.log[0] if self.reset == "a place is free" else now
        return self.limit - len(self.log), float(int(moment + WINDOW))


class Simulation:
    """Eight workers who ask one server, with a budget for all of them."""

    def __init__(self, server: Server, clock: Clock, budget: Budget, *, told: bool, seed: int) -> None:
        self.server = server
        self.clock = clock
        self.budget = budget
        self.told = told
        self.random = random.Random(seed)
        self.to_do = 450
        self.refused = 0
        self.asked = 0

    def run(self) -> float:
        """Let all requests be made; returns how many seconds that took."""
        began = self.clock.now
        workers = [self.work() for _ in range(8)]
        ready = [(began, number) for number in range(8)]
        while ready:
            self.clock.now, number = heapq.heappop(ready)
            if (pause := next(workers[number], None)) is not None:
                heapq.heappush(ready, (self.clock.now + pause, number))
        return self.clock.now - began

    def work(self) -> Iterator[float]:
        while self.to_do:
            self.to_do -= 1
            while wait := self.take():
                yield wait
            yield self.random.uniform(0.01, 0.3)
            answer = self.server.arrive(self.clock.now)
            yield self.random.uniform(0.01, 0.3)
            if answer is None:
                self.refused += 1
            elif self.told:
                self.budget.hear(answer[0], answer[1] - self.clock.now)
            self.budget.give_back()

    def take(self) -> float:
        self.asked += 1
        return self.budget.take()


RATE = 100
SHORTEST = 4 * WINDOW  # for 450 requests: 100 at once, and four times the next ones a minute later

SERVERS: dict[str, Callable[[float], Server]] = {
    "windows that begin with the first request": lambda now: FixedWindows(RATE, now),
    "windows that began before": lambda now: FixedWindows(RATE, now - 34.5),
    "windows that end soon": lambda now: FixedWindows(RATE, now - 58.7),
    "a sliding window that tells when a place is free": lambda _: SlidingWindow(RATE, "a place is free"),
    "a sliding window that tells when all places are free": lambda _: SlidingWindow(RATE, "all are free"),
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("told", [True, False], ids=["told", "not told"])
@pytest.mark.parametrize("server", SERVERS)
class TestEightWorkers:
    def simulation(self, server: str, seed: int, *, told: bool) -> Simulation:
        clock = Clock()
        return Simulation(SERVERS[server](clock.now), clock, Budget(RATE, clock=clock), told=told, seed=seed)

    def test_no_request_is_refused(self, server: str, told: bool, seed: int) -> None:  # noqa: FBT001 - a parameter
        simulation = self.simulation(server, seed, told=told)
        simulation.run()
        assert simulation.refused == 0

    def test_it_takes_hardly_longer_than_it_must(self, server: str, told: bool, seed: int) -> None:  # noqa: FBT001  # a parameter
        took = self.simulation(server, seed, told=told).run()
        assert SHORTEST < took < SHORTEST * 1.05

    def test_nobody_asks_all_the_time(self, server: str, told: bool, seed: int) -> None:  # noqa: FBT001  # a parameter
        simulation = self.simulation(server, seed, told=told)
        simulation.run()
        assert simulation.asked < 450 * 10


@pytest.mark.parametrize("seed", range(5))
def test_where_others_use_the_key_nobody_is_refused_who_was_told(seed: int) -> None:
    clock = Clock()
    server = FixedWindows(RATE, clock.now - 34.5, others=70)
    simulation = Simulation(server, clock, Budget(RATE, clock=clock), told=True, seed=seed)
    simulation.run()
    assert simulation.refused == 0
