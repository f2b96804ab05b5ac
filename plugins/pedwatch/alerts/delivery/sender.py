"""Delivers leased rows of the outbox, in order, while the lease lasts (docs/design.md#d8)."""

import datetime as dt
import logging
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pedwatch.alerts import failed_sends, transport
from pedwatch.alerts.delivery.known_threads import Threads, name_of
from pedwatch.alerts.delivery.pacer import Pacer
from pedwatch.alerts.delivery.thread_writer import ThreadWriter
from pedwatch.alerts.delivery.time_shares import TimeShares
from pedwatch.alerts.transport import OutOfTimeError, SendError, Transport, UnusableTransportError, carrier_of, kind_of
from pedwatch.deadlines import CLOCK_SKEW

WORTH_WAITING_SECONDS = 0.5  # for so short a time nothing is put off
CLOCK_SKEW_SECONDS = CLOCK_SKEW.total_seconds()
PARENT_STANDS = "the parent cannot be edited"
"""What the outbox says of a word told beneath a parent that stays as it is; lease_notifications.sql reads it."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hold:
    """Why what comes behind in a thread, from a carrier, or of a kind, is not tried."""

    error: SendError
    failing_since: dt.datetime | None = None
    """Since when the carrier takes nothing, if it is the carrier."""


@dataclass
class Sender:
    """Delivers leased rows, in order, while the lease lasts: each kind of channel has its share of the time.

    Args:
        transport: where to.
        pacer: paces and measures time; monotonic, so that a wall clock that jumps cannot stretch the lease.
        now: settings clock, UTC, when the sender begins; the pacer's clock moves it on.
        on_ambiguous: what to do with what may have been posted where the channel cannot be read back.
        lease_ends_at: by the pacer's clock; None for no lease.
        stops_at: by the pacer's clock; no call goes on longer, whatever the lease says.
        threads: what the task's batches before this one left; its own when omitted.
        platform_channel: for which dead letters wait; None: for any.
    """

    transport: Transport
    pacer: Pacer
    now: dt.datetime
    on_ambiguous: Literal["resend", "hold"] = "hold"
    lease_ends_at: float | None = None
    stops_at: float = math.inf
    threads: Threads = field(default_factory=Threads)
    platform_channel: str | None = None
    delivered: set[str] = field(default_factory=set, init=False)
    """Kinds of channels, and carriers, that took something."""
    odd: dict[str, str] = field(default_factory=dict, init=False)
    """Ids of rows that were answered what nobody here knows, and the answers."""

    def __post_init__(self) -> None:
        self._began_at = self.pacer.clock()
        self._time = TimeShares(self.pacer.clock, math.inf, [])

    def _now(self) -> dt.datetime:
        return self.now + dt.timedelta(seconds=self.pacer.clock() - self._began_at)

    @property
    def out_of_time(self) -> set[str]:
        """Kinds of channels whose share of the time was used up."""
        return self._time.used_up

    def _usable_until(self) -> float:
        ends_at = math.inf if self.lease_ends_at is None else self.lease_ends_at - CLOCK_SKEW_SECONDS
        return min(ends_at, self.stops_at) - self.transport.timeout_seconds

    def send(self, leased: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], UnusableTransportError | None]:
        """Deliver leased rows in order; return what became of each, and the error that stops everything, if any."""
        self._time = TimeShares(self.pacer.clock, self._usable_until(), [row["channel"] for row in leased])
        writer = ThreadWriter(self.transport, self.pacer, self._time, self.on_ambiguous, self.threads)
        sends: list[dict[str, Any]] = []
        # A kind of channel, a carrier, or a thread, whose earlier message failed: the order must hold.
        held: dict[str, Hold] = {}
        stopped = None
        rows = deque(leased)
        put_off: set[str] = set()
        while rows:
            row = rows.popleft()
            if self._is_put_off(row, put_off):
                rows.append(row)
                continue
            channel = row["channel"]
            kind, carrier, thread = kind_of(channel), carrier_of(channel), name_of(row)
            hold = held.get(kind) or held.get(carrier) or held.get(thread)
            if hold is not None:
                sends.append(self._behind(row, hold))
                continue
            progress: dict[str, Any] = {"is_unclear": row["was_tried"]}
            try:
                self._deliver_or_say_why_not(writer, row, progress)
            except SendError as error:
                if error.is_odd:
                    self.odd[row["notification_id"]] = str(error)
                hold = Hold(error, self._failing_since(row, error))
                is_blocked = isinstance(error, OutOfTimeError)
                result = self._failed(row, error, progress["is_unclear"], is_blocked, hold.failing_since)
                sends.append(result)
                if error.holds_channel:
                    held[carrier] = hold
                    log.warning("pedwatch_channel_failing channel=%s error=%s", carrier, error)
                elif result["status"] != "dead":
                    held[thread] = hold
            except UnusableTransportError as error:
                stopped, held[kind] = error, Hold(SendError("later", str(error)))
                sends.append(self._failed(row, held[kind].error, progress["is_unclear"], is_blocked=True))
            else:
                self.delivered |= {kind, carrier}
                sends.append(self._sent(writer, row, progress))
        ended = {send["notification_id"]: send for send in sends}
        return [ended[row["notification_id"]] for row in leased], stopped

    def _is_put_off(self, row: Mapping[str, Any], put_off: set[str]) -> bool:
        """Tell, once a row, whether it goes to the end: what must wait to edit lets the others post meanwhile."""
        channel, thread = row["channel"], name_of(row)
        if row["notification_id"] in put_off:
            return False
        if thread not in put_off:
            newest = self.threads.parents_of(row)[-1:]
            is_known = any((channel, ts) in self.threads.shown or (channel, ts) in self.threads.stuck for ts in newest)
            has_to_edit = kind_of(channel) == "slack" and bool(newest) and not is_known
            if not has_to_edit or self.pacer.edit_delay() <= WORTH_WAITING_SECONDS:
                return False
        put_off |= {thread, row["notification_id"]}
        return True

    def _deliver_or_say_why_not(self, writer: ThreadWriter, row: Mapping[str, Any], progress: dict[str, Any]) -> None:
        """Deliver a row; whatever it raises is about this row alone, and what the others became is recorded."""
        try:
            writer.deliver(row, progress)
        except (SendError, UnusableTransportError):
            raise
        except Exception as error:  # noqa: BLE001 one bad row never stops the others
            # Its type alone: what it says may hold an address with a key in it.
            log.error("pedwatch_send_error notification_id=%s error=%s", row["notification_id"], type(error).__name__)
            outcome: transport.Outcome = "ambiguous" if progress.get("is_posting") else "later"
            raise SendError(outcome, f"{type(error).__name__}: a fault of pedwatch, report it") from None

    def _failing_since(self, row: Mapping[str, Any], error: SendError) -> dt.datetime | None:
        """Return since when the row's carrier takes nothing; None when the error is the message's own."""
        if not error.holds_channel:
            return None
        known = None if carrier_of(row["channel"]) in self.delivered else row.get("failing_since")
        return known or self._now()

    def _behind(self, row: Mapping[str, Any], hold: Hold) -> dict[str, Any]:
        """Say what becomes of a row that was not tried, because what came before it failed."""
        error = SendError("later", f"waits behind another message: {hold.error}", hold.error.retry_after)
        # A carrier that has failed for a day would fail with this one too; one that asks for patience would not.
        is_blocked = hold.failing_since is None or error.retry_after is not None
        return self._failed(row, error, row["was_tried"], is_blocked, hold.failing_since)

    def _failed(
        self,
        row: Mapping[str, Any],
        error: SendError,
        is_unclear: bool,
        is_blocked: bool,
        failing_since: dt.datetime | None = None,
    ) -> dict[str, Any]:
        return failed_sends.failed(
            row, error, self._now(), is_unclear, is_blocked, failing_since, last_resort=self.platform_channel
        )

    def _sent(self, writer: ThreadWriter, row: Mapping[str, Any], progress: Mapping[str, Any]) -> dict[str, Any]:
        is_parent = progress["parent_ts"] == progress["message_ts"]
        why = progress.get("why_stuck")
        return {
            "notification_id": row["notification_id"],
            "status": "sent",
            "parent_ts": progress["parent_ts"],
            "message_ts": progress["message_ts"],
            "permalink": writer.link(row["channel"], progress["parent_ts"]) if is_parent else None,
            "error": f"{PARENT_STANDS}: {why}" if why else None,
            "sent_at": self._now(),
        }
