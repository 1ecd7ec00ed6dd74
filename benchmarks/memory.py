"""Peak memory of listing a campaign: does it grow with the number of contacts?

Only small modules are imported here: on Linux a child's peak begins at the size of the process that started it.
"""

import argparse

from server import local_server
from ways import measure

FEW, MANY = 10_000, 1_000_000
TARGET = 8.0  # MiB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shapes", default="ABC", help="A: Truedy, B: TechLadder, C: TalkifAI")
    parser.add_argument("--ways", default="sync,async", help="of loop, sync, async, dlt")
    options = parser.parse_args()
    print(f"{'shape':<6}{'way':<7}{'peak MiB at':>12}{FEW:>9}{MANY:>9}{'growth':>9}{'target':>9}")
    with local_server() as base_url:
        for shape in options.shapes:
            for way in options.ways.split(","):
                few, many = (measure(way, base_url, shape, total).peak_rss for total in (FEW, MANY))
                print(f"{shape:<6}{way:<7}{'':>12}{few:9.1f}{many:9.1f}{many - few:9.1f}{TARGET:9.1f}", flush=True)


if __name__ == "__main__":
    main()
