"""The PED document: what it holds, what it hashes to, and its three forms."""

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pedwatch.limits import ids
from pedwatch.limits.document import PedLimit, json_schema
from tests.unit.limits.samples import exemption, limit, minutes, stored

SCHEMA = Path(__file__).resolve().parents[3] / "include" / "schemas" / "ped_limit.json"


def test_the_schema_file_is_the_models() -> None:
    """After changing the model: python -m pedwatch limits schema > include/schemas/ped_limit.json."""
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json_schema()


@pytest.mark.parametrize(
    ("fields", "is_valid"),
    [({}, True), ({"max_replica": 1}, False), ({"max_replicas": -1}, False), ({"source": {}}, False)],
    ids=["valid", "unknown key", "negative", "source is not for teams to write"],
)
def test_the_schema_judges_the_yaml_form(fields: dict[str, Any], is_valid: bool) -> None:
    content = yaml.safe_load(json.dumps(limit().model_dump(mode="json", exclude={"source"}))) | fields
    assert jsonschema.Draft202012Validator(json_schema()).is_valid(content) == is_valid


def test_an_id_is_made_of_environment_team_api_and_name() -> None:
    assert limit().limit_id == "prod.orders.orders-api"
    assert limit(name="batch").limit_id == "prod.orders.orders-api.batch"
    assert limit(team_id="Team_Pay", api_id="orders.v2").limit_id == "prod.Team_Pay.orders..v2"


_LABEL_VALUES = st.from_regex(r"[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?", fullmatch=True)
_NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
# Short and of few letters, so that parts often look like pieces of each other.
_CLOSE = st.from_regex(r"a(\.{0,3}a){0,3}", fullmatch=True)


@settings(max_examples=40)
@given(st.tuples(_NAMES, _LABEL_VALUES | _CLOSE, _LABEL_VALUES | _CLOSE, st.none() | _NAMES))
def test_an_id_tells_its_limit(parts: tuple[str, str, str, str | None]) -> None:
    environment, team_id, api_id, name = parts
    found = limit(environment=environment, team_id=team_id, api_id=api_id, name=name)
    assert ids.parts_of(found.limit_id) == tuple(part for part in parts if part)
    assert re.fullmatch(r"[-_.A-Za-z0-9]{1,1500}", found.limit_id)


@given(*[st.lists(_CLOSE, min_size=3, max_size=4)] * 2)
def test_no_two_limits_share_an_id(one: list[str], other: list[str]) -> None:
    assert (ids.joined(one) == ids.joined(other)) == (one == other)


def test_times_are_kept_in_utc_whatever_offset_they_were_written_in() -> None:
    written = limit(effective_from="2026-03-02T12:00:00+02:00")
    assert written.effective_from == minutes(0)
    assert written.content_sha256 == limit(effective_from="2026-03-02T10:00:00Z").content_sha256


@pytest.mark.parametrize(
    "moment",
    [20260301, "20260301", "2026-03-01", "tomorrow", dt.datetime(2026, 3, 1), True],
    ids=["a number", "digits", "a date", "a word", "a naive datetime", "a truth"],
)
def test_what_is_no_aware_time_is_refused(moment: Any) -> None:
    with pytest.raises(ValidationError, match=r"append Z|write it like"):
        limit(effective_from=moment)


def test_the_hash_ignores_source_and_bookkeeping_only() -> None:
    content = limit()
    assert content.model_copy(update={"source": {"commit": "abc"}}).content_sha256 == content.content_sha256
    assert limit(11).content_sha256 != content.content_sha256
    assert limit(scope="total").content_sha256 != content.content_sha256
    assert limit(effective_from=minutes(0)).content_sha256 != content.content_sha256


def test_the_firestore_form_makes_the_round_trip() -> None:
    content = limit(exemptions=[exemption(), exemption(id="ignore", max_replicas=None)], effective_from=minutes(0))
    document = stored(content, minutes(1), version=3, updated_at=minutes(1), previous_update_time=None)
    assert PedLimit.from_firestore(document.document_id, document.data) == content


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"ends_at": "2026-06-01T12:00:00Z"}, "91 days after starts_at, 90 are allowed"),
        ({"ends_at": "2026-03-02T12:00:00Z"}, "ends_at must be later than starts_at"),
        ({"ticket": " "}, "is empty"),
        ({"max_replicas": -1}, "greater than or equal to 0"),
    ],
    ids=["too long", "empty range", "no ticket", "negative ceiling"],
)
def test_an_exemption_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        limit(exemptions=[exemption(**fields)])


def test_an_exemption_of_exactly_ninety_days_counts() -> None:
    assert limit(exemptions=[exemption(ends_at="2026-05-31T12:00:00Z")]).exemptions[0].id == "sale"


def test_an_exemption_says_whether_it_has_a_ceiling() -> None:
    without = exemption()
    del without["max_replicas"]
    with pytest.raises(ValidationError, match="max_replicas"):
        limit(exemptions=[without])


def test_two_exemptions_of_one_id_are_refused() -> None:
    with pytest.raises(ValidationError, match="id sale is used twice"):
        limit(exemptions=[exemption(), exemption()])
