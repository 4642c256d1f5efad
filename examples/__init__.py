"""Workflows that a user might write, run with the real template on the local cloud."""

import sys
from pathlib import Path

# In Lambda, the layer puts its package on the path; here it is in the layer's source.
sys.path.append(str(Path(__file__).parents[1] / "layers" / "universal_sync_core"))
