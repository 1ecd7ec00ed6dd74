"""Where people wait for a server far away: contacts of many small campaigns, and adding to a large one.

Each is compared with the loop that a user would write, which asks for one page after the other. Several rounds, in
turns, in one process; the times of the clocks on the wall, since waiting is what is measured.
"""

import argparse
import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Callable

import httpx
from server import local_server
from ways import account, truedy_pages

import unibatch
from unibatch import ContactDraft

SMALL = 50
"""Contacts of each small campaign: one page."""

fresh = (f"+1212{number}" for number in itertools.count(3_000_000))
"""Numbers that nobody has yet."""


def many_loop(base_url: str, campaigns: list[str]) -> int:
    with httpx.Client(headers={"Authorization": "Bearer k"}) as client:
        pages = [page for one in campaigns for page in truedy_pages(client, base_url, one.removeprefix("n"))]
    return sum(map(len, pages))


def many_sync(base_url: str, campaigns: list[str]) -> int:
    with unibatch.connect(**account(base_url, "A", 8)) as client:
        return sum(1 for _ in client.list_contacts_of(campaigns))


def many_async(base_url: str, campaigns: list[str]) -> int:
    async def count() -> int:
        async with unibatch.connect_async(**account(base_url, "A", 8)) as client:
            return sum([1 async for _ in client.list_contacts_of(campaigns)])

    return asyncio.run(count())


def adding_loop(base_url: str, there: int, drafts: list[ContactDraft]) -> int:
    with httpx.Client(headers={"Authorization": "Bearer k"}) as client:
        known = {row["phone_number"] for page in truedy_pages(client, base_url, there) for row in page}
        missing = [{"phone_number": draft.phone_number} for draft in drafts if draft.phone_number not in known]
        answer = client.post(f"{base_url}/truedy/batch-calls/n{there}/contacts", json={"contacts": missing})
        return int(json.loads(answer.content)["data"]["added_count"])


def adding_sync(base_url: str, there: int, drafts: list[ContactDraft]) -> int:
    with unibatch.connect(**account(base_url, "A", 8)) as client:
        return len(client.add_contacts(f"n{there}", drafts).added)


def adding_async(base_url: str, there: int, drafts: list[ContactDraft]) -> int:
    async def add() -> int:
        async with unibatch.connect_async(**account(base_url, "A", 8)) as client:
            return len((await client.add_contacts(f"n{there}", drafts)).added)

    return asyncio.run(add())


def timed(work: Callable[[], int], expected: int) -> float:
    began = time.perf_counter()
    done = work()
    seconds = time.perf_counter() - began
    if done != expected:
        raise RuntimeError(f"expected {expected}, got {done}")
    return seconds


def report(title: str, rounds: int, ways: dict[str, Callable[[], float]]) -> None:
    times = {name: list[float]() for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name].append(way())
    for name, seconds in times.items():
        ratio = statistics.median(loop / one for loop, one in zip(times["loop"], seconds, strict=True))
        print(f"{title:<28}{name:<7}{statistics.median(seconds):9.2f}{ratio:9.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--campaigns", type=int, default=100, help="small campaigns")
    parser.add_argument("--there", type=int, default=50_000, help="contacts of the campaign that some are added to")
    parser.add_argument("--added", type=int, default=100)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds before each response")
    options = parser.parse_args()
    print(f"{options.rounds} rounds, {options.latency * 1000:g} ms a response, 8 pages in flight")
    print(f"{'':<28}{'way':<7}{'seconds':>9}{'speed':>9}")
    with local_server(options.latency) as base_url:
        campaigns = [f"n{SMALL}-{number}" for number in range(options.campaigns)]
        contacts = SMALL * len(campaigns)
        report(
            f"{options.campaigns} campaigns of {SMALL}",
            options.rounds,
            {
                "loop": lambda: timed(lambda: many_loop(base_url, campaigns), contacts),
                "sync": lambda: timed(lambda: many_sync(base_url, campaigns), contacts),
                "async": lambda: timed(lambda: many_async(base_url, campaigns), contacts),
            },
        )

        def adding(add: Callable[[str, int, list[ContactDraft]], int]) -> Callable[[], float]:
            def way() -> float:
                drafts = [ContactDraft(phone_number=number) for number in itertools.islice(fresh, options.added)]
                return timed(lambda: add(base_url, options.there, drafts), options.added)

            return way

        report(
            f"{options.added} added to {options.there:,}",
            options.rounds,
            {"loop": adding(adding_loop), "sync": adding(adding_sync), "async": adding(adding_async)},
        )


if __name__ == "__main__":
    main()
