"""Copies of a message to a team's further channels: mail, and webhooks in Alertmanager's format. Pure.

A copy is an outbox row of its own, with the same episode and sequence and another channel: ``mailto:<address>`` or
``webhook:<Airflow connection>``. Shadow and canary copy nothing; what a storm groups is copied as the storm.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import SOME_BACK, Notification, notification_id
from pedwatch.config import Slack
from pedwatch.config.kinds_of_text import WEBHOOK

NOT_FOR_MACHINES = ("digest", "welcome", "acknowledged", "exemption_ending")
"""Reasons that open and close nothing: as an alert in Alertmanager's format each would page, and never end."""
ENDING = (
    "resolved",
    "exempted",
    "dag_recovered",
    "silence_over",
    "limit_accepted",
    "foreign_messages_over",
    "dead_letter",
)
"""Reasons after which a receiver has nothing open: what is exempt is allowed, a dead letter has no end of its own."""


def with_copies(notifications: Iterable[Notification], slack: Slack) -> list[Notification]:
    """Return the rows and, behind each, its copies."""
    found = []
    for notification in notifications:
        found.append(notification)
        if notification.destination != "team" or notification.status != "unsent":
            continue
        team = slack.teams.get(notification.team_id or "")
        is_platforms = notification.channel == slack.platform_channel
        for channel in slack.platform_also if is_platforms else team.also if team else ():
            is_webhook = channel.startswith(WEBHOOK)
            if notification.reason == SOME_BACK or (is_webhook and notification.reason in NOT_FOR_MACHINES):
                continue
            found.append(
                replace(
                    notification,
                    notification_id=notification_id(notification.episode_id, notification.sequence, channel),
                    channel=channel,
                )
            )
    return found


def labels_of(episode: Episode) -> dict[str, str]:
    """Return what identifies and grades an episode, for receivers that are machines."""
    names = {
        "over_limit": "PedLimitExceeded",
        "blind_cluster": "PedClusterBlind",
        "unaccepted_cluster": "PedClusterUnaccepted",
        "limits_blind": "PedLimitsBlind",
        "relabelled": "PedLabelsChanged",
    }
    subject = episode.subject
    labels = {
        "alertname": names[subject.kind],
        "severity": episode.severity or "warning",
        "environment": subject.environment,
        "cluster": subject.cluster,
        "namespace": subject.namespace,
        "workload": subject.workload_name,
        "api_id": subject.api_id,
        "team_id": subject.team_id,
        "limit_id": subject.limit_id,
        "starts_at": episode.started_cycle.astimezone(dt.UTC).isoformat(),
        "ends_at": episode.resolved_cycle.astimezone(dt.UTC).isoformat() if episode.resolved_cycle else None,
    }
    return {name: value for name, value in labels.items() if value}


def alertmanager_json(message: Message, payload: Mapping[str, str], receiver: str) -> dict[str, Any]:
    """Return a message as Alertmanager's webhook sends it (version 4), one alert whose fingerprint is the episode.

    Args:
        message: neutral message; ``labels`` identify what it is about.
        payload: ``episode_id``, ``reason`` and ``cycle`` of the outbox row.
        receiver: name of the Airflow connection.
    """
    labels = dict(message.labels)
    starts_at = labels.pop("starts_at", payload["cycle"])
    is_resolved = payload["reason"] in ENDING
    ends_at = labels.pop("ends_at", payload["cycle"]) if is_resolved else "0001-01-01T00:00:00Z"
    labels = {"alertname": "Pedwatch", "severity": "warning"} | labels
    annotations = {
        "summary": f"{message.title}: {message.summary}",
        "description": message.text,
        "reason": payload["reason"],
    }
    address = next((url for _, url in message.links), "")
    status = "resolved" if is_resolved else "firing"
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": starts_at,
        "endsAt": ends_at,
        "generatorURL": address,
        "fingerprint": payload["episode_id"].replace("-", "")[:16],
    }
    return {
        "version": "4",
        "groupKey": f'{{}}:{{episode_id="{payload["episode_id"]}"}}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": receiver,
        "groupLabels": {"alertname": labels["alertname"]},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": address,
        "alerts": [alert],
    }
