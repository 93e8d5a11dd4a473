"""Benchmarks: ``make bench``, or ``python -m tests.bench.run --help``."""
