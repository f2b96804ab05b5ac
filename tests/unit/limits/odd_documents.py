"""Documents as nobody meant them: what a console, another application or a copied file may leave in Firestore.

Strategies of hypothesis; the benchmark draws thousands from them, the tests some.
"""

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from tests.unit.limits.samples import exemption, limit


class Reference:
    """Stands for a type of the client's that has no text of its own."""

    path = "other/document"


class Point:
    """As above."""

    latitude, longitude = 1.5, -2.5


class Novelty:
    """A type that a later client may hand out."""


def _edges() -> st.SearchStrategy[dt.datetime]:
    """Times near both ends of the calendar, in zones that lead across them."""
    zones = st.integers(-1439, 1439).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
    near = st.timedeltas(dt.timedelta(), dt.timedelta(days=2))
    first = near.map(lambda gap: dt.datetime.min + gap)
    last = near.map(lambda gap: dt.datetime.max - gap)
    return st.builds(lambda moment, zone: moment.replace(tzinfo=zone), first | last, zones)


TIMES = st.one_of(
    _edges(),
    _edges().map(dt.datetime.isoformat),
    st.datetimes(timezones=st.none() | st.just(dt.UTC)),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})", fullmatch=True),
)
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([0, 1, 2**31 - 1, 2**31, 2**63 - 1, -1]),
    st.floats(),
    st.booleans(),
)
LEAVES = st.one_of(
    st.none(),
    NUMBERS,
    TIMES,
    st.text(max_size=20),
    st.text(st.sampled_from("\x00\n\x85\u2028\ufeff\U0001f600*<@`."), max_size=4),
    st.binary(max_size=8),
    st.sampled_from([Reference(), Point(), Novelty()]),
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)
_EXEMPTIONS = st.lists(
    st.dictionaries(st.sampled_from([*exemption(), "colour"]), VALUES, max_size=3).map(lambda odd: exemption(**odd))
    | VALUES,
    max_size=3,
).flatmap(lambda some: st.sampled_from([some, some * 2]))


@st.composite
def documents(draw: st.DrawFn, name: str = "n") -> dict[str, Any]:
    """Return the fields of a limit of this name of which up to three are not what they should be, or none is."""
    content = limit(10, name=name)
    data = content.to_firestore() | {"content_sha256": content.content_sha256, "deleted": False, "version": 1}
    bookkeeping = {
        "version": NUMBERS | VALUES,
        "previous_update_time": TIMES | VALUES,
        "deleted": VALUES,
        "content_sha256": VALUES,
    }
    mended = {"exemptions": _EXEMPTIONS, "effective_from": TIMES, "max_replicas": NUMBERS}
    for _ in range(draw(st.integers(1, 3))):
        field = draw(st.sampled_from([*data, "colour", "previous_update_time"]) | st.text(max_size=8))
        if draw(st.integers(0, 9)) == 0:
            data.pop(field, None)
        else:
            data[field] = draw(mended.get(field, VALUES) | bookkeeping.get(field, VALUES))
    return data


#: What a document of a PED file may be cut to, glued of, or strewn with.
_PIECES = st.sampled_from(
    [
        "environment: prod\n",
        "team_id: orders\n",
        "api_id: orders.v2\n",
        "max_replicas: 12\n",
        "grant: {approver: ana@platform, ticket: CAP-1}\n",
        'effective_from: "0001-01-01T00:00:00+09:00"\n',
        "effective_from: 9999-12-31T23:59:59.999999Z\n",
        "exemptions:\n",
        "  - {id: a, reason: r, ticket: t, approver: p, max_replicas: null,",
        " starts_at: 2026-11-20T00:00:00Z, ends_at: 2026-11-30T00:00:00Z}\n",
        "selectors: {labels: {tier: gold}}\n",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "&a ",
        "*a ",
        "!!binary ",
        "? ",
        ": ",
        "- ",
        "[",
        "{",
        "}",
        "|\n",
        '"',
        "'",
        "#",
        "\t",
        "\r",
        "\n",
        "\ufeff",
        "\u2028",
        "\x85",
        "\x00",
        '"\\L\\N\\P\\0"',
        "1e999",
        ".inf",
        "0o7",
        "-0",
        "~",
    ]
)
FILES = st.one_of(
    st.lists(_PIECES | st.text(max_size=3), max_size=12).map(lambda pieces: "".join(pieces).encode(errors="replace")),
    st.binary(max_size=60),
    st.tuples(st.lists(_PIECES, max_size=8).map(lambda pieces: "".join(pieces).encode()), st.binary(max_size=3)).map(
        lambda halves: halves[0] + halves[1]
    ),
)
