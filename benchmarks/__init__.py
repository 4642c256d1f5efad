"""Benchmarks: ratios against stated baselines, each pair measured in one run (`make bench`)."""

import sys
from pathlib import Path

# In Lambda the layer puts its package on the path; here it lies in the layer's source.
sys.path.append(str(Path(__file__).parents[1] / "layers" / "universal_sync_core"))
