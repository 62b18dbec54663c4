"""Speed of what the suite spends its time on, each against the plain way to do it: `python -m harness.benchmarks`."""
