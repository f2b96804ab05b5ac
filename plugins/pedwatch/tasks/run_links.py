"""Addresses in the Airflow UI."""

from urllib.parse import quote


def run_url(dag_id: str, run_id: str | None) -> str:
    """Return the address of a DAG run, as ``[api] base_url`` has it; empty when that is not configured."""
    from airflow.configuration import conf

    base = (conf.get("api", "base_url", fallback="") or "").rstrip("/")
    return f"{base}/dags/{quote(dag_id)}/runs/{quote(run_id, safe='')}" if base and run_id else ""
