"""How large rows are as a request's parameter, without making one."""

import datetime as dt
import json

from hypothesis import given
from hypothesis import strategies as st

from pedwatch.hooks.parameters import Typed, most_bytes, query_parameters

COLUMNS = {"name": "STRING", "count": "INT64", "is_over": "BOOL", "cycle": "TIMESTAMP"}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.none() | st.text(),
            "count": st.none() | st.integers(-(2**63), 2**63 - 1),
            "is_over": st.none() | st.booleans(),
            "cycle": st.none() | st.datetimes(min_value=dt.datetime(1, 1, 2), timezones=st.just(dt.UTC)),
        }
    ),
    max_size=5,
)


@given(ROWS)
def test_rows_never_take_more_than_is_said_and_not_much_less(rows: list[dict[str, object]]) -> None:
    (parameter,) = query_parameters({"rows": Typed(COLUMNS, rows)})
    taken = len(json.dumps(parameter.to_api_repr()["parameterValue"].get("arrayValues", [])))
    assert taken <= most_bytes(rows) + 2
    assert most_bytes(rows) <= 2 * taken
