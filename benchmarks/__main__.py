"""``python -m benchmarks``: what the suite costs, as ratios that are measured in one run, as tables in Markdown.

Times are of processors where one process is measured, so that a busy machine changes little; on the clock elsewhere.
"""

from __future__ import annotations

import argparse
import itertools
import os
from pathlib import Path

from benchmarks import gradients, harness, lines, share, start, workers
from conformance import profiles

TABLES = {each.__name__.rpartition(".")[2]: each for each in (share, harness, gradients, start, workers, lines)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*TABLES, []], metavar="TABLE", help=f"of {', '.join(TABLES)}")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="where the plot of 'lines' goes (svg, png)")
    options = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", TF_CPP_MIN_LOG_LEVEL="3")
    profiles.choose("ci")
    for name in options.only or TABLES:
        table = TABLES[name]
        print(f"\n{name}\n")
        rows = lines.rows(options.plot) if table is lines else table.rows()
        for cells in itertools.chain([table.HEAD, ["---"] * len(table.HEAD)], rows):
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
