"""Draw what latency.py measured: docs/in-flight.svg.

python benchmarks/latency.py --in-flight 1,2,4,8,16,32 --json figures.json
python benchmarks/plot.py figures.json docs/in-flight.svg
"""

import argparse
import json
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

STYLES = {"sync": ("#0072b2", "o", "-"), "async": ("#d55e00", "s", "-"), "aiohttp": ("#666666", "x", "--")}
NAMES = {"sync": "unibatch, Client", "async": "unibatch, AsyncClient", "aiohttp": "aiohttp, dicts"}
SHAPES = {"A": "Truedy, 100 rows a page", "B": "TechLadder, 500 rows a page", "C": "TalkifAI, 500 rows a page"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figures", type=Path, help="what latency.py --json wrote")
    parser.add_argument("picture", type=Path, help="the SVG or PNG to write")
    options = parser.parse_args()
    figures = json.loads(options.figures.read_text())
    shapes = sorted({line["shape"] for line in figures["lines"]})
    mpl.rcParams.update({"svg.hashsalt": "unibatch", "font.size": 10})
    figure = Figure(figsize=(4.6 * len(shapes), 4.2), layout="constrained")
    for axes, shape in zip(figure.subplots(1, len(shapes), squeeze=False)[0], shapes, strict=True):
        for way, (colour, marker, dash) in STYLES.items():
            points = sorted(
                (line["in_flight"], line["speed"])
                for line in figures["lines"]
                if (line["shape"], line["way"]) == (shape, way)
            )
            if points:
                axes.plot(*zip(*points, strict=True), color=colour, marker=marker, linestyle=dash, label=NAMES[way])
        numbers = sorted({line["in_flight"] for line in figures["lines"]})
        axes.plot(numbers, numbers, color="#bbbbbb", linewidth=1, label="ideal")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log", base=2)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:g}")
        axes.set_xticks(numbers)
        axes.set_title(SHAPES[shape])
        axes.set_xlabel("pages under way at once (max_in_flight)")
        axes.set_ylabel(f"times as fast as one after the other, {figures['latency'] * 1000:g} ms a response")
        axes.grid(visible=True, color="#eeeeee")
        axes.legend(frameon=False)
    figure.savefig(options.picture, metadata={"Date": None} if options.picture.suffix == ".svg" else None)


if __name__ == "__main__":
    main()
