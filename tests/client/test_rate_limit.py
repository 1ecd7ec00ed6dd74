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
from pyrate_limiter import SQLiteBucket

from unibatch.client.rate_limit import MARGIN, WINDOW, Budget, shared_budget
from unibatch.core.errors import ConfigError

searched = settings(max_examples=150, deadline=None, derandomize=True, database=None)

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


@pytest.fixture
def budget(clock: Clock) -> Budget:
    return Budget(100, clock=clock)


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
        assert budget._log.bucket is not None
        assert budget._log.bucket.count() <= 20


class TestTightening:
    @pytest.mark.parametrize("limit", [0, -1])
    def test_by_what_is_no_limit_changes_nothing(self, clock: Clock, limit: int) -> None:
        budget = Budget(3, clock=clock)
        budget.tighten(limit)
        assert taken(budget, 5) == 3

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

    @pytest.mark.parametrize(
        ("seconds", "wait"),
        [((10, 20), 20), ((20, 10), 20), ((math.inf,), 86_400), ((0,), 0), ((-1,), 0), ((math.nan,), 0)],
    )
    def test_the_longest_counts_and_a_day_at_most(
        self, budget: Budget, seconds: tuple[float, ...], wait: float
    ) -> None:
        for each in seconds:
            budget.hold(each)
        assert budget.take() == wait


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

    @pytest.mark.parametrize(
        ("in_flight", "answers", "may_go"),
        [
            pytest.param(3, [(9, 30, 0.3), (7, 30, 0.3), (8, 30, 0.3)], 7, id="the smallest number counts"),
            pytest.param(3, [(4, 30, 0)], 2, id="what is on its way may not be counted yet"),
            pytest.param(2, [(1, 30, 0), (2, 30, 0)], 1, id="when it has come the rest may go"),
            pytest.param(2, [(0, 2, 0), (50, 61, 1)], 50, id="a new window replaces the old one"),
            pytest.param(2, [(3, 30, 0), (4, 31, 0)], 3, id="ends in whole seconds are of the same window"),
            pytest.param(2, [(3, 30, 0), (4, 30, 12)], 3, id="a slow answer is of the same window"),
        ],
    )
    def test_answers_to_requests_that_were_sent_together(
        self, budget: Budget, clock: Clock, in_flight: int, answers: list[tuple[int, float, float]], may_go: int
    ) -> None:
        for _ in range(in_flight):
            budget.take()
        for remaining, reset_in, later in answers:
            clock.now += later
            budget.hear(remaining, reset_in)
            budget.give_back()
        assert taken(budget) == may_go

    @pytest.mark.parametrize(("remaining", "shortest", "longest"), [(1, SHORTEST_WAIT, 0.05), (0, 31, 31)])
    def test_an_answer_on_its_way_is_waited_for_if_more_may_remain(
        self, budget: Budget, remaining: int, shortest: float, longest: float
    ) -> None:
        budget.take()
        ask(budget, remaining, 30)
        assert shortest <= budget.take() <= longest

    def test_a_request_that_came_to_nothing_may_have_been_counted_or_not(self, budget: Budget) -> None:
        ask(budget, 5, 30)
        assert taken(budget, 2) == 2
        assert taken(budget) == 3

    @pytest.mark.parametrize("remaining", [4, 2])
    def test_the_next_answer_tells_which(self, budget: Budget, remaining: int) -> None:
        ask(budget, 5, 30)
        taken(budget, 2)
        ask(budget, remaining, 30)
        assert taken(budget) == remaining

    def test_what_came_to_nothing_is_settled_once(self, budget: Budget) -> None:
        ask(budget, 9, 30)
        taken(budget, 1)
        for _ in range(3):
            budget.take()
        for remaining in (8, 7):
            budget.hear(remaining, 30)
            budget.give_back()
        assert taken(budget) == 6

    @pytest.mark.parametrize("ends", [(45, 30), (30, 45)])
    def test_of_several_ends_of_a_window_the_earliest_counts(self, budget: Budget, ends: tuple[int, int]) -> None:
        for remaining, end in zip((1, 0), ends, strict=True):
            ask(budget, remaining, end)
        assert budget.take() == 30 + MARGIN

    @pytest.mark.parametrize(
        ("remaining", "reset_in"),
        [(-1, 30), (0, -1), (0, 3_601), (0, math.inf), (0, math.nan), (0, -math.inf)],
    )
    def test_nonsense_blocks_nobody(self, budget: Budget, remaining: int, reset_in: float) -> None:
        ask(budget, remaining, reset_in)
        assert taken(budget) == 99

    def test_giving_back_too_often_does_no_harm(self, budget: Budget) -> None:
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
        assert budget._log.bucket is not None
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
        assert isinstance(budget._log.bucket, SQLiteBucket)
        opened = budget._log.bucket.conn
        del budget
        gc.collect()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            opened.execute("SELECT 1")

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

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("none/requests.db", "No such file or directory"),
            (".", "unable to open database file"),
            ("letter.txt", "not a database"),
        ],
    )
    @pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")  # pyrate-limiter leaves it to the collector
    def test_no_database(self, tmp_path: Path, name: str, reason: str) -> None:
        (tmp_path / "letter.txt").write_text("a letter to somebody\n" * 100)
        assert reason in self.complaint(tmp_path / name)
        gc.collect()  # here, where the warning is expected, which Python has from 3.13 on

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
        kept = shared_budget(("truedy", "one"), 5, None)
        assert shared_budget(("truedy", "two"), 5, None) is not kept
        assert shared_budget(("truedy", "one"), 5, None) is kept

    def test_with_a_file_it_is_another_one_however_that_is_spelt(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        without = shared_budget(("truedy", "one"), 5, None)
        kept = shared_budget(("truedy", "one"), 5, Path("requests.db"))
        assert kept is not without
        assert shared_budget(("truedy", "one"), 5, tmp_path / "requests.db") is kept

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

    def test_a_budget_is_idle_when_its_requests_have_left_the_window_and_no_hold_is_left(self) -> None:
        clock = Clock()
        budget = Budget(3, clock=clock)
        idle = [budget.is_idle]
        assert taken(budget) == 3
        for later in (WINDOW + MARGIN - 0.1, 0.1):
            clock.now += later
            idle.append(budget.is_idle)
        budget.hold(100)
        for later in (99, 1):
            clock.now += later
            idle.append(budget.is_idle)
        assert idle == [True, False, True, False, True]

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

    def send(self, _: int = 0) -> bool:
        if self.budget.take() != 0:
            return False
        self.going += 1
        return True

    def arrive(self, _: int = 0) -> None:
        if self.going:
            self.going -= 1
            self.limit -= 1
            assert self.limit >= 0
            self.coming.append(self.limit)

    def answer(self, which: int) -> None:
        if self.coming:
            self.budget.hear(self.coming.pop(which % len(self.coming)), 30)
            self.budget.give_back()

    def lose_going(self, _: int) -> None:
        if self.going:
            self.going -= 1
            self.budget.give_back()

    def lose_coming(self, which: int) -> None:
        if self.coming:
            self.coming.pop(which % len(self.coming))
            self.budget.give_back()

    def follow(self, steps: list[tuple[str, int]]) -> None:
        for step, which in steps:
            getattr(self, step)(which)
        self.finish()

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
        st.tuples(st.sampled_from(["send", "arrive", "answer", "lose_going", "lose_coming"]), st.integers(0, 20)),
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
    vendor.follow(steps)


@searched
@given(
    limit=st.integers(1, 12),
    steps=st.lists(st.tuples(st.sampled_from(["send", "arrive", "answer"]), st.integers(0, 20)), max_size=60),
)
def test_when_all_is_answered_exactly_what_remains_may_go(limit: int, steps: list[tuple[str, int]]) -> None:
    vendor = VendorsWindow(limit)
    assert vendor.send()
    vendor.finish()
    vendor.follow(steps)
    assert taken(vendor.budget) == vendor.limit


Count = tuple[int, float]
"""What an answer says: how many requests remain, and when that ends, on the simulated clock."""


class Server(Protocol):
    def arrive(self, now: float) -> Count | None:
        """Take one request and tell, or refuse it."""


class FixedWindows:
    """Counts in windows that begin at fixed times."""

    def __init__(self, limit: int, begin: float, others: int = 0) -> None:
        self.limit = limit
        self.others = others
        self.begin = begin
        self.remaining = limit - others

    def arrive(self, now: float) -> Count | None:
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

    def arrive(self, now: float) -> Count | None:
        del self.log[: bisect.bisect_right(self.log, now - WINDOW)]
        if len(self.log) == self.limit:
            return None
        self.log.append(now)
        moment = self.log[0] if self.reset == "a place is free" else now
        return self.limit - len(self.log), float(int(moment + WINDOW))


class Simulation:
    """Eight workers who ask one server, with a budget for all of them."""

    def __init__(self, server: Server, clock: Clock, budget: Budget, *, gives_count: bool, seed: int) -> None:
        self.server = server
        self.clock = clock
        self.budget = budget
        self.gives_count = gives_count
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
            elif self.gives_count:
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


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("gives_count", [True, False])
@pytest.mark.parametrize("server", SERVERS)
def test_eight_workers_are_never_refused_and_hardly_slower_than_they_must(
    server: str, seed: int, *, gives_count: bool
) -> None:
    clock = Clock()
    simulation = Simulation(
        SERVERS[server](clock.now), clock, Budget(RATE, clock=clock), gives_count=gives_count, seed=seed
    )
    took = simulation.run()
    assert simulation.refused == 0
    assert SHORTEST < took < SHORTEST * 1.05
    assert simulation.asked < 450 * 10  # nobody asks all the time


@pytest.mark.parametrize("seed", range(3))
def test_where_others_use_the_key_no_request_is_refused(seed: int) -> None:
    clock = Clock()
    server = FixedWindows(RATE, clock.now - 34.5, others=70)
    simulation = Simulation(server, clock, Budget(RATE, clock=clock), gives_count=True, seed=seed)
    simulation.run()
    assert simulation.refused == 0
