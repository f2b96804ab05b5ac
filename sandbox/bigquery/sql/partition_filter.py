"""require_partition_filter: a query must restrict the partition column of every such table it reads.

Conditions carry the partition columns they restrict (``Expression.prunes``) up through AND, OR and the columns of
subqueries, views and WITH entries; WHERE and ON tell this module, and what is left unfiltered at the end is refused.
"""

from collections.abc import Iterable

from sandbox.bigquery.errors import invalid_query
from sandbox.bigquery.sql.expression import Origin
from sandbox.bigquery.sql.scopes import Scan


def mark_filtered(scans: list[Scan], pruned: Iterable[Origin], only: set[int] | None = None) -> None:
    """Note which scans a condition restricts; ``only`` limits it to the side of a join whose rows it may drop."""
    found = set(pruned)
    for scan in scans:
        if (scan.id, scan.column) in found and (only is None or scan.id in only):
            scan.is_filtered = True


def require_filters(scans: list[Scan]) -> None:
    """Refuse a statement that leaves a scan without its filter."""
    for scan in scans:
        if not scan.is_filtered:
            name = f"{scan.ref.project}.{scan.ref.dataset}.{scan.ref.table}"
            raise invalid_query(
                f"Cannot query over table '{name}' without a filter over column(s) '{scan.column}' "
                "that can be used for partition elimination"
            )
