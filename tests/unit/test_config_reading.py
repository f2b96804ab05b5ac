"""The configuration cannot lie: what is written twice, guessed, unpinned or nowhere known is said, all at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch.config import Config
from pedwatch.errors import ConfigurationError
from pedwatch.settings import parse_config

GOOD = """\
project: shop
bucket: ped-evidence
firestore: {project: shop}
collector:
  image: collector:1.2.0
clusters:
  - {name: eu, environment: prod}
slack:
  platform_channel: C0PLATFORM
"""


def mistakes(text: str, **environment: str) -> list[str]:
    """What is told about a configuration, a line each."""
    with pytest.raises(ConfigurationError) as caught:
        parse_config(text, environment, "p.yaml")
    return str(caught.value).splitlines()


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = (
        GOOD.replace("ped-evidence", "gs://ped-evidence/daily")
        .replace("collector:1.2.0", "collector:latest")
        .replace("project: shop\nb", "project: ${PEDWATCH_PROJECT}\nb")
        + "  storm_above: ten\n  digest_hour: 24\n  temas: {}\n"
        + "policy:\n  defaults: {tolerance_count: 1}\npolicy:\n  defaults: {tolerance_count: 1000}\n"
    )
    assert mistakes(text) == [
        "p.yaml:1: project: environment variable PEDWATCH_PROJECT is not set. Set it in the Composer environment "
        "(Environment variables) or give a default: ${PEDWATCH_PROJECT:-value}.",
        "p.yaml:2: bucket: 'gs://ped-evidence/daily' is an address: write the bucket's name alone, ped-evidence",
        "p.yaml:5: collector.image: 'collector:latest' is whatever was pushed last: write a version, or name@sha256: "
        "and its digest",
        "p.yaml:10: slack.storm_above: must be a whole number, not 'ten': write it without quotes or decimals",
        "p.yaml:11: slack.digest_hour: must be 23 or less, not 24",
        "p.yaml:12: slack.temas: unknown key; did you mean teams?",
        "p.yaml:15: policy: is written twice, first in line 13: remove one",
    ]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            ("ped-evidence", "ped/evidence"),
            "2: bucket: 'ped/evidence' is an address: write the bucket's name alone, ped",
        ),
        (("ped-evidence", "PED"), "2: bucket: 'PED' can be no bucket's name"),
        (("ped-evidence", "10.0.0.1"), "2: bucket: '10.0.0.1' can be no bucket's name"),
        (("ped-evidence", "goog-evidence"), "2: bucket: 'goog-evidence' can be no bucket's name"),
        (("ped-evidence", "12345"), "2: bucket: must be text, not 12345: put it in quotes"),
        (("collector:1.2.0", "eu-docker.pkg.dev/shop/collector"), "5: collector.image: 'eu-docker.pkg.dev/shop/coll"),
        (
            ("collector:1.2.0", "registry:5000/collector"),
            "5: collector.image: 'registry:5000/collector' has no version",
        ),
        (("collector:1.2.0", "c@sha256:12"), "5: collector.image: 'c@sha256:12' has no digest that can be one"),
        (("environment: prod}", "environment: no}"), None),
        (
            ("environment: prod}", "environment: 1:30}"),
            "7: clusters[0].environment: '1:30' does not fit: use lower-case",
        ),
        (
            ("prod}", "prod, endpoint: 'http://e'}"),
            "7: clusters[0].endpoint: 'http://e': a cluster is reached over https",
        ),
        (("prod}", "prod, endpoint: 'https://u:p@e'}"), "7: clusters[0].endpoint: 'https://u:p@e' is no address"),
        (("prod}", "prod, auth: token_file}"), "7: clusters[0].auth: is token_file, and none is named"),
        (("prod}", "prod, token_file: /t}"), "7: clusters[0].token_file: is read only with auth: token_file"),
        (
            ("prod}", "prod}\n  - {name: eu, environment: dev}"),
            "8: clusters[1].name: 'eu' is the name of clusters[0] too",
        ),
        (("prod}", "prod}\nretired_clusters: [eu]"), "8: retired_clusters[0]: 'eu' is in clusters too"),
        (("1.2.0", "1.2.0\n  environment: {API_TOKEN: x}"), "6: collector.environment.API_TOKEN: looks like a secret"),
        (("C0PLATFORM", "'#platform'"), "9: slack.platform_channel: '#platform' does not fit: use the channel's id"),
        (("C0PLATFORM", "C0P\n  storm_above: true"), "10: slack.storm_above: must be a whole number, not True"),
        (("C0PLATFORM", "C0P\n  storm_above: 1_0"), "10: slack.storm_above: must be a whole number, not '1_0'"),
        (("C0PLATFORM", "&c C0P\n  canary_channel: *c"), "9: slack.platform_channel: anchors and aliases"),
        (("C0PLATFORM", "!!str C0P"), "9: slack.platform_channel: tags"),
        (
            ("C0PLATFORM", "C0P\n  teams: {o: {channel: C0O, mode: canary}}"),
            "10: slack.teams.o.mode: is canary, and there",
        ),
        (("C0PLATFORM", "C0P\n  workload_link: 'https://x/{pod}'"), "10: slack.workload_link: {pod} is not known"),
        (
            ("slack:", "policy: {defaults: {gross_ratio: 1e999}}\nslack:"),
            "8: policy.defaults.gross_ratio: must be a num",
        ),
        (
            ("slack:", "policy: {teams: {o: {for_observations: 4}}}\nslack:"),
            "8: policy.teams.o.for_observations: for_observations (4) can never be reached",
        ),
        (
            ("slack:", "policy:\n  approvers: [{id: a, team_id: t}, {id: a, team_id: u}]\nslack:"),
            "9: policy.approvers[1].id: 'a' is approvers[0] already; an approver has one team",
        ),
    ],
)
def test_what_the_docs_promise_is_enforced(changed: tuple[str, str], expected: str | None) -> None:
    text = GOOD.replace(*changed)
    assert text != GOOD
    if expected is None:
        assert isinstance(parse_config(text, {}), Config)
        return
    found = mistakes(text)
    assert len(found) == (2 if "*c" in text else 1), found
    assert found[0].startswith(f"p.yaml:{expected}")


def test_one_image_by_digest_is_taken() -> None:
    digest = f"eu-docker.pkg.dev/shop/ped/collector@sha256:{'0' * 64}"
    assert parse_config(GOOD.replace("collector:1.2.0", digest), {}).collector.image == digest


def test_what_a_variable_held_is_named_with_it() -> None:
    text = GOOD.replace("ped-evidence", "${PEDWATCH_BUCKET}")
    assert mistakes(text, PEDWATCH_BUCKET="gs://x1y") == [
        "p.yaml:2: bucket (from PEDWATCH_BUCKET): 'gs://x1y' is an address: write the bucket's name alone, x1y"
    ]


def test_what_looks_like_a_variable_and_is_none_is_told() -> None:
    assert mistakes(GOOD.replace("ped-evidence", "${bucket}")) == [
        "p.yaml:2: bucket: '${bucket}' is no variable: write ${NAME} or ${NAME:-default}, the name in capitals"
    ]
    in_braces = mistakes(GOOD.replace("environment: prod", "environment: ${E:-prod}"))
    assert "p.yaml:7: is not valid YAML" in in_braces[0] and '"${NAME}"' in in_braces[0]
    keys = mistakes(GOOD + '  teams: {"${TEAM}": {channel: C0TEAM}}\n')
    assert any("a variable stands for a value, never for a key" in line for line in keys)


def test_a_variable_has_the_type_of_its_text_unless_it_is_quoted() -> None:
    text = GOOD + "  storm_above: ${STORMS:-10}\n"
    assert parse_config(text, {}).slack.storm_above == 10
    assert parse_config(text, {"STORMS": "7"}).slack.storm_above == 7
    assert "not '7'" in mistakes(text.replace("${STORMS:-10}", '"${STORMS}"'), STORMS="7")[0]
    assert parse_config(GOOD.replace("prod}", 'prod, location: "${L}"}'), {"L": "10"}).clusters[0].location == "10"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])).filter(bool))
def test_no_variable_changes_what_else_is_written(value: str) -> None:
    text = GOOD + '  contact: "${CONTACT}"\n'
    nasty = f"{value}\npolicy: {{defaults: {{tolerance_count: 1000}}}}"
    for held in (value, nasty, f'x"\n{nasty}', "a: b", "- 1", "*a", "# gone"):
        held = held[:100]
        config = parse_config(text, {"CONTACT": held})
        assert config.slack.contact == held
        assert config.policy.defaults.tolerance_count is None
