"""Labels from model servers: the same bytes whatever the network does, paid once, within limits."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import weft
from tests.engine.corpus import contents, write_corpus
from tests.engine.model_server import ModelServer

pytest.importorskip("aiohttp")
