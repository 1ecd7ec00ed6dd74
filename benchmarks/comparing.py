"""Comparing two campaigns against listing them one after the other, in paired, alternating rounds: time and memory."""

import argparse
import importlib
import json
import resource
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from server import local_server
from ways import Measured, account

TIME_TARGET = 1.15  # of listing
MEMORY_TARGET = 30.0  # MiB more than a program that makes the same clients and reads nothing
WARM_UP = 2_000


def list_them(clients: list[Any], contacts: int) -> int:
    seen = 0
    for client in clients:
        for _ in client.list_contacts(f"n{contacts}"):
            seen += 1
    return seen


def compare_them(clients: list[Any], contacts: int) -> int:
    unibatch = importlib.import_module("unibatch")
    compared = unibatch.compare([(client, f"n{contacts}") for client in clients])
    return sum(int(side.figure("contacts").value) for side in compared.sides)


def read_nothing(_clients: list[Any], contacts: int) -> int:
    return 2 * contacts


WAYS = {"nothing": read_nothing, "list": list_them, "compare": compare_them}


def run(way: str, base_url: str, shapes: str, contacts: int) -> Measured:
    unibatch = importlib.import_module("unibatch")
    with ExitStack() as stack:
        clients = [stack.enter_context(unibatch.connect(**account(base_url, shape, 8))) for shape in shapes]
        if way != "nothing":
            list_them(clients, WARM_UP)
        wall, cpu = time.perf_counter(), time.process_time()
        seen = WAYS[way](clients, contacts)
        measured = Measured(
            time.perf_counter() - wall,
            time.process_time() - cpu,
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )
    if seen != 2 * contacts:
        raise RuntimeError(f"expected {2 * contacts} contacts, got {seen}")
    return measured


def measure(way: str, base_url: str, shapes: str, contacts: int) -> Measured:
    """Run `way` once, in a fresh process."""
    command = [sys.executable, str(Path(__file__).resolve()), "--one", way, base_url, shapes, str(contacts)]
    return Measured(**json.loads(subprocess.check_output(command, text=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=100_000, help="of each campaign")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pairs", default="AB,AC,BC", help="A: Truedy, B: TechLadder, C: TalkifAI")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        way, base_url, shapes, contacts = options.one
        print(json.dumps(vars_of(run(way, base_url, shapes, int(contacts)))))
        return
    print(
        f"two campaigns of {options.contacts} contacts, {options.rounds} rounds; "
        f"targets {TIME_TARGET} and {MEMORY_TARGET} MiB"
    )
    print(f"{'pair':<6}{'list µs':>9}{'compare':>9}{'of list':>9}{'min':>7}{'max':>7}{'CPU':>7}{'more MiB':>10}")
    with local_server() as base_url:
        for shapes in options.pairs.split(","):
            measure("list", base_url, shapes, options.contacts)  # renders the server's pages
            empty = measure("nothing", base_url, shapes, options.contacts)
            rounds = [
                tuple(measure(way, base_url, shapes, options.contacts) for way in ("list", "compare"))
                for _ in range(options.rounds)
            ]
            report(shapes, options.contacts, empty, rounds)


def vars_of(measured: Measured) -> dict[str, float]:
    return {"wall": measured.wall, "cpu": measured.cpu, "peak_rss": measured.peak_rss}


def report(shapes: str, contacts: int, empty: Measured, rounds: list[tuple[Measured, ...]]) -> None:
    ratios = [compared.wall / listed.wall for listed, compared in rounds]
    cpu = statistics.median(compared.cpu / listed.cpu for listed, compared in rounds)
    walls = [statistics.median(each[way].wall for each in rounds) / 2 / contacts * 1e6 for way in (0, 1)]
    more = max(compared.peak_rss for _, compared in rounds) - empty.peak_rss
    print(
        f"{shapes:<6}{walls[0]:9.2f}{walls[1]:9.2f}{statistics.median(ratios):9.2f}{min(ratios):7.2f}{max(ratios):7.2f}"
        f"{cpu:7.2f}{more:10.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
