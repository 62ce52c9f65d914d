"""Benchmarks: `make bench`. What each part measures and how to read it: docs/benchmarks.md."""
