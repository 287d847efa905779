"""``python -m benchmarks``: what the suite costs, as ratios that are measured in one run, as tables in Markdown.

Times are of processors where one process is measured, so that a busy machine changes little; on the clock elsewhere.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from benchmarks import gradients, harness, lines, share, start, workers
from conformance import profiles

TABLES = {
    "share": share.table,
    "harness": harness.table,
    "gradients": gradients.table,
    "start": start.table,
    "workers": workers.table,
    "lines": lines.table,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*TABLES, []], metavar="TABLE", help=f"of {', '.join(TABLES)}")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="where the plot of 'lines' goes (svg, png)")
    options = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", TF_CPP_MIN_LOG_LEVEL="3")
    profiles.choose("ci")
    for name in options.only or TABLES:
        head, rows = lines.table(options.plot) if name == "lines" else TABLES[name]()
        print(f"\n{name}\n")
        for cells in (head, ["---"] * len(head), *rows):
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
