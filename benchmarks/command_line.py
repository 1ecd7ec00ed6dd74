"""The command line against scripts by hand, as complete processes that take turns: CPU time and wall time.

Help is compared with a script that imports httpx and prints a line. httpx imports click and rich where they are
installed, which takes nearly as long as the rest of it, so this script hides them, as where only httpx is installed.
Data commands are compared with an httpx script that asks for the same pages and prints the vendor's rows.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from server import local_server

CLI = [str(Path(sys.executable).with_name("unibatch"))]
WITHOUT_EXTRAS = 'import sys; sys.modules["click"] = None\n'
LINE = 'import httpx; print("x")'
LOOP = """
import csv, json, sys
import httpx
url, form = sys.argv[1:]
columns = csv.writer(sys.stdout)
with httpx.Client(headers={"Authorization": "Bearer k"}) as client:
    offset, has_more = 0, True
    while has_more:
        response = client.get(url, params={"limit": 100, "offset": offset})
        response.raise_for_status()
        body = response.json()
        for row in body["data"]:
            if form == "csv":
                columns.writerow([json.dumps(v) if isinstance(v, dict) else v for v in row.values()])
            else:
                print(json.dumps(row))
        offset, has_more = offset + 100, body["pagination"]["has_more"]
"""
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "UNIBATCH_"))}


def run(command: Sequence[str], folder: Path) -> tuple[float, float]:
    """Run a command to its end; its CPU and wall time in ms."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    after, ended = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu * 1000, (ended - began) * 1000


def compare(what: str, by_hand: Sequence[str], ours: Sequence[str], *, target: str, folder: Path, rounds: int) -> None:
    for command in (by_hand, ours):
        run(command, folder)  # warms the page cache and writes the bytecode
    pairs = [(run(by_hand, folder), run(ours, folder)) for _ in range(rounds)]
    line = f"{what:34}"
    for clock in (0, 1):
        ratios = [mine[clock] / hand[clock] for hand, mine in pairs]
        hand, mine = (statistics.median(times[clock] for times in side) for side in zip(*pairs, strict=True))
        line += f"{hand:9.0f}{mine:9.0f}{statistics.median(ratios):7.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
    print(f"{line}{target:>8}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--contacts", type=int, default=50_000)
    options = parser.parse_args()
    print(f"{'':34}{'by hand':>9}{'unibatch':>9}{'CPU':>7}{'by hand':>21}{'unibatch':>9}{'wall':>7}{'target':>20}")
    with local_server() as base_url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "unibatch.toml").write_text(
            f'[profiles.main]\nprovider = "truedy"\nbase_url = "{base_url}/truedy"\napi_key = "k"\n'
            "allow_literal_key = true\nrequests_per_minute = 1000000\n"
        )
        line = [sys.executable, "-c", WITHOUT_EXTRAS + LINE]
        for arguments in ("--version", "--help", "contacts --help", "create --help", "completion bash"):
            compare(
                arguments,
                line,
                [*CLI, *arguments.split()],
                target="0.7",
                folder=folder,
                rounds=options.rounds,
            )

        def list_contacts(number: int, form: str, target: str, rounds: int) -> None:
            url = f"{base_url}/truedy/batch-calls/n{number}/contacts"
            by_hand = [sys.executable, "-c", LOOP, url, form]
            ours = [*CLI, "contacts", f"n{number}", "--format", form]
            compare(f"contacts --format {form}, {number:,}", by_hand, ours, target=target, folder=folder, rounds=rounds)

        for form in ("jsonl", "csv", "table"):
            list_contacts(100, form, "1.2", options.rounds)
        for form in ("jsonl", "csv"):
            list_contacts(options.contacts, form, "2.0", options.rounds // 3)


if __name__ == "__main__":
    main()
