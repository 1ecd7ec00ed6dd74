"""Exports to a file: peak memory as contacts grow, and the time against a loop by hand, in paired rounds."""

import argparse
import csv
import importlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pages import SHAPES
from server import local_server
from ways import Measured, account, talkifai_pages, techladder_pages, truedy_pages

FORMATS = ("csv", "jsonl", "parquet", "xlsx")
PAGES = {"A": truedy_pages, "B": techladder_pages, "C": talkifai_pages}


def by_unibatch(base_url: str, shape: str, total: int, path: Path) -> None:
    """The canonical columns and custom data, complete or not there."""
    unibatch = importlib.import_module("unibatch")
    with unibatch.connect(**account(base_url, shape, 8)) as client:
        exported = unibatch.export((client, f"n{total}"), path)
    if exported.contacts != total:
        raise RuntimeError(f"{exported.contacts} of {total} contacts")


def by_hand(base_url: str, shape: str, total: int, path: Path) -> None:
    """What a user would write: the vendor's own keys, row after row, with the library that the format needs."""
    client = importlib.import_module("httpx").Client()
    rows = (row for page in PAGES[shape](client, base_url, total) for row in page)
    WRITERS[path.suffix[1:]](rows, path)


def write_csv(rows: Iterator[dict[str, Any]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        first = next(rows)
        writer.writerow(first)
        writer.writerow(map(cell, first.values()))
        for row in rows:
            writer.writerow(map(cell, row.values()))


def write_jsonl(rows: Iterator[dict[str, Any]], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_parquet(rows: Iterator[dict[str, Any]], path: Path) -> None:
    """All rows at once, because a row's custom data may differ."""
    pa = importlib.import_module("pyarrow")
    plain = [{key: cell(value) for key, value in row.items()} for row in rows]
    importlib.import_module("pyarrow.parquet").write_table(pa.Table.from_pylist(plain), path)


def write_xlsx(rows: Iterator[dict[str, Any]], path: Path) -> None:
    book = importlib.import_module("xlsxwriter").Workbook(path, {"constant_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        for column, value in enumerate(row.values()):
            sheet.write(number, column, cell(value))
    book.close()


WRITERS = {"csv": write_csv, "jsonl": write_jsonl, "parquet": write_parquet, "xlsx": write_xlsx}
WAYS = {"unibatch": by_unibatch, "loop": by_hand}


def cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def measured_here(way: str, base_url: str, shape: str, total: int, form: str) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        WAYS[way](base_url, shape, total, Path(folder) / f"all.{form}")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Measured(wall, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def measure(way: str, base_url: str, shape: str, total: int, form: str) -> Measured:
    """Run one export in a fresh process."""
    command = [sys.executable, str(Path(__file__).resolve()), "--one", way, base_url, shape, str(total), form]
    return Measured(**json.loads(subprocess.check_output(command, text=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shapes", default="C", help="A: Truedy, B: TechLadder, C: TalkifAI")
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--few", type=int, default=20_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--contacts", type=int, default=50_000, help="for the times")
    parser.add_argument("--rounds", type=int, default=3, help="for the times; 0 leaves them out")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        way, base_url, shape, total, form = options.one
        print(json.dumps(asdict(measured_here(way, base_url, shape, int(total), form))))
        return
    with local_server() as base_url:
        for shape in options.shapes:
            assert shape in SHAPES
            if options.rounds:
                print(f"{shape}, {options.contacts:,} contacts")
                print(f"{'format':<9}{'wall s':>8}{'loop':>8}{'speed':>8}{'in CPU':>8}")
            for form in options.formats.split(",") if options.rounds else ():
                rounds = [
                    [measure(way, base_url, shape, options.contacts, form) for way in WAYS]
                    for _ in range(options.rounds)
                ]
                ours, loops = (statistics.median(one.wall for one in ways) for ways in zip(*rounds, strict=True))
                speed = statistics.median(loop.wall / our.wall for our, loop in rounds)
                in_cpu = statistics.median(loop.cpu / our.cpu for our, loop in rounds)
                print(f"{form:<9}{ours:8.2f}{loops:8.2f}{speed:8.2f}{in_cpu:8.2f}", flush=True)
            if options.many:
                print(f"{shape}, peak MiB\n{'format':<9}{options.few:>10,}{options.many:>12,}{'growth':>8}")
            for form in options.formats.split(",") if options.many else ():
                few, many = (
                    measure("unibatch", base_url, shape, total, form).peak_rss for total in (options.few, options.many)
                )
                print(f"{form:<9}{few:10.1f}{many:12.1f}{many - few:8.1f}", flush=True)


if __name__ == "__main__":
    main()
