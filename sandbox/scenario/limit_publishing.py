"""Publishes limits as a team would: YAML files and the product's own command line."""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.environment.process import leashed
from sandbox.environment.servers import PROJECT
from sandbox.scenario.limit_documents import document_id, document_text

COLLECTION = "ped_limits"
DATABASE = "ped"
SECONDS = 120


class PublishError(Exception):
    """The product's publisher refused; the message is its own."""


class LimitPublisher:
    """The limits of a scenario as files in a folder, published with ``python -m pedwatch limits publish``.

    Args:
        folder: where the YAML files go.
        variables: emulator hosts and the product's configuration.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._variables = variables
        self._documents: dict[str, dict[str, Any]] = {}
        self._client: Any = None
        folder.mkdir(parents=True, exist_ok=True)

    def publish(self, documents: list[dict[str, Any]]) -> str:
        """Write documents as files and publish those; returns what the publisher printed."""
        if not documents:
            return ""
        paths = []
        for document in documents:
            limit_id = document_id(document)
            self._documents[limit_id] = document
            path = self._folder / f"{limit_id}.yaml"
            path.write_text(document_text(document), encoding="utf-8")
            paths.append(path)
        # One folder for all, one file for few: a team publishes what it changed.
        targets = [self._folder] if len(paths) > 1 else paths
        return "".join(self._run("publish", str(target), "--apply") for target in targets)

    def change(self, limit_id: str, fields: Mapping[str, Any]) -> str:
        """Publish a limit again with some fields replaced."""
        return self.publish([{**self._documents[limit_id], **fields}])

    def _run(self, *arguments: str) -> str:
        # On a leash: with Firestore gone it would go on trying for a minute after whoever plays was killed.
        with subprocess.Popen(
            leashed([sys.executable, "-m", "pedwatch", "limits", *arguments], "TERM", 3.0),
            env={**os.environ, **self._variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as publisher:
            assert publisher.stdout
            too_long = threading.Timer(SECONDS, publisher.terminate)
            too_long.start()
            try:
                printed = publisher.stdout.read()
                status = publisher.wait()
            finally:
                too_long.cancel()  # whoever is told to leave just now would wait for it to the end
        if status:
            command = f"python -m pedwatch limits {' '.join(arguments)}"
            raise PublishError(f"{command} ended with {status}:\n{printed}")
        return printed

    def put_raw(self, document: str, fields: Mapping[str, Any]) -> None:
        """Write a document past the publisher, as somebody in the console might."""
        self._collection().document(document).set(dict(fields))

    def _collection(self) -> Any:
        if self._client is None:
            os.environ.update({name: value for name, value in self._variables.items() if "AIRFLOW" not in name})
            from google.auth.credentials import AnonymousCredentials
            from google.cloud import firestore

            self._client = firestore.Client(project=PROJECT, database=DATABASE, credentials=AnonymousCredentials())
        return self._client.collection(COLLECTION)
