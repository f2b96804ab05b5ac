"""Why a cluster is not seen, in words that need no list of error classes beside them. Pure."""

_WORDS = {
    "no_manifest": "no collector pod reported",
    "not_listed": "it is neither configured nor discovered any more",
    "missed_cycle": "no run collected",
    "impersonation": "the collector could not become its Google account",
    "unauthenticated": "the cluster refused the collector's identity",
    "forbidden": "the collector may not list workloads there",
    "unreachable": "its API server cannot be reached",
    "timeout": "its API server did not answer in time",
    "dns": "its address cannot be resolved",
    "not_tried": "the collector's time was up before its turn",
    "tls": "its certificate is not the expected one",
    "throttled": "its API server is overloaded",
    "server_error": "its API server answers with errors",
    "bad_payload": "something else answers at its address",
    "redirected": "something else answers at its address",
    "api_missing": "it does not serve an API that is needed",
    "missing_zones": "GKE could not ask all zones",
    "undescribed": "GKE describes it in a way that cannot be used",
    "moved": "it is not where it was first seen",
    "ambiguous": "another cluster has its name",
    "project_removed": "its project is not in the configuration any more",
}


def in_words(error_class: str | None) -> str:
    """Say why, with the class that runbooks and tables know it by."""
    if not error_class:
        return "nothing is known of why"
    words = _WORDS.get(error_class)
    return f"{words} ({error_class})" if words else error_class
