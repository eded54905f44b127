"""The folder of the promises, whose files import the modules beside them."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "guarantees" / "promises"))
