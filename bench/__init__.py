"""Benchmarks: each one command, ratios against a raw engine or an exact search in the same run."""
