"""Builds the clients of BigQuery, Firestore and Cloud Storage: from Airflow's connections, or as a person at a shell.

``warehouse(config)`` and ``storage_client(config)`` use the Airflow connection that the configuration names; tasks call
these, and so does ``FirestoreLimits.from_config``. The command line passes ``AsPerson()``: application default
credentials, anonymous for a service whose emulator variable is set, as Google's own Firestore and Storage clients do.
"""

from typing import TYPE_CHECKING, Any, Protocol

from pedwatch import settings
from pedwatch.config import Config
from pedwatch.errors import ConfigurationError, LedgerError
from pedwatch.hooks import applied_schema, bigquery_refusals
from pedwatch.hooks.bigquery_library import bigquery_library
from pedwatch.hooks.warehouse import Warehouse

if TYPE_CHECKING:
    from google.cloud import bigquery, firestore, storage


class ClientSource(Protocol):
    """Knows who we are and makes clients for it."""

    def bigquery(self, config: Config) -> "bigquery.Client":
        """Return a BigQuery client for the configured project and location."""

    def firestore(self, config: Config) -> "firestore.Client":
        """Return a Firestore client for the configured database."""

    def storage(self, config: Config) -> "storage.Client":
        """Return a Cloud Storage client."""


class AsAirflow:
    """Clients from the Airflow connection ``connections.google`` of the configuration."""

    def bigquery(self, config: Config) -> "bigquery.Client":
        """Return the client that the provider's BigQueryHook makes, without its module, which needs pandas."""
        library = bigquery_library()
        from airflow.providers.google.common.consts import CLIENT_INFO
        from airflow.providers.google.common.hooks.base_google import GoogleBaseHook

        hook = GoogleBaseHook(gcp_conn_id=config.connections.google)
        credentials = hook.get_credentials()
        _refuse_credentials_for_emulator("BIGQUERY_EMULATOR_HOST", credentials, config)
        client: bigquery.Client = library.Client(
            client_info=CLIENT_INFO,
            project=config.project,
            location=config.location,
            credentials=credentials,
            client_options=hook.get_client_options(),
        )
        return client

    def firestore(self, config: Config) -> "firestore.Client":
        """Return a Firestore client with the connection's credentials: the provider has no hook for one."""
        from airflow.providers.google.common.hooks.base_google import GoogleBaseHook
        from google.cloud import firestore

        credentials = GoogleBaseHook(gcp_conn_id=config.connections.google).get_credentials()
        _refuse_credentials_for_emulator("FIRESTORE_EMULATOR_HOST", credentials, config)
        return firestore.Client(
            project=config.firestore.project, database=config.firestore.database, credentials=credentials
        )

    def storage_of_heads(self, config: Config) -> "storage.Client":
        """Return a client that is the account which may only create heads, where one is configured."""
        return self._storage(config, config.evidence_heads.writer)

    def _storage(self, config: Config, account: str | None) -> "storage.Client":
        from airflow.providers.google.cloud.hooks.gcs import GCSHook

        hook = GCSHook(gcp_conn_id=config.connections.google, impersonation_chain=account)
        _refuse_credentials_for_emulator("STORAGE_EMULATOR_HOST", hook.get_credentials(), config)
        return hook.get_conn()

    def storage(self, config: Config) -> "storage.Client":
        """Return the client of the provider's GCSHook."""
        return self._storage(config, None)


class AsPerson:
    """Clients from application default credentials; anonymous where an emulator variable is set."""

    def bigquery(self, config: Config) -> "bigquery.Client":
        """Return a BigQuery client; unlike the other two it does not go anonymous for an emulator by itself."""
        from google.auth.credentials import AnonymousCredentials

        credentials: Any = AnonymousCredentials() if settings.is_emulated("BIGQUERY_EMULATOR_HOST") else None
        client: bigquery.Client = bigquery_library().Client(
            project=config.project, location=config.location, credentials=credentials
        )
        return client

    def firestore(self, config: Config) -> "firestore.Client":
        """Return a Firestore client."""
        from google.cloud import firestore

        return firestore.Client(project=config.firestore.project, database=config.firestore.database)

    def storage(self, config: Config) -> "storage.Client":
        """Return a Cloud Storage client."""
        from google.cloud import storage

        return storage.Client(project=config.project)


def warehouse(config: Config, source: ClientSource | None = None) -> Warehouse:
    """Return BigQuery with this project's statements.

    Raises:
        NewerSchemaError: the tables are of a later build; the message says what to do.
        ForeignDatasetError: they are another environment's; the message says what to do.
        LedgerError: BigQuery refused to say which schema they have, or did not answer.
    """
    found = warehouse_of_any_schema(config, source)
    applied_schema.refuse(found, settings.environment())
    return found


def warehouse_of_any_schema(config: Config, source: ClientSource | None = None) -> Warehouse:
    """Return BigQuery for what examines the tables, or tells that a run failed, whatever schema they have.

    Raises:
        LedgerError: there are no credentials.
    """
    from google.auth.exceptions import GoogleAuthError

    try:
        client = (source or AsAirflow()).bigquery(config)
    except GoogleAuthError as error:
        raise LedgerError(bigquery_refusals.not_logged_in(config, error)) from error
    return Warehouse(client, config, settings.include_dir() / "sql")


def storage_client(config: Config, source: ClientSource | None = None) -> "storage.Client":
    """Return a Cloud Storage client for the configured bucket's project.

    It asks for no bucket's metadata by itself, as it would for its traces: no role of deploy/iam permits that, and each
    denial is a line in the audit log.
    """
    settings.forgo_bucket_metadata()
    return (source or AsAirflow()).storage(config)


def heads_client(config: Config) -> "storage.Client":
    """Return a Cloud Storage client of a task that writes heads of evidence, and nothing else."""
    settings.forgo_bucket_metadata()
    return AsAirflow().storage_of_heads(config)


def _refuse_credentials_for_emulator(variable: str, credentials: Any, config: Config) -> None:
    """Stop before real credentials go to a stand-in, or a production task silently works on one."""
    from google.auth.credentials import AnonymousCredentials

    if settings.is_emulated(variable) and not isinstance(credentials, AnonymousCredentials):
        raise ConfigurationError(
            f"{variable} is set but connection {config.connections.google} carries real credentials: unset the "
            f'variable in production; in a sandbox give the connection the extra "is_anonymous": true.'
        )
