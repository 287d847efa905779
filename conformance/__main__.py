"""``python -m conformance``: the command line, with nothing installed."""

from conformance.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
