"""The environment as Composer's API describes it: does it run, with our packages, overrides and worker slots."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pedwatch.config import Config
from pedwatch.doctor.findings import Finding
from pedwatch.doctor.google_rest import Ask, refusal

AREA = "Environment"
API = "https://composer.googleapis.com/v1"
RIGHT = "composer.environments.get (roles/composer.user)"
BACKEND = "airflow.providers.google.cloud.secrets.secret_manager.CloudSecretManagerBackend"
BESIDES_THE_PODS = 4
"""Worker slots of a cycle besides its pods: docs/sizing.md."""


def is_name(text: str) -> bool:
    """Tell whether a text is an environment's whole name."""
    return re.fullmatch(r"projects/[^/]+/locations/[^/]+/environments/[^/]+", text) is not None


def describe(name: str, ask: Ask) -> tuple[Mapping[str, Any], Finding | None]:
    """Return the environment's configuration, empty where it cannot be had, and why.

    Args:
        name: ``projects/…/locations/…/environments/…``.
        ask: fetches.
    """
    answer = ask(f"{API}/{name}")
    short = name.rpartition("/")[2]
    absent = "correct --environment: gcloud composer environments list --locations LOCATION"
    if found := refusal(AREA, short, answer, RIGHT, absent):
        return {}, found
    state = str(answer.body.get("state", "STATE_UNSPECIFIED"))
    config = answer.body.get("config")
    if state != "RUNNING":
        fix = "wait for its operation to end (gcloud composer operations list), or look at it in the console"
        return config or {}, Finding(AREA, short, "failed", state, fix)
    return config or {}, Finding(AREA, short, "ok", state)


def environment_findings(described: Mapping[str, Any], config: Config, image: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare the environment with what is recorded of the image, and with what the configuration needs.

    Args:
        described: see ``describe``.
        config: the configuration.
        image: ``include/composer_image.yaml``.
    """
    software = described.get("softwareConfig") or {}
    version = str(software.get("imageVersion", ""))
    if version == image["image"]:
        yield Finding(AREA, "image", "ok", version)
    else:
        fix = "docs/versions.md: write what list-packages says into include/composer_image.yaml, then make test"
        yield Finding(AREA, "image", "warning", f"{version}, {image['image']} is recorded", fix)
    packages = {re.sub(r"[-_.]+", "-", name).lower() for name in software.get("pypiPackages") or {}}
    missing = sorted(set(image["lacks"]) - packages)
    fix = "terraform apply, or gcloud composer environments update --update-pypi-packages-from-file requirements.txt"
    detail = f"missing: {', '.join(missing)}" if missing else f"{len(image['lacks'])} there"
    yield Finding(AREA, "PyPI packages", "failed" if missing else "ok", detail, fix if missing else "")
    overrides = software.get("airflowConfigOverrides") or {}
    backend = overrides.get("secrets-backend")
    if backend == BACKEND:
        yield Finding(AREA, "secrets backend", "ok", "Secret Manager")
    else:
        fix = f"override secrets.backend with {BACKEND}: else the token lies in Airflow's database, for who edits there"
        yield Finding(AREA, "secrets backend", "warning", str(backend or "none"), fix)
    yield _slots(described, overrides, config)


def _slots(described: Mapping[str, Any], overrides: Mapping[str, Any], config: Config) -> Finding:
    what, needed = "worker slots", config.collector.max_pods + BESIDES_THE_PODS
    worker = (described.get("workloadsConfig") or {}).get("worker") or {}
    workers, concurrency = worker.get("minCount"), overrides.get("celery-worker_concurrency")
    if workers is None or concurrency is None:
        missing = "celery.worker_concurrency" if concurrency is None else "the least number of workers"
        fix = f"set it, so that workers.min_count times it is {needed}: docs/sizing.md"
        return Finding(AREA, what, "warning", f"{missing} is Composer's own choice", fix)
    slots = int(workers) * int(concurrency)
    detail = f"{workers} workers of {concurrency}: {slots}; a cycle takes up to {needed}"
    if slots >= needed:
        return Finding(AREA, what, "ok", detail)
    fix = "more workers.min_count or worker_concurrency in Terraform, or fewer collector.max_pods"
    return Finding(AREA, what, "failed", detail, fix)


def airflow_address(described: Mapping[str, Any]) -> str | None:
    """Return where Airflow's own API is; None where the environment does not say, or says what is no address."""
    address = str(described.get("airflowUri") or "")
    return f"{address.rstrip('/')}/api/v2" if urlsplit(address).scheme == "https" else None
