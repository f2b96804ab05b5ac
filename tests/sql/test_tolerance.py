"""Tolerances are decimals, as they are written: in floating point 25 pairs of limit and share lose a pod."""

import math
from decimal import Decimal

from pedwatch import sql
from pedwatch.hooks.warehouse import Warehouse
from tests.sql.googlesql import SQL_ROOT

_RULE = "{% from 'verdicts/_tolerance.sql' import tolerated %}{{ tolerated('l', 'p') }}"


def test_every_share_of_every_limit_is_exact(case_warehouse: Warehouse) -> None:
    rule = sql._environment(SQL_ROOT).from_string(_RULE).render()
    found = case_warehouse.client.query(
        f"""
        SELECT l, percent, {rule} AS pods
        FROM UNNEST(GENERATE_ARRAY(0, 400)) AS l
        CROSS JOIN (
          SELECT percent, 0 AS tolerance_count, CAST(percent AS FLOAT64) / 100 AS tolerance_ratio
          FROM UNNEST(GENERATE_ARRAY(0, 100)) AS percent
        ) AS p
        """
    ).result()
    wrong = [tuple(row) for row in found if row["pods"] != row["l"] * row["percent"] // 100]
    assert not wrong
    assert (
        sum(math.floor(m * (r / 100)) != math.floor(m * Decimal(r) / 100) for m in range(401) for r in range(101)) == 25
    )
