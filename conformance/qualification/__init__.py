"""The test of the test: planted faults that the suite must catch, and sound layers that it must leave alone."""
