"""Speed, measured: `python3 -m tests.benchmarks`. Never part of the test suite."""
