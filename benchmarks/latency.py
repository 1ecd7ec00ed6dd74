"""Listing a campaign of a server that is far away, with several pages under way: how many times as fast as the loop?"""

import argparse
import importlib.util
import json
import statistics
from pathlib import Path

from server import local_server
from ways import Measured, measure

TARGETS = {("sync", 8): 7.0, ("async", 8): 7.0, ("async", 16): 11.0}
OF_AIOHTTP = 0.93


def speed(measured: list[Measured], relative_to: list[Measured]) -> float:
    return statistics.median(other.wall / one.wall for one, other in zip(measured, relative_to, strict=True))


def report(shape: str, rounds: dict[tuple[str, int], list[Measured]]) -> list[dict[str, object]]:
    loop = rounds["loop", 1]
    lines: list[dict[str, object]] = []
    for (way, in_flight), measured in rounds.items():
        if way == "loop":
            continue
        of_loop = speed(measured, loop)
        line = f"{shape:<6}{way:<9}{in_flight:>9}{of_loop:9.2f}"
        line += f"{TARGETS[way, in_flight]:9.2f}" if (way, in_flight) in TARGETS else f"{'-':>9}"
        if ("aiohttp", in_flight) in rounds and way in {"sync", "async"}:
            line += f"{speed(measured, rounds['aiohttp', in_flight]):12.2f}{OF_AIOHTTP:9.2f}"
        print(line, flush=True)
        lines.append({"shape": shape, "way": way, "in_flight": in_flight, "speed": round(of_loop, 3)})
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shapes", default="AB", help="A: Truedy, B: TechLadder, C: TalkifAI")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds before each response")
    parser.add_argument("--in-flight", default="8,16", help="pages in flight")
    parser.add_argument("--json", type=Path, help="write the figures to this file too, for plot.py")
    options = parser.parse_args()
    numbers = [int(number) for number in options.in_flight.split(",")]
    ways = ["sync", "async", *(["aiohttp"] if importlib.util.find_spec("aiohttp") else [])]
    print(f"{options.contacts} contacts, {options.rounds} rounds, {options.latency * 1000:g} ms a response")
    print(f"{'shape':<6}{'way':<9}{'in flight':>9}{'speed':>9}{'target':>9}{'of aiohttp':>12}{'target':>9}")
    lines: list[dict[str, object]] = []
    with local_server(options.latency) as base_url:
        for shape in options.shapes:
            rounds: dict[tuple[str, int], list[Measured]] = {("loop", 1): []}
            rounds |= {(way, number): [] for number in numbers for way in ways}
            for _ in range(options.rounds):
                for way, in_flight in rounds:
                    rounds[way, in_flight].append(measure(way, base_url, shape, options.contacts, in_flight))
            lines += report(shape, rounds)
    if options.json:
        options.json.write_text(json.dumps({"latency": options.latency, "lines": lines}))


if __name__ == "__main__":
    main()
