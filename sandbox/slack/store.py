"""Channels, messages and reactions in SQLite: in a file they survive ``kill -9``, in memory they do not."""

import json
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sandbox.slack.records import Channel, Content, Message, Revision, ThreadSummary

SCHEMA = """
CREATE TABLE IF NOT EXISTS channels (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL,
  is_archived INTEGER NOT NULL, is_member INTEGER NOT NULL, is_private INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS messages (
  ts INTEGER PRIMARY KEY, channel TEXT NOT NULL, user TEXT NOT NULL, content TEXT NOT NULL,
  thread_ts INTEGER, edited_ts INTEGER, deleted_ts INTEGER
);
CREATE INDEX IF NOT EXISTS messages_by_channel ON messages (channel, ts);
CREATE INDEX IF NOT EXISTS messages_by_thread ON messages (channel, thread_ts, ts);
CREATE TABLE IF NOT EXISTS revisions (
  number INTEGER PRIMARY KEY AUTOINCREMENT, ts INTEGER NOT NULL, content TEXT NOT NULL, replaced_ts INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS revisions_by_message ON revisions (ts, number);
CREATE TABLE IF NOT EXISTS reactions (
  number INTEGER PRIMARY KEY AUTOINCREMENT, ts INTEGER NOT NULL, name TEXT NOT NULL, user TEXT NOT NULL,
  UNIQUE (ts, name, user)
);
CREATE TABLE IF NOT EXISTS switches (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
MESSAGE_COLUMNS = "channel, ts, user, content, thread_ts, edited_ts, deleted_ts"


def _dump(content: Content) -> str:
    return json.dumps(asdict(content), ensure_ascii=False)


def _message(row: tuple[Any, ...]) -> Message:
    channel, ts, user, content, thread_ts, edited_ts, deleted_ts = row
    return Message(channel, ts, user, Content(**json.loads(content)), thread_ts, edited_ts, deleted_ts)


def _channel(row: tuple[Any, ...]) -> Channel:
    identifier, name, created, is_archived, is_member, is_private = row
    return Channel(identifier, name, created, bool(is_archived), bool(is_member), bool(is_private))


class Store:
    """Everything the workspace remembers. ``version`` grows with every change, for pages that poll."""

    def __init__(self, path: Path | None = None) -> None:
        """Open (or create) the database at ``path``; without one, keep it in memory."""
        # Autocommit: every change is one statement or one explicit transaction, and done when it returns.
        # Whoever calls it does so from one thread at a time, but not always from the same: listening is one of its own.
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        self.version = 0

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def _change(self, sql: str, *values: Any) -> int:
        self.version += 1
        return self._db.execute(sql, values).rowcount

    def _messages(self, where: str, *values: Any) -> list[Message]:
        rows = self._db.execute(f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE {where}", values)
        return [_message(row) for row in rows]

    # Channels

    def channels(self) -> list[Channel]:
        """Return all channels in the order of their names."""
        return [_channel(row) for row in self._db.execute("SELECT * FROM channels ORDER BY name")]

    def find_channel(self, reference: str) -> Channel | None:
        """Find a channel by id, by name or by ``#name``."""
        sql = "SELECT * FROM channels WHERE id = ? OR name = ?"
        row = self._db.execute(sql, (reference, reference.removeprefix("#"))).fetchone()
        return _channel(row) if row else None

    def put_channel(self, channel: Channel) -> None:
        """Create a channel or replace what is known of it."""
        values = (channel.id, channel.name, channel.created, channel.is_archived, channel.is_member, channel.is_private)
        self._change("INSERT OR REPLACE INTO channels VALUES (?, ?, ?, ?, ?, ?)", *values)

    # Messages

    def unused_ts(self, now: int) -> int:
        """Return ``now``, or the first instant after every existing message: timestamps only ever rise."""
        latest = self._db.execute("SELECT max(ts) FROM messages").fetchone()[0]
        return max(now, (latest or 0) + 1)

    def add_message(self, message: Message) -> None:
        """Store a new message."""
        self._change(
            f"INSERT INTO messages ({MESSAGE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            message.channel,
            message.ts,
            message.user,
            _dump(message.content),
            message.thread_ts,
            message.edited_ts,
            message.deleted_ts,
        )

    def message(self, channel: str, ts: int) -> Message | None:
        """Return one message, deleted or not."""
        found = self._messages("channel = ? AND ts = ?", channel, ts)
        return found[0] if found else None

    def edit_message(self, message: Message, content: Content, at: int) -> None:
        """Replace what a message says and keep the version it replaces."""
        with self._db:
            self._db.execute("BEGIN")
            self._change(
                "INSERT INTO revisions (ts, content, replaced_ts) VALUES (?, ?, ?)",
                message.ts,
                _dump(message.content),
                at,
            )
            self._change("UPDATE messages SET content = ?, edited_ts = ? WHERE ts = ?", _dump(content), at, message.ts)

    def delete_message(self, message: Message, at: int) -> None:
        """Mark a message as deleted; it stays readable for the control API."""
        self._change("UPDATE messages SET deleted_ts = ? WHERE ts = ?", at, message.ts)

    def channel_messages(self, channel: str) -> list[Message]:
        """Return what stands in the channel itself, oldest first; deleted parents of live threads included."""
        return self._messages(
            "channel = ? AND thread_ts IS NULL AND (deleted_ts IS NULL OR ts IN"
            " (SELECT thread_ts FROM messages WHERE channel = ? AND deleted_ts IS NULL)) ORDER BY ts",
            channel,
            channel,
        )

    def replies(self, channel: str, thread_ts: int) -> list[Message]:
        """Return the live replies of a thread, oldest first, without its parent."""
        return self._messages("channel = ? AND thread_ts = ? AND deleted_ts IS NULL ORDER BY ts", channel, thread_ts)

    def all_messages(self) -> list[Message]:
        """Return every message ever posted, deleted ones included, in the order of posting."""
        return self._messages("TRUE ORDER BY ts")

    def message_counts(self) -> dict[str, int]:
        """Return how many live messages each channel holds, replies included."""
        rows = self._db.execute("SELECT channel, count(*) FROM messages WHERE deleted_ts IS NULL GROUP BY channel")
        return dict(rows.fetchall())

    def revisions(self, ts: int) -> list[Revision]:
        """Return the earlier versions of a message, oldest first."""
        rows = self._db.execute("SELECT content, replaced_ts FROM revisions WHERE ts = ? ORDER BY number", (ts,))
        return [Revision(Content(**json.loads(content)), replaced_ts) for content, replaced_ts in rows]

    def threads(self, channel: str) -> dict[int, ThreadSummary]:
        """Return, by parent, how many live replies there are, the latest, and who wrote them."""
        rows = self._db.execute(
            "SELECT thread_ts, count(*), max(ts), group_concat(DISTINCT user) FROM messages"
            " WHERE channel = ? AND thread_ts IS NOT NULL AND deleted_ts IS NULL GROUP BY thread_ts",
            (channel,),
        )
        return {parent: ThreadSummary(count, latest, tuple(users.split(","))) for parent, count, latest, users in rows}

    # Reactions and switches

    def reactions(self, ts: int) -> dict[str, list[str]]:
        """Return the reactions of a message: emoji name → users, in the order they were added."""
        found: dict[str, list[str]] = {}
        for name, user in self._db.execute("SELECT name, user FROM reactions WHERE ts = ? ORDER BY number", (ts,)):
            found.setdefault(name, []).append(user)
        return found

    def add_reaction(self, ts: int, name: str, user: str) -> bool:
        """Add a reaction; False when that user has already given it."""
        return self._change("INSERT OR IGNORE INTO reactions (ts, name, user) VALUES (?, ?, ?)", ts, name, user) > 0

    def load_switches(self) -> dict[str, Any]:
        """Return the switches as they were last saved."""
        return {key: json.loads(value) for key, value in self._db.execute("SELECT key, value FROM switches")}

    def save_switches(self, switches: dict[str, Any]) -> None:
        """Save the switches, so that a restart keeps them."""
        for key, value in switches.items():
            self._change("INSERT OR REPLACE INTO switches VALUES (?, ?)", key, json.dumps(value))

    def clear(self) -> None:
        """Forget everything."""
        with self._db:
            self._db.execute("BEGIN")
            for table in ("channels", "messages", "revisions", "reactions", "switches"):
                self._change(f"DELETE FROM {table}")
