"""The command line: ``python -m replica_collector --help``."""

import os
import signal
import sys
from collections.abc import Sequence

from replica_collector import config as configuration
from replica_collector import log
from replica_collector.batch import Batch, exit_status
from replica_collector.config import Config
from replica_collector.credentials import Credential, GoogleToken
from replica_collector.errors import Misconfigured
from replica_collector.gcs import BucketOutput
from replica_collector.impersonation import ImpersonatedToken, OwnIfRefused
from replica_collector.output import FolderOutput, Output


def main(arguments: Sequence[str] | None = None) -> int:
    """Collect once; returns the exit status that ``--help`` documents."""
    config = configuration.from_args(sys.argv[1:] if arguments is None else arguments, os.environ)
    try:
        google, writer = _identities(config)
        output = None if config.is_dry_run else _output(config.output, writer)
    except Misconfigured as error:
        log.line("ERROR", f"the output or --iam-endpoint cannot be used: {error}")
        return 2
    batch = Batch(config, google, output)
    before = {number: signal.signal(number, lambda *_: batch.stop()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        runs = batch.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if config.is_dry_run:
        for run in runs:
            if run.manifest:
                sys.stdout.write(run.manifest.to_line().decode())
    return exit_status(runs)


def _identities(config: Config) -> tuple[Credential, Credential]:
    """Who lists clusters, and who writes."""
    own = GoogleToken()
    if not config.impersonate:
        return own, own
    impersonated = ImpersonatedToken(own, config.impersonate, config.iam_endpoint)
    return impersonated, OwnIfRefused(impersonated, own)


def _output(uri: str, google: Credential) -> Output:
    return FolderOutput(uri) if uri.startswith("file:") else BucketOutput(uri, google, os.environ)


if __name__ == "__main__":
    sys.exit(main())
