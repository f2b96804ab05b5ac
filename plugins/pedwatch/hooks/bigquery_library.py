"""BigQuery's client library, imported without what makes data frames of its rows."""

import sys
from types import ModuleType

FRAMES = (
    *("pandas", "pandas_gbq", "numpy", "pyarrow", "db_dtypes", "geopandas", "shapely"),
    *("tqdm", "IPython", "bigquery_magics", "google.cloud.bigquery_storage_v1"),
)
"""What the library imports where it is installed, as on Composer, and does without where it is not."""


def bigquery_library() -> ModuleType:
    """Return ``google.cloud.bigquery``; at the first call of a process it is told that there are no data frames.

    They cost each process 0.4 CPU seconds and 60 MB, and rows are read here as they come. Afterwards everybody who
    imports pandas gets it; only this library does without as long as the process lives (docs/decisions/0056). A process
    that imported the library before is left as it is: the web server's, which is not ours alone.
    """
    hidden = [name for name in FRAMES if name not in sys.modules]
    # What stands in sys.modules as None cannot be imported: an ImportError, as if it were not installed.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        from google.cloud import bigquery
    finally:
        for name in hidden:
            del sys.modules[name]
    return bigquery
