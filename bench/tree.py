"""Which tree is measured: the one that these benchmarks belong to, unless the ruler (ruler.py) drives another."""

import os
from pathlib import Path

VARIABLE = "PEDWATCH_BENCH_TREE"
OWN = Path(__file__).resolve().parents[1]
UNDER_TEST = Path(os.environ.get(VARIABLE) or OWN)
