"""What keeps a command from Google's services, in a sentence: login, rights, network, packages that are not there."""

UNSET = "environment variable "
"""What an error says of a configuration whose variables nobody has set, as at a desk."""
WHERE_TO_ASK = (
    "At a desk: PEDWATCH_CONFIG names the configuration of a project; after `make up`, `source build/live/shell.env` "
    "points this shell at the sandbox."
)
_LOG_IN = "log in with gcloud auth application-default login"
_OF_AIRFLOW = ("airflow", "slack_sdk", "kubernetes")
_PACKAGES = ("google", "grpc", "requests", "jinja2", *_OF_AIRFLOW)
"""What a wheel by itself does not bring."""
_MOST_CHARACTERS = 300


def sentence(error: Exception) -> str | None:
    """Return what happened and what mends it; None of an error that says neither."""
    if isinstance(error, ModuleNotFoundError):
        return _not_installed(error)
    names = {f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__}
    if "google.auth.exceptions.TransportError" in names or names & {
        "google.api_core.exceptions.RetryError",
        "google.api_core.exceptions.ServiceUnavailable",
        "requests.exceptions.ConnectionError",
        "requests.exceptions.Timeout",
    }:
        return f"Google cannot be reached: {briefly(error)}. Check the network and the proxy"
    if "google.auth.exceptions.GoogleAuthError" in names:
        return f"there are no valid credentials ({briefly(error)}): {_LOG_IN}"
    if "google.api_core.exceptions.Unauthorized" in names:
        return f"Google does not take these credentials ({briefly(error)}): {_LOG_IN}"
    if "google.api_core.exceptions.Forbidden" in names:
        return f"you lack a right: {briefly(error)}. docs/people.md says which role has it"
    if "google.api_core.exceptions.GoogleAPICallError" in names:
        return f"Google refused: {briefly(error)}"
    return None


def briefly(error: Exception) -> str:
    """Return an error's own words in one line, without what a gateway adds to them."""
    words = " ".join(str(getattr(error, "message", None) or error).split()).rstrip(". ")
    return words if len(words) <= _MOST_CHARACTERS else f"{words[:_MOST_CHARACTERS]}…"


def _not_installed(error: ModuleNotFoundError) -> str | None:
    package = (error.name or "").partition(".")[0]
    if package not in _PACKAGES:
        return None
    if package in _OF_AIRFLOW:
        return f"{error.name} is not installed, and this command needs it: run it where Airflow is, as after make setup"
    return f"{error.name} is not installed, and this command needs it: pip install 'pedwatch[google]'"
