"""Bodies in Kubernetes' protobuf form: ``kubectl create secret`` sends nothing else, whatever the server says it takes.

Only the fields that the kept kinds need are described, by their numbers in the public .proto files of the API.
"""

import base64
from functools import lru_cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from sandbox.kubernetes.status import ApiFailure, bad_request

Object = dict[str, Any]
MAGIC = b"k8s\x00"
_PACKAGE = "sandbox"
_TYPES = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
}
# message -> field -> (number, type); a leading * means repeated. On the wire a map is a repeated pair.
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "TypeMeta": {"apiVersion": (1, "string"), "kind": (2, "string")},
    "Unknown": {"typeMeta": (1, "TypeMeta"), "raw": (2, "bytes")},
    "Text": {"key": (1, "string"), "value": (2, "string")},
    "Bytes": {"key": (1, "string"), "value": (2, "bytes")},
    "ObjectMeta": {
        "name": (1, "string"),
        "generateName": (2, "string"),
        "labels": (11, "*Text"),
        "annotations": (12, "*Text"),
    },
    "Secret": {
        "metadata": (1, "ObjectMeta"),
        "data": (2, "*Bytes"),
        "type": (3, "string"),
        "stringData": (4, "*Text"),
        "immutable": (5, "bool"),
    },
    "ConfigMap": {
        "metadata": (1, "ObjectMeta"),
        "data": (2, "*Text"),
        "binaryData": (3, "*Bytes"),
        "immutable": (4, "bool"),
    },
    "Namespace": {"metadata": (1, "ObjectMeta")},
    "ServiceAccount": {"metadata": (1, "ObjectMeta")},
}
_KEPT = ("Secret", "ConfigMap", "Namespace", "ServiceAccount")


@lru_cache(maxsize=1)
def _pool() -> descriptor_pool.DescriptorPool:
    file = descriptor_pb2.FileDescriptorProto(name="sandbox.proto", package=_PACKAGE, syntax="proto2")
    for name, fields in _MESSAGES.items():
        described = file.message_type.add(name=name)
        for field, (number, type_name) in fields.items():
            plain = type_name.removeprefix("*")
            added = described.field.add(name=field, number=number)
            added.label = added.LABEL_REPEATED if type_name.startswith("*") else added.LABEL_OPTIONAL
            if plain in _TYPES:
                added.type = _TYPES[plain]
            else:
                added.type, added.type_name = added.TYPE_MESSAGE, f".{_PACKAGE}.{plain}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def _parse(name: str, data: bytes) -> Any:
    kind = message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{_PACKAGE}.{name}"))
    return kind.FromString(data)


def _plain(parsed: message.Message) -> Object:
    """Return a message as the JSON form of the API would have it: maps as objects, bytes as base64."""
    found: Object = {}
    for field, value in parsed.ListFields():
        type_name = _MESSAGES[parsed.DESCRIPTOR.name][field.name][1]
        if type_name == "*Text":
            found[field.name] = {pair.key: pair.value for pair in value}
        elif type_name == "*Bytes":
            found[field.name] = {pair.key: base64.b64encode(pair.value).decode() for pair in value}
        else:
            found[field.name] = _plain(value) if isinstance(value, message.Message) else value
    return {key: value for key, value in found.items() if value != ""}


def decode(body: bytes) -> Object:
    """Return the object of a protobuf body."""
    if not body.startswith(MAGIC):
        raise bad_request("the body does not begin as a Kubernetes protobuf does")
    try:
        envelope = _parse("Unknown", body[len(MAGIC) :])
        kind = envelope.typeMeta.kind
        if kind not in _KEPT:
            raise ApiFailure(415, "UnsupportedMediaType", f"{kind}: send JSON; protobuf is understood for {_KEPT} only")
        return {"kind": kind, "apiVersion": envelope.typeMeta.apiVersion, **_plain(_parse(kind, envelope.raw))}
    except message.DecodeError as error:
        raise bad_request(f"the body is not protobuf: {error}") from error
