"""Addresses in the Airflow UI; empty where ``[api] base_url`` is not configured."""

from urllib.parse import quote

from pedwatch.page_urls import ROOT


def _base() -> str:
    from airflow.configuration import conf

    return (conf.get("api", "base_url", fallback="") or "").rstrip("/")


def dag_url(dag_id: str) -> str:
    """Return the address of a DAG."""
    base = _base()
    return f"{base}/dags/{quote(dag_id)}" if base else ""


def run_url(dag_id: str, run_id: str | None) -> str:
    """Return the address of a DAG run; empty also without a run."""
    base = _base()
    return f"{base}/dags/{quote(dag_id)}/runs/{quote(run_id, safe='')}" if base and run_id else ""


def pages_url() -> str:
    """Return the address below which the pages about replicas are."""
    base = _base()
    return f"{base}/{ROOT}" if base else ""
