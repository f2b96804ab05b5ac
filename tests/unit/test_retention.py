"""Kept and forgotten on purpose: nothing that an audit needs goes earlier; what would is refused by field and fix."""

import pytest

from pedwatch.config import Config, Retention
from pedwatch.config.retention import LOOKS_BACK_DAYS
from pedwatch.errors import ConfigurationError
from pedwatch.settings import parse_config
from tests.unit.test_config_reading import GOOD


def read(*lines: str) -> Config:
    """Read a configuration whose retention begins in line 10."""
    return parse_config(GOOD + "\n".join(["retention:", *lines]) + "\n", {}, "p.yaml")


def test_by_default_an_audit_of_a_year_has_a_month_and_packs_stay_for_seven_years() -> None:
    kept = Retention()
    assert kept.auditable_days >= 366 + 31
    assert kept.pack_years == 7
    assert kept.tables.subject_days >= 7 * 365
    days = kept.model_dump()
    assert all(days[at[0]][at[1]] >= needed >= 366 + 31 + LOOKS_BACK_DAYS for at, needed in kept.needed.items())


def test_what_an_audit_reads_is_what_it_needs() -> None:
    """A statement of the audit that reads another table whose rows age finds its need unwritten here."""
    from pedwatch import sql
    from tests.conftest import ROOT

    root = ROOT / "include" / "sql"
    ages = set(Retention().tables.model_dump())
    read_by: set[str] = set()
    for name in sql.statement_names(root):
        if name.startswith("audit/") or name in ("verdicts/judge_period.sql", "verdicts/replay_period.sql"):
            text = sql.render(root, name, dataset="d", lookback_minutes=15, kinds="'a'")
            read_by |= {table for table in ages if f"`d.{table}`" in text}
    needed = {str(at[1]) for at in Retention().needed if at[0] == "tables"}
    assert {"replica_observations", "verdicts", "collection_runs", "limit_sync_runs"} <= read_by <= needed


@pytest.mark.parametrize("field", [f"{at[0]}.{at[1]}" for at in Retention().needed])
def test_what_goes_before_an_audit_is_made_is_refused(field: str) -> None:
    block, name = field.split(".")
    needed = Retention().needed[(block, name)]
    assert read(f"  {block}: {{{name}: {needed}}}")
    with pytest.raises(ConfigurationError) as caught:
        read(f"  {block}: {{{name}: {needed - 1}}}")
    assert str(caught.value) == (
        f"p.yaml:11: retention.{field}: {needed - 1} days are less than an audit needs of any of the last 397 days: "
        f"write {needed} or more, or a smaller retention.auditable_days"
    )


def test_all_that_is_too_short_is_told_at_once_and_fewer_days_need_less() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read("  auditable_days: 400", "  pack_years: 1", "  tables: {heartbeats: 10}")
    assert "p.yaml:13: retention.tables.heartbeats: must be 35 or more, not 10" in str(caught.value)
    with pytest.raises(ConfigurationError) as caught:
        read("  auditable_days: 400", "  pack_years: 1")
    told = str(caught.value).splitlines()
    assert len(told) == 8 and told[-1].endswith("evidence may not go before what it was made of")
    fewer = read("  auditable_days: 90", "  tables: {verdicts: 92, replica_observations: 92}").retention
    assert fewer.tables.verdicts == 92


def test_bigquery_has_partitions_for_no_longer() -> None:
    with pytest.raises(ConfigurationError, match=r"retention\.tables\.verdicts: must be 410 or less, not 500"):
        read("  tables: {verdicts: 500}")
