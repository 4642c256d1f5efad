"""Benchmarks: ratios against stated baselines, each pair measured in one run (`make bench`)."""
