"""Import time of unibatch against that of httpx, in fresh processes that take turns.

`import unibatch` leaves httpx and the clients for their first use, so the time until there is a client is printed too.
"""

import argparse
import statistics
import subprocess
import sys
import time

TARGET = 1.5  # of the imports; none is set for the time until there is a client

CLIENTS = {
    "httpx": "import httpx; httpx.Client().close()",
    "unibatch": (
        "import unibatch; "
        "unibatch.connect(provider='truedy', api_key='k', base_url='http://127.0.0.1:9').close()"  # sends nothing
    ),
}


def run_ms(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter() - start) * 1000


def import_ms(module: str) -> float:
    """Return what `-X importtime` says of `module`, with all that it imports."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    _, cumulative, _ = next(line for line in report.splitlines() if line.endswith(f"| {module}")).split("|")
    return int(cumulative) / 1000


def process_ms(module: str) -> float:
    """Return the wall time of a whole interpreter that imports `module` and ends."""
    return run_ms(f"import {module}")


def client_ms(module: str) -> float:
    """Return the wall time of a whole interpreter that makes a client and ends."""
    return run_ms(CLIENTS[module])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    print(f"{'':16}{'httpx ms':>10}{'unibatch ms':>13}{'ratio':>8}{'min':>7}{'max':>7}{'target':>8}")
    for name, measure in {"import": import_ms, "whole process": process_ms, "with a client": client_ms}.items():
        for module in ("httpx", "unibatch"):
            measure(module)  # warms the page cache and writes the bytecode
        pairs = [(measure("httpx"), measure("unibatch")) for _ in range(rounds)]
        ratios = [unibatch / httpx for httpx, unibatch in pairs]
        httpx, unibatch = (statistics.median(times) for times in zip(*pairs, strict=True))
        target = f"{'-':>8}" if measure is client_ms else f"{TARGET:8.1f}"
        print(
            f"{name:16}{httpx:10.0f}{unibatch:13.0f}{statistics.median(ratios):8.2f}"
            f"{min(ratios):7.2f}{max(ratios):7.2f}{target}"
        )


if __name__ == "__main__":
    main()
