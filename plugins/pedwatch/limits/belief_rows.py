"""Limits and policy as rows of BigQuery, and back."""

from collections.abc import Iterable, Mapping
from typing import Any

from pedwatch.config import Policy, PolicyConfig
from pedwatch.limits import ids
from pedwatch.limits.document import PedLimit, Selectors
from pedwatch.limits.history import Belief

REJECTION_COLUMNS = {
    "document_id": "STRING",
    "reason": "STRING",
    "content_sha256": "STRING",
    "has_previous_limit": "BOOL",
    "is_current": "BOOL",
}
POLICY_COLUMNS: dict[str, Any] = {
    "team_id": "STRING",
    "api_id": "STRING",
    "tolerance_count": "INT64",
    "tolerance_ratio": "FLOAT64",
    "grace_minutes": "INT64",
    "surge_budget_minutes": "INT64",
    "for_observations": "INT64",
    "window_observations": "INT64",
    "clear_observations": "INT64",
    "gross_ratio": "FLOAT64",
    "gross_count": "INT64",
    "critical_ratio": "FLOAT64",
    "approvers": {"approver": "STRING", "team_id": "STRING"},
}
COMMIT_COLUMNS = {"commit": "STRING", "author": "STRING", "committed_at": "TIMESTAMP", "ticket": "STRING"}
"""Of the commits that changed the policy: `pedwatch.config.commits.Commit`."""

PROPOSAL_COLUMNS: dict[str, Any] = {
    "limit_id": "STRING",
    "environment": "STRING",
    "team_id": "STRING",
    "api_id": "STRING",
    "scope": "STRING",
    "cluster": "STRING",
    "namespace": "STRING",
    "kind": "STRING",
    "name": "STRING",
    "labels": {"key": "STRING", "value": "STRING"},
    "max_replicas": "INT64",
    "exemptions": {
        "exemption_id": "STRING",
        "reason": "STRING",
        "ticket": "STRING",
        "approver": "STRING",
        "starts_at": "TIMESTAMP",
        "ends_at": "TIMESTAMP",
        "max_replicas": "INT64",
    },
}


def belief_row(belief: Belief) -> dict[str, Any]:
    """Return the columns of ``limit_history`` that a belief fills; the recorded range is the sync's."""
    limit = belief.limit
    source = limit.source
    return {
        "limit_id": limit.limit_id,
        "api_id": limit.api_id,
        "team_id": limit.team_id,
        "environment": limit.environment,
        "scope": limit.scope,
        "selectors": _selectors_row(limit.selectors),
        "version": belief.version,
        "max_replicas": limit.max_replicas,
        "approver": limit.grant.approver,
        "ticket": limit.grant.ticket,
        "exemptions": [_exemption_row(exemption.model_dump()) for exemption in limit.exemptions],
        "source_repo": source.repo if source else None,
        "source_path": source.path if source else None,
        "source_commit": source.commit if source else None,
        "document_update_time": belief.document_update_time,
        "document_version": belief.document_version,
        "versions_missing": belief.versions_missing,
        "valid_from": belief.valid_from,
        "valid_to": belief.valid_to,
        "content_sha256": belief.content_sha256,
        "is_deleted": belief.is_deleted,
    }


def proposal_row(limit: PedLimit) -> dict[str, Any]:
    """Return a limit as limits/replay_proposed.sql takes it."""
    return {
        "limit_id": limit.limit_id,
        "environment": limit.environment,
        "team_id": limit.team_id,
        "api_id": limit.api_id,
        "scope": limit.scope,
        **_selectors_row(limit.selectors),
        "max_replicas": limit.max_replicas,
        "exemptions": [_exemption_row(exemption.model_dump()) for exemption in limit.exemptions],
    }


def _selectors_row(selectors: Selectors) -> dict[str, Any]:
    labels = [{"key": key, "value": glob} for key, glob in sorted(selectors.labels.items())]
    return {**selectors.model_dump(exclude={"labels"}), "labels": labels}


def _read_selectors(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "labels": {label["key"]: label["value"] for label in row.get("labels") or []}}


def _exemption_row(exemption: dict[str, Any]) -> dict[str, Any]:
    return {"exemption_id": exemption.pop("id"), **exemption}


def read_beliefs(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Belief]]:
    """Read rows of ``limit_history`` (current beliefs only) by limit. They do not tell ``effective_from``."""
    found: dict[str, list[Belief]] = {}
    for row in rows:
        found.setdefault(row["limit_id"], []).append(_belief(row))
    return found


def _belief(row: Mapping[str, Any]) -> Belief:
    return Belief(
        version=row["version"],
        limit=_limit(row),
        content_sha256=row["content_sha256"],
        document_update_time=row["document_update_time"],
        is_deleted=row["is_deleted"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        document_version=row["document_version"],
        versions_missing=row["versions_missing"],
    )


def _limit(row: Mapping[str, Any]) -> PedLimit:
    _, _, _, *name = ids.parts_of(row["limit_id"])
    exemptions = [{"id": given["exemption_id"], **given} for given in row["exemptions"] or []]
    return PedLimit.model_validate(
        {
            "environment": row["environment"],
            "team_id": row["team_id"],
            "api_id": row["api_id"],
            "name": name[0] if name else None,
            "scope": row["scope"],
            "selectors": _read_selectors(row["selectors"] or {}),
            "max_replicas": row["max_replicas"],
            "grant": {"approver": row["approver"], "ticket": row["ticket"]},
            "exemptions": [{key: given[key] for key in given if key != "exemption_id"} for given in exemptions],
            "source": {name: row[f"source_{name}"] for name in ("repo", "path", "commit")},
        }
    )


def policy_rows(policy: PolicyConfig) -> list[dict[str, Any]]:
    """Return a policy version's rows, each complete: the defaults, then teams, then APIs that override them."""
    approvers = [{"approver": approver.id, "team_id": approver.team_id} for approver in policy.approvers]
    levels: list[tuple[str | None, str | None]] = [(None, None)]
    for team_id, team in policy.teams.items():
        levels += [(team_id, None), *((team_id, api_id) for api_id in team.apis)]
    return [
        {"team_id": team_id, "api_id": api_id, **_settings(policy.for_api(team_id, api_id)), "approvers": approvers}
        for team_id, api_id in levels
    ]


def _settings(policy: Policy) -> dict[str, Any]:
    return {name: value for name, value in policy.model_dump().items() if name in POLICY_COLUMNS}
