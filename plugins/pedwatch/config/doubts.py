"""What a configuration may say but will hardly do as meant: told by ``config validate``, never refused. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from pedwatch.config.document import Config
from pedwatch.written.spelling import meant
from pedwatch.written.yaml_text import Location


@dataclass(frozen=True)
class KnownNames:
    """What limits and workloads name: teams, APIs by team, and the clusters that were seen."""

    apis: frozenset[tuple[str, str]]
    """(team_id, api_id)."""
    clusters: frozenset[str]

    @property
    def teams(self) -> frozenset[str]:
        """The teams of the APIs."""
        return frozenset(team_id for team_id, _ in self.apis)


def doubts(config: Config) -> Iterator[tuple[Location, str]]:
    """Yield what can be doubted by the file alone, each with its place."""
    routed = config.slack.teams
    for team_id in config.policy.teams:
        if team_id not in routed:
            yield (
                ("policy", "teams", team_id),
                f"slack.teams has no {team_id}{meant(team_id, routed)}; if there is such a team, it is told of in the "
                "platform's channel",
            )
    for index, approver in enumerate(config.policy.approvers):
        if routed and approver.team_id not in routed:
            yield (
                ("policy", "approvers", index, "team_id"),
                f"slack.teams has no {approver.team_id}{meant(approver.team_id, routed)}; if it is misspelt, "
                f"{approver.id} may approve exemptions of their own team",
            )
    for team_id, route in routed.items():
        if route.mode == "platform":
            yield (
                ("slack", "teams", team_id),
                "is not live: its alerts are told in the platform's channel until it has mode: team",
            )
    for index, cluster in enumerate(config.clusters):
        if cluster.auth == "kubeconfig" and not config.collector.kubeconfig_secret:
            yield ("clusters", index, "auth"), "is kubeconfig, and collector.kubeconfig_secret names none to mount"


def unknown_names(config: Config, known: KnownNames) -> Iterator[tuple[Location, str]]:
    """Yield the names that no limit, no workload and no cluster bears."""
    for team_id, policy in config.policy.teams.items():
        if team_id not in known.teams:
            yield (
                ("policy", "teams", team_id),
                f"no limit and no workload is of a team {team_id}{meant(team_id, known.teams)}",
            )
            continue
        own = {api_id for of, api_id in known.apis if of == team_id}
        for api_id in policy.apis:
            if api_id not in own:
                yield (
                    ("policy", "teams", team_id, "apis", api_id),
                    f"no limit and no workload of {team_id} is of an API {api_id}{meant(api_id, own)}",
                )
    for team_id in config.slack.teams:
        if team_id not in known.teams:
            yield (
                ("slack", "teams", team_id),
                f"no limit and no workload is of a team {team_id}{meant(team_id, known.teams)}",
            )
    for index, name in enumerate(config.retired_clusters):
        if name not in known.clusters:
            yield ("retired_clusters", index), f"no cluster {name} was ever watched{meant(name, known.clusters)}"
