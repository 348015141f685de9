"""Lets the tests of this folder share `text_reference` and `text_samples`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
