"""The scenario's time, set wherever time is told: the product's clock file, Firestore, Slack."""

import datetime as dt
import json
import os
import urllib.request
from pathlib import Path

from sandbox.environment.servers import Servers
from sandbox.slack.control import ControlClient as SlackControl


class Clocks:
    """Sets all clocks of an environment to one moment.

    Args:
        file: the file PEDWATCH_CLOCK names.
        servers: Firestore and Slack, whose clocks go on ticking from there.
    """

    def __init__(self, file: Path, servers: Servers) -> None:
        self.file = file
        self._firestore = servers.firestore_control
        self._slack = SlackControl.from_folder(servers.data("slack"))
        # Loopback is never behind a proxy, whatever the environment says.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def set(self, moment: dt.datetime) -> None:
        """Let it be that moment."""
        text = moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        draft = self.file.with_suffix(".new")
        draft.write_text(text + "\n")
        os.replace(draft, self.file)  # a reader sees the old time or the new one, never half
        request = urllib.request.Request(
            f"{self._firestore}/clock", method="PUT", data=json.dumps({"now": text}).encode()
        )
        with self._opener.open(request, timeout=10):
            pass
        self._slack.set_clock_offset((moment - dt.datetime.now(dt.UTC)).total_seconds())
