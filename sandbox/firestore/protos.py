"""The protobuf messages of the v1 API, bare of the proto-plus wrappers (which cost several times as much per field).

They come out of google-cloud-firestore, the only package that carries them.
"""

from typing import Any

from google.cloud.firestore_v1 import types
from google.protobuf.timestamp_pb2 import Timestamp


def message_class(name: str) -> Any:
    """Return the plain protobuf class behind ``google.cloud.firestore_v1.types.<name>``."""
    wrapper = getattr(types, name)
    return wrapper.pb(wrapper()).__class__


BatchGetDocumentsResponse = message_class("BatchGetDocumentsResponse")
CommitResponse = message_class("CommitResponse")
Document = message_class("Document")
RunAggregationQueryResponse = message_class("RunAggregationQueryResponse")
RunQueryResponse = message_class("RunQueryResponse")
StructuredQuery = message_class("StructuredQuery")
Value = message_class("Value")
Write = message_class("Write")
WriteResult = message_class("WriteResult")


def to_timestamp(microseconds: int) -> Timestamp:
    """Write our unit of time, microseconds since 1970, as a protobuf timestamp."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return Timestamp(seconds=seconds, nanos=rest * 1000)


def to_microseconds(timestamp: Timestamp) -> int:
    """Read a protobuf timestamp as microseconds since 1970; what is finer is cut off."""
    return timestamp.seconds * 1_000_000 + timestamp.nanos // 1000
