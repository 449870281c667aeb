"""Benchmarks of dcn-console: figures with a reference measured in the same run."""
