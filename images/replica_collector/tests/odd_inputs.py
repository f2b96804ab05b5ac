"""Objects and kubeconfigs as nobody meant them, and what has to hold of each; the benchmark's too.

An API server lets through what its own validation does, and a custom resource's whatever its owner allowed.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import yaml
from collector_api_server import deployment, hpa, rollout, stateful_set
from collector_harness import CYCLE, ROW
from hypothesis import strategies as st

from replica_collector import salvage
from replica_collector.clusters import Cluster, reach
from replica_collector.credentials import Anonymous, StaticToken
from replica_collector.errors import Misconfigured, describe
from replica_collector.kinds import kinds
from replica_collector.observations import Provenance, encode
from replica_collector.rows import observe

ORIGIN = Provenance(CYCLE, "prod", "eu-1", "try-1")
KINDS = {kind.resource_type: kind for kind in kinds("api_id", "team_id")}
OBJECTS = {"deployment": deployment, "statefulset": stateful_set, "rollout": rollout, "hpa": hpa}

_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([2**31 - 1, 2**31, 2**53, 2**63 - 1, 2**63, -1]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    # No half of a character: an API server, as all of Go, writes U+FFFD for one.
    st.sampled_from(["25%", "101%", "1.5", "", "\u2028", "\ufffd"]),
    st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00", "9999-12-31T23:59:60Z"]),
)
VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
)


def _paths(item: dict[str, Any], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every field of an object, at any depth."""
    found = []
    for name, inner in item.items():
        found.append((*above, name))
        if isinstance(inner, dict):
            found += _paths(inner, (*above, name))
    return found


@st.composite
def objects(draw: st.DrawFn) -> tuple[str, bytes]:
    """Return a kind and one object of it as JSON, up to three fields of which are not what they should be."""
    resource_type = draw(st.sampled_from(sorted(OBJECTS)))
    item = OBJECTS[resource_type]("odd")
    for _ in range(draw(st.integers(1, 3))):
        *above, last = draw(st.sampled_from(_paths(item)))
        place: Any = item
        for part in above:
            place = place[part]
        if draw(st.integers(0, 4)) == 0:
            del place[last]
        else:
            place[last] = draw(VALUES)
    raw = json.dumps(item).encode()
    if draw(st.integers(0, 9)) == 0:  # a byte that is none of UTF-8
        at = draw(st.integers(1, len(raw) - 1))
        is_in_text = raw[:at].count(b'"') % 2 == 1 and b"\\" not in raw[:at]
        raw = raw[:at] + b"\xff" + raw[at:] if is_in_text else raw
    return resource_type, raw


def check_object(resource_type: str, raw: bytes) -> None:
    """Hold that an object between two good ones is a row, or is named; and that the two are rows."""
    kind = KINDS[resource_type]
    before, after = (json.dumps(OBJECTS[resource_type](name)).encode() for name in ("first", "last"))
    page = b'{"kind":"%b","metadata":{},"items":[%b,%b,%b]}' % (kind.list_kind.encode(), before, raw, after)
    list_kind, _, items, bad = salvage.page(kind, page)
    rows, more = salvage.each(items, lambda item: observe(ORIGIN, (item,), CYCLE)[0])
    bad += more
    assert list_kind == kind.list_kind
    assert len(rows) + len(bad) == 3
    assert {"first", "last"} <= {row.name for row in rows}
    for line in encode(rows).splitlines():
        ROW.validate(json.loads(line))
    if bad:
        told = describe(salvage.told(bad))
        assert told.startswith("not readable, the others are: ")
        assert len(told) <= 500
        told.encode()


TOKEN = "t0p-s3cr3t"
_ENTRY = {
    "apiVersion": "v1",
    "kind": "Config",
    "preferences": {},
    "current-context": "a",
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443"}}],
    "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}],
    "users": [{"name": "u", "user": {"token": TOKEN}}],
}
_CLUSTER_FIELDS = [
    "server",
    "certificate-authority",
    "certificate-authority-data",
    "tls-server-name",
    "insecure-skip-tls-verify",
    "proxy-url",
    "disable-compression",
]
_USER_FIELDS = [
    "token",
    "tokenFile",
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "client-key-data",
    "as",
    "as-uid",
    "as-groups",
    "as-user-extra",
    "username",
    "password",
    "auth-provider",
    "exec",
]
IMPERSONATION = ("as", "as-uid", "as-groups", "as-user-extra")
_TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "https://[::1",
            "https://ex ample",
            "https://höst",
            "http://plain",
            "https://a\n",
            "//",
            "abc\n",
            "a\0b",
            "-----BEGIN CERTIFICATE-----\nü",
            "LS0tLS1CRUdJTg==",
            "nowhere.pem",
            "x" * 5000,
        ]
    ),
)


@st.composite
def kubeconfigs(draw: st.DrawFn) -> bytes:
    """Return a kubeconfig up to four fields of which are odd; some are cut or have bytes in them."""
    config = json.loads(json.dumps(_ENTRY))
    for _ in range(draw(st.integers(1, 4))):
        place, fields = draw(
            st.sampled_from(
                [
                    ((), list(_ENTRY)),
                    (("clusters", 0), ["name", "cluster"]),
                    (("contexts", 0), ["name", "context"]),
                    (("users", 0), ["name", "user"]),
                    (("clusters", 0, "cluster"), _CLUSTER_FIELDS),
                    (("contexts", 0, "context"), ["cluster", "user", "namespace"]),
                    (("users", 0, "user"), _USER_FIELDS),
                ]
            )
        )
        block: Any = config
        for part in place:
            is_of_a_list = isinstance(block, list) and isinstance(part, int) and len(block) > part
            block = block[part] if is_of_a_list or (isinstance(block, dict) and part in block) else None
        if isinstance(block, dict):
            block[draw(st.sampled_from(fields))] = draw(st.none() | _TEXTS | VALUES)
    raw = yaml.safe_dump(config, allow_unicode=True).encode(errors="replace")
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(raw)))
        raw = raw[:at] + draw(st.binary(max_size=3) | st.sampled_from([b"&a [*a]", b": 2026-13-99", b"!!x ", b"\t"]))
    return raw


def check_kubeconfig(raw: bytes) -> None:
    """Hold that a kubeconfig is a way to a cluster or a sentence that says why not; and nobody is impersonated."""
    with tempfile.TemporaryDirectory(prefix="odd-kubeconfig-") as folder:
        path = Path(folder, "config.yaml")
        path.write_bytes(raw)
        try:
            endpoint, credential = reach(Cluster("eu-1", "prod", auth="kubeconfig", kubeconfig=str(path)), Anonymous())
        except Misconfigured as error:
            told = describe(error)
            assert told
            assert TOKEN not in told, "a token is never told"
            told.encode()
            return
    assert endpoint.host.isascii()
    if isinstance(credential, StaticToken):
        str(credential.token()).encode("ascii")
    written = yaml.safe_load(raw)
    user = next((one.get("user") for one in written["users"] or [] if one and one["name"] == "u"), None) or {}
    context = next(one["context"] for one in written["contexts"] if one["name"] == written["current-context"])
    if context.get("user") == "u":
        assert not any(user.get(name) for name in IMPERSONATION)
