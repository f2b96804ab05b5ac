"""What every process of the environment is told about the network: loopback only, never through a proxy."""

import socket

LOOPBACK = "127.0.0.1"

#: gRPC and urllib read different spellings; a proxy hangs loopback gRPC.
NO_PROXY = dict.fromkeys(("no_proxy", "NO_PROXY", "no_grpc_proxy"), f"{LOOPBACK},localhost")


def free_port() -> int:
    """Return a port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    """Tell whether something accepts connections on a port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0
