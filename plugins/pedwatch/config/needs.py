"""What pedwatch needs around it, by service: Airflow's connections, and packages that an image may lack. Pure."""

from pedwatch.config.document import Config
from pedwatch.config.kinds_of_text import MAIL, WEBHOOK

GOOGLE, FIRESTORE, KUBERNETES, SLACK, COPIES = ALL = ("google", "firestore", "kubernetes", "slack", "copies")

PACKAGES = {
    GOOGLE: "apache-airflow-providers-google",
    FIRESTORE: "google-cloud-firestore",
    KUBERNETES: "apache-airflow-providers-cncf-kubernetes",
    SLACK: "apache-airflow-providers-slack",
}
"""Service → the package that talks with it. Airflow itself brings what copies need."""

OPTIONAL = ("kubernetes_default",)
"""Connections that need not exist: without it the provider asks the cluster that the task runs in."""


def connections_of(config: Config, *services: str) -> dict[str, str]:
    """Return the connections that services need, of all of them unless some are named: name → what for."""
    names, slack = config.connections, config.slack
    found: dict[str, str] = {}
    for service in services or ALL:
        match service:
            case "google":
                found[names.google] = "BigQuery, Firestore, Cloud Storage"
            case "kubernetes":
                found[names.kubernetes] = "the collectors' pods"
            case "slack":
                found[names.slack] = "the bot's token"
            case "copies":
                copies = [copy for team in slack.teams.values() for copy in team.also] + list(slack.platform_also)
                if any(copy.startswith(MAIL) for copy in copies):
                    found[names.smtp] = "copies by mail"
                hooks = (copy.removeprefix(WEBHOOK) for copy in copies if copy.startswith(WEBHOOK))
                found |= dict.fromkeys(hooks, "copies by webhook")
    return found
