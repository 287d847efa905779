"""Makes ``pytest -k backend=torch`` work in a checkout with nothing of ours installed."""

pytest_plugins = ["conformance.plugin"]
