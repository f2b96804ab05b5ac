"""One cluster, once: list its kinds, and have an outcome whatever happens."""

import math
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from replica_collector import clusters
from replica_collector.clusters import Cluster
from replica_collector.config import Config
from replica_collector.credentials import Credential
from replica_collector.deadline import Deadline
from replica_collector.errors import (
    CLUSTER_WIDE,
    ApiError,
    Cancelled,
    EmptyOrMissing,
    Misconfigured,
    NotTried,
    OutputError,
    classify,
)
from replica_collector.kinds import Kind, kinds
from replica_collector.listing import Lister
from replica_collector.manifest import Manifest
from replica_collector.observations import Provenance
from replica_collector.outcome import Outcome, manifest
from replica_collector.output import Names, Object, Output, data_object, text_object
from replica_collector.salvage import told
from replica_collector.spool import Spool
from replica_collector.transport import Client
from replica_collector.turns import Turns

# How long a server is waited for before it is asked over another connection, while others are asked as well.
KNOCK_SECONDS = 5.0
NOT_FOUND = 404

OnPage = Callable[[str, int, int], None]
"""Told of each page: resource type, pages so far, objects of this kind so far."""


def collect(
    config: Config,
    cluster: Cluster,
    google: Credential,
    deadline: Deadline,
    turns: Turns,
    spool: Spool,
    on_page: OnPage | None = None,
) -> Outcome:
    """List the cluster's workloads and HPAs into the spool; failures are part of the outcome, never raised."""
    outcome = Outcome(datetime.now(UTC))
    try:
        _spread(config, deadline)
        endpoint, credential = clusters.reach(cluster, google)
    except (Misconfigured, Cancelled, NotTried) as error:
        outcome.failures[""] = error
        return outcome
    client = Client(endpoint, credential, deadline, config.request_seconds, config.is_gzip)
    origin = Provenance(config.cycle, cluster.environment, cluster.name, config.attempt_id, config.label_also)
    lister = Lister(client, spool, origin, config.page_size, config.namespaces, on_page)
    listed = kinds(config.label_api_id, config.label_team_id, config.label_also, config.kinds)
    try:
        if _stand_in_line(config, lister, listed[0], turns, outcome):
            for kind in listed:
                if not _list(lister, kind, outcome):
                    break
            _look_for_namespaces(outcome, len(listed) - len(outcome.not_served))
    finally:
        client.turn.leave()
        client.close()
    outcome.retries, outcome.bytes_read, outcome.secrets = client.retries, client.bytes_read, client.secrets
    return outcome


def _spread(config: Config, deadline: Deadline) -> None:
    """Many collectors start in the same second of every cycle; the jitter keeps them from knocking all at once."""
    try:
        deadline.sleep(random.uniform(0, config.start_jitter_seconds))
    except TimeoutError:
        raise NotTried("the time was used up before it was asked") from None


def _stand_in_line(config: Config, lister: Lister, kind: Kind, turns: Turns, outcome: Outcome) -> bool:
    """Take a turn to list, and begin the cluster's time; returns False when that has failed.

    Where there are more clusters than turns, only one that answers may stand in line for a turn. Knocking takes none,
    so all do it at once: the silent wait at their own expense, and come last if they answer at all.
    """
    client = lister.client
    if config.is_contested:
        try:
            lister.knock(kind, KNOCK_SECONDS)
        except Exception as error:
            if classify(error) in CLUSTER_WIDE:
                outcome.failures[""] = error
                return False
        client.deadline.allow(math.inf)  # its time does not begin before its turn does
    client.turn = turns.line_up(client.deadline)
    try:
        client.turn.take()
    except Cancelled as error:
        outcome.failures[""] = error
        return False
    except TimeoutError:
        outcome.failures[""] = NotTried("it answered, but the time for all clusters was used up before its turn came")
        return False
    client.deadline.allow(config.budget_seconds)
    return True


def _list(lister: Lister, kind: Kind, outcome: Outcome) -> bool:
    """List one kind; returns whether trying the next one makes sense."""
    try:
        listing = outcome.listings[kind.resource_type] = lister.list(kind)
        if listing.unreadable:
            outcome.failures[kind.resource_type] = told(listing.unreadable)
    except OutputError:
        raise
    except ApiError as error:
        if kind.is_optional and error.status == NOT_FOUND:
            outcome.not_served.append(kind.resource_type)
            return True
        outcome.failures[kind.resource_type] = error
        return classify(error) not in CLUSTER_WIDE
    except Exception as error:  # a bug must not cost the cluster its manifest; it is reported as "internal"
        outcome.failures[kind.resource_type] = error
        return classify(error) not in CLUSTER_WIDE
    return True


def _look_for_namespaces(outcome: Outcome, kinds_asked: int) -> None:
    """Note the namespaces that hold nothing of any kind: the API server answers alike where there is none."""
    if len(outcome.listings) < kinds_asked:
        return
    empty = frozenset.intersection(*(listing.empty_namespaces for listing in outcome.listings.values()))
    outcome.empty_or_missing = tuple(sorted(empty))
    if empty:
        outcome.failures[""] = EmptyOrMissing(
            f"nothing is in the namespace {', '.join(outcome.empty_or_missing)}, or there is none of that name: "
            f"correct it, or take it out"
        )


class Run:
    """One cluster's turn: whoever claims it first, its own thread or the overseer, writes its only manifest."""

    def __init__(self, config: Config, cluster: Cluster) -> None:
        self.config = config
        self.cluster = cluster
        self.manifest: Manifest | None = None
        self.error: BaseException | None = None
        self.claimed_at: float | None = None
        self._started_at = datetime.now(UTC)
        self._lock = threading.Lock()

    def claim(self) -> bool:
        """Take the right to write the manifest; False when it is taken."""
        with self._lock:
            if self.claimed_at is not None:
                return False
            self.claimed_at = time.monotonic()
            return True

    def work(
        self,
        google: Credential,
        output: Output | None,
        deadline: Deadline,
        turns: Turns,
        on_page: OnPage | None = None,
    ) -> None:
        """Collect and publish; raises when a file or an object cannot be written."""
        self._started_at = datetime.now(UTC)
        spool = Spool()
        try:
            outcome = collect(self.config, self.cluster, google, deadline, turns, spool, on_page)
            spool.finish()
            if self.claim():
                self._publish(outcome, spool, output)
        finally:
            spool.close()

    def give_up(self, failure: BaseException, output: Output | None) -> None:
        """Publish a failure for a claimed cluster whose thread did not come back (or never started)."""
        self._publish(Outcome(self._started_at, failures={"": failure}), None, output)

    def _publish(self, outcome: Outcome, spool: Spool | None, output: Output | None) -> None:
        names = Names(self.config.cycle, self.cluster.name, self.config.attempt_id)
        evidence = output.uri(names.data) if output else None
        told = manifest(self.config, self.cluster, outcome, spool, evidence)
        objects: list[Object] = []
        if spool and told.evidence_object:
            objects.append(data_object(names.data, spool))
        # Last, so that a manifest vouches for rows that are there.
        objects.append(text_object(names.manifest, told.to_line()))
        if output:
            output.write(objects, Deadline(self.config.output_seconds))
        self.manifest = told
