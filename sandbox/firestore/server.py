"""The gRPC side: which RPC is served by which method of the service, and how errors travel."""

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from typing import Any

import grpc

from sandbox.firestore.errors import FirestoreError, invalid, not_implemented
from sandbox.firestore.faults import Faults
from sandbox.firestore.protos import message_class
from sandbox.firestore.service import Service
from sandbox.lifecycle import LOOPBACK

NAME = "google.firestore.v1.Firestore"
MAX_REQUEST_BYTES = 11534336
WORKERS = 128  # threads are made when they are needed

_ONE, _FEED = grpc.unary_unary_rpc_method_handler, grpc.stream_stream_rpc_method_handler
#: What is not implemented, and the form of its answer.
_REFUSED = {
    **dict.fromkeys(("GetDocument", "CreateDocument", "UpdateDocument", "DeleteDocument", "BatchWrite"), _ONE),
    **dict.fromkeys(("ListDocuments", "ListCollectionIds", "PartitionQuery", "BeginTransaction", "Rollback"), _ONE),
    **dict.fromkeys(("Listen", "Write"), _FEED),
    "ExecutePipeline": grpc.unary_stream_rpc_method_handler,
}

_log = logging.getLogger(__name__)


def _answering(method: str, faults: Faults, answer: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """Wrap a method of the service that returns one message."""

    def handle(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            _admit(method, faults, request)
            return answer(request)
        except FirestoreError as error:
            context.abort(error.code, error.message)
        except Exception:  # noqa: BLE001 the client gets a clean error, we keep the traceback
            _log.exception("%s failed", method)
            context.abort(grpc.StatusCode.INTERNAL, f"{method} failed in the stand-in, see its log")

    return handle


def _streaming(method: str, faults: Faults, answer: Callable[[Any], Iterable[Any]]) -> Callable[[Any, Any], Any]:
    """Wrap a method of the service that yields messages."""

    def handle(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        try:
            _admit(method, faults, request)
            yield from answer(request)
        except FirestoreError as error:
            context.abort(error.code, error.message)
        except Exception:  # noqa: BLE001 the client gets a clean error, we keep the traceback
            _log.exception("%s failed", method)
            context.abort(grpc.StatusCode.INTERNAL, f"{method} failed in the stand-in, see its log")

    return handle


def _admit(method: str, faults: Faults, request: Any) -> None:
    faults.strike(method)
    if request.ByteSize() > MAX_REQUEST_BYTES:
        raise invalid(f"Request payload size exceeds the limit: {MAX_REQUEST_BYTES} bytes.")


def _refusing(feature: str) -> Callable[[Any, Any], Any]:
    def handle(_: Any, context: grpc.ServicerContext) -> Any:
        error = not_implemented(feature)
        context.abort(error.code, error.message)

    return handle


def _handlers(service: Service, faults: Faults) -> dict[str, grpc.RpcMethodHandler]:
    streams = {
        "BatchGetDocuments": service.batch_get_documents,
        "RunQuery": service.run_query,
        "RunAggregationQuery": service.run_aggregation_query,
    }
    commit = _answering("Commit", faults, service.commit)
    made = {"Commit": grpc.unary_unary_rpc_method_handler(commit, _reader("Commit"), _write)}
    for name, stream in streams.items():
        handler = _streaming(name, faults, stream)
        made[name] = grpc.unary_stream_rpc_method_handler(handler, _reader(name), _write)
    for name, make in _REFUSED.items():
        made[name] = make(_refusing(name))
    return made


def _reader(name: str) -> Callable[[bytes], Any]:
    read: Callable[[bytes], Any] = message_class(name + "Request").FromString
    return read


def _write(message: Any) -> bytes:
    raw: bytes = message.SerializeToString()
    return raw


def start_server(service: Service, faults: Faults, port: int) -> tuple[grpc.Server, int]:
    """Start serving on loopback; return the server and its port. A taken port raises RuntimeError."""
    options = [("grpc.max_receive_message_length", 4 * MAX_REQUEST_BYTES), ("grpc.so_reuseport", 0)]
    server = grpc.server(futures.ThreadPoolExecutor(WORKERS), options=options)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, _handlers(service, faults)),))
    bound = server.add_insecure_port(f"{LOOPBACK}:{port}")
    server.start()
    return server, bound
