"""``make image``: builds the collector's container with podman and tries it offline against the stand-in.

The trial runs as a pod does: another user than root, a read-only root file system, no capabilities. It runs offline: in
a network namespace that has nothing but a loopback of its own, with the stand-in (root can make one; for anybody else
the container shares the machine's network, which is said). Where podman is not installed, or the base image cannot be
had, it says so and ends with 0: nothing was built and nothing was proved.

``PYTHON_BASE=image`` builds on another base than python:3.11-slim, for machines that cannot reach Docker Hub.
"""

import gzip
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONTEXT = ROOT / "images" / "replica_collector"
TRY = "try"
IMAGE = "localhost/pedwatch/replica-collector:try"
BASE = os.environ.get("PYTHON_BASE", "docker.io/library/python:3.11-slim")
CLUSTER, DEPLOYMENTS, HPAS = "tried", 1200, 800
#: crun asks for a newer systemd than some machines have.
PODMAN = ["podman", "--runtime=runc"] if shutil.which("runc") else ["podman"]


def skip(reason: str) -> int:
    """Say that nothing was proved, and why."""
    print(f"SKIPPED: {reason}")
    return 0


def podman(*arguments: str, timeout: float = 300) -> "subprocess.CompletedProcess[str]":
    """Run podman and return how it ended."""
    return subprocess.run([*PODMAN, *arguments], capture_output=True, text=True, timeout=timeout, check=False, cwd=ROOT)


def build() -> str | None:
    """Build the image; returns what kept it from being built."""
    arguments = ["--build-arg", f"PYTHON={BASE}", "--tag", IMAGE]
    # What pip is told on this machine (an index of its own, a certificate), it is told in the build as well.
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST"):
        if value := os.environ.get(name):
            arguments += ["--env", f"{name}={value}"]
    for path in filter(None, (os.environ.get("PIP_FIND_LINKS"), os.environ.get("PIP_CERT"))):
        arguments += ["--volume", f"{path}:{path}:ro"]
    for name in ("PIP_FIND_LINKS", "PIP_CERT"):
        if value := os.environ.get(name):
            arguments += ["--env", f"{name}={value}"]
    done = podman("build", "--network=host", *arguments, str(CONTEXT), timeout=900)
    return None if done.returncode == 0 else done.stderr.strip()[-600:]


def run_against(kubeconfigs: Path, output: Path) -> "subprocess.CompletedProcess[str]":
    """Run the image as a pod of ReplicaCollectorOperator is run."""
    entry = {"name": CLUSTER, "environment": "prod", "auth": "kubeconfig", "kubeconfig": "/kube/all.yaml"}
    entry["context"] = CLUSTER
    return podman(
        *(
            "run",
            "--rm",
            "--pull=never",
            "--network=host",
            "--ulimit=nofile=1024:1024",
            "--ulimit=nproc=1024:1024",
            "--read-only",
            "--read-only-tmpfs=false",
        ),
        *("--user=65532:65532", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--memory=256m"),
        *("--tmpfs=/scratch:rw,mode=1777", "--env=TMPDIR=/scratch"),
        *(f"--volume={kubeconfigs}:/kube:ro", f"--volume={output}:/output:rw"),
        *(IMAGE, "--clusters-json", json.dumps([entry]), "--cycle", "2026-03-02T10:05:00Z"),
        *("--output", "file:///output"),
        timeout=120,
    )


def check(output: Path) -> str:
    """Return what the container collected; AssertionError when it is not the whole cluster."""
    (path,) = output.glob("manifests/*/*/*.ndjson")
    told = json.loads(path.read_text())
    (data,) = output.glob("obs/*/*/*.ndjson.gz")
    rows = len(gzip.decompress(data.read_bytes()).splitlines())
    assert (told["status"], rows) == ("complete", DEPLOYMENTS + HPAS), told
    assert path.stat().st_uid == 65532, "it ran as the user it should"
    return f"{told['deployments_listed']} Deployments, {told['hpas_listed']} HPAs, {told['bytes_read']} bytes read"


def try_it() -> int:
    """Serve a cluster, run the container against it, check what it wrote."""
    from sandbox.kubernetes.synthetic import synthetic_workloads

    with tempfile.TemporaryDirectory(prefix="collector-image-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        kubeconfigs, output, state = folder / "kube", folder / "output", folder / "state.json"
        output.mkdir()
        output.chmod(0o777)  # the container's user is nobody here
        state.write_text(json.dumps({"clusters": {CLUSTER: {"workloads": synthetic_workloads(DEPLOYMENTS, HPAS)}}}))
        command = [sys.executable, "-m", "sandbox.kubernetes", "--kubeconfig", str(kubeconfigs), "--state", str(state)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout and server.stdout.readline().startswith("ready")
                shown = folder / "shown"
                shown.mkdir()
                shutil.copy(kubeconfigs / "all.yaml", shown)
                (shown / "all.yaml").chmod(0o644)  # a Secret's mode in a pod: readable by its group
                done = run_against(shown, output)
            finally:
                server.terminate()
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            return 1
        print(f"collected in the container: {check(output)}")
        return 0


def main() -> int:
    """Build and try, or say why not."""
    if shutil.which("podman") is None:
        return skip("podman is not installed (Debian: apt-get install podman runc)")
    if podman("image", "exists", BASE).returncode and podman("pull", BASE).returncode:
        return skip(f"the base image {BASE} is not here and cannot be pulled; PYTHON_BASE names another")
    if reason := build():
        print(reason, file=sys.stderr)
        return 1
    size = podman("image", "inspect", IMAGE, "--format", "{{.Size}}").stdout.strip()
    base = podman("image", "inspect", BASE, "--format", "{{.Size}}").stdout.strip()
    print(f"built {IMAGE} on {BASE}: {(int(size) - int(base)) / 1e6:.0f} MB beyond its base, uncompressed")
    return try_offline()


def try_offline() -> int:
    """Try the image in a network of its own, where that may be made."""
    if os.geteuid() != 0 or not (shutil.which("unshare") and shutil.which("ip")):
        print("not offline: only root can make a network that has nothing but loopback")
        return try_it()
    inside = f"ip link set lo up && exec {shlex.quote(sys.executable)} -m deploy.collector_image {TRY}"
    return subprocess.run(["unshare", "--net", "sh", "-c", inside], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(try_it() if sys.argv[1:] == [TRY] else main())
