"""Start it: ``python -m sandbox.kubernetes --cluster composer --kubeconfig DIR --images images.json``."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import msgspec
from aiohttp import web

from sandbox.kubernetes.clusters import Clusters
from sandbox.kubernetes.control_api import ControlApi
from sandbox.kubernetes.google_accounts import Accounts
from sandbox.kubernetes.iam_api import metadata_app, node_variables
from sandbox.kubernetes.images import Runtime, read_images
from sandbox.kubernetes.kubeconfig import KubeconfigFolder
from sandbox.kubernetes.server import make_app
from sandbox.kubernetes.state_file import fill
from sandbox.lifecycle import LOOPBACK, announce

HELP = """\
Hosts Kubernetes clusters on one loopback port, each under /clusters/<name>, with TLS by an authority of its own. Pods
run as local processes; Deployments and HPAs are what the control API says they are (see
sandbox/kubernetes/control_api.py for its schema). Beside them are GKE's list of clusters and the IAM Credentials API,
and on a port of its own the metadata server, by which a pod is a Google service account.
"""
EXAMPLES = """\
images.json    {"*/collector:*": {"entrypoint": ["python", "-m", "replica_collector"], "env": {}, "workdir": "."}}
               (patterns as in a shell; an image that fits none ends in ErrImagePull)
state file     {"clusters": {"eu-prod-1": {"workloads": [{"namespace": "shop", "name": "cart"}], "fault": null}}}

written to the kubeconfig folder:
  <cluster>.yaml   one cluster
  all.yaml         a context for every cluster, named as it: kubectl --kubeconfig DIR/all.yaml --context NAME get deploy
  control.json     address and token of the control API, address of the metadata server
  ca.pem           the authority that all addresses are known by; server.pem and server.key are this process's own
"""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.kubernetes",
        description=HELP,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 picks a free one (default)")
    parser.add_argument("--cluster", action="append", default=[], metavar="NAME", help="a cluster; repeat for more")
    parser.add_argument("--kubeconfig", type=Path, required=True, metavar="DIR", help="folder for the files to write")
    parser.add_argument("--project", default="sandbox-project", help="Google Cloud project of the service accounts")
    parser.add_argument("--pods-run-as", default="environment", metavar="NAME", help="service account of every pod")
    parser.add_argument(
        "--may-impersonate",
        action="append",
        default=[],
        metavar="NAME",
        help="a service account that pods may become, and that the clusters' RBAC lets list; repeat for more",
    )
    parser.add_argument("--images", type=Path, metavar="FILE", help="images.json: what runs for which image")
    parser.add_argument("--state", type=Path, metavar="FILE", help="what the clusters hold at the start")
    options = parser.parse_args()
    if not options.cluster and not options.state:
        parser.error("name at least one --cluster, or a --state file that has some")
    return options


async def _serve(options: argparse.Namespace, folder: KubeconfigFolder, pod_folder: Path) -> None:
    """Serve until a signal. The files are written between listening and the ready line: they hold the port."""
    clusters = Clusters()
    for name in options.cluster:
        clusters.add(name)
    if options.state:
        fill(clusters, options.state)
    images = read_images(options.images) if options.images else {}
    accounts = Accounts(options.project, options.pods_run_as, tuple(options.may_impersonate))
    node = web.AppRunner(metadata_app(accounts), access_log=None, shutdown_timeout=1.0)
    await node.setup()
    await web.TCPSite(node, LOOPBACK, 0).start()
    metadata = f"{LOOPBACK}:{node.addresses[0][1]}"
    node_env = node_variables(metadata) | {"SSL_CERT_FILE": str(folder.ca_file)}
    runtime = Runtime(images, pod_folder, node_env)
    control = ControlApi(folder)
    app = make_app(clusters, runtime, control, folder.authority.data, accounts)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    tls = folder.authority.issue("server", LOOPBACK, "localhost").server_context()
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, options.port, ssl_context=tls).start()
        base_url = f"https://{LOOPBACK}:{runner.addresses[0][1]}"
        control.write_files(base_url, metadata, list(clusters.by_name.values()))
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        announce(base_url)
        await stop.wait()
    finally:
        await runner.cleanup()
        await node.cleanup()


def main() -> None:
    """Run the server; a mistake in its arguments or files is one line on stderr."""
    options = _arguments()
    folder = KubeconfigFolder(options.kubeconfig)
    try:
        asyncio.run(_serve(options, folder, folder.empty_pod_folder()))
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        sys.exit(f"sandbox.kubernetes: {error}")
    finally:
        folder.remove_pod_folder()


if __name__ == "__main__":
    main()
