"""Listing a campaign: unibatch against the loop that a user would write, in paired, alternating rounds."""

import argparse
import importlib.util
import os
import statistics

from server import local_server
from ways import Measured, measure

TARGETS = {
    ("sync", "A"): 1.1,
    ("sync", "B"): 1.1,
    ("sync", "C"): 1.1,
    ("async", "A"): 0.75,
    ("async", "B"): 1.0,
}


def report(shape: str, contacts: int, rounds: dict[str, list[Measured]]) -> None:
    for way, measured in rounds.items():
        wall = statistics.median(one.wall for one in measured) / contacts * 1e6
        cpu = statistics.median(one.cpu for one in measured) / contacts * 1e6
        line = f"{shape:<6}{way:<7}{wall:9.2f}{cpu:9.2f}"
        if way != "loop":
            speeds = [loop.wall / one.wall for loop, one in zip(rounds["loop"], measured, strict=True)]
            in_cpu = statistics.median(loop.cpu / one.cpu for loop, one in zip(rounds["loop"], measured, strict=True))
            target = f"{TARGETS[way, shape]:9.2f}" if (way, shape) in TARGETS else f"{'-':>9}"
            line += f"{statistics.median(speeds):9.2f}{min(speeds):7.2f}{max(speeds):7.2f}{in_cpu:9.2f}{target}"
            if way != "dlt" and "dlt" in rounds:
                of_dlt = statistics.median(dlt.cpu / one.cpu for dlt, one in zip(rounds["dlt"], measured, strict=True))
                line += f"{of_dlt:9.2f}"
        print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shapes", default="ABC", help="A: Truedy, B: TechLadder, C: TalkifAI")
    parser.add_argument("--ids", choices=["mixed", "ascending"], default="mixed", help="the order of the rows' ids")
    options = parser.parse_args()
    os.environ["BENCH_IDS"] = options.ids  # for the server and for what lists
    ways = ["loop", "sync", "async"]
    if importlib.util.find_spec("dlt"):
        ways.append("dlt")
    print(f"{options.contacts} contacts, {options.rounds} rounds, {options.ids} ids")
    print(
        f"{'shape':<6}{'way':<7}{'wall µs':>9}{'CPU µs':>9}{'speed':>9}{'min':>7}{'max':>7}{'in CPU':>9}{'target':>9}"
        + (f"{'of dlt':>9}" if "dlt" in ways else "")
    )
    with local_server() as base_url:
        for shape in options.shapes:
            measure("loop", base_url, shape, options.contacts)  # renders the server's pages
            rounds: dict[str, list[Measured]] = {way: [] for way in ways}
            for _ in range(options.rounds):
                for way in ways:
                    rounds[way].append(measure(way, base_url, shape, options.contacts))
            report(shape, options.contacts, rounds)


if __name__ == "__main__":
    main()
