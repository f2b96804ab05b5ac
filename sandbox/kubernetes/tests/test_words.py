"""The small pure parts: paths, variables, tokens, logs."""

from pathlib import Path

import pytest

from sandbox.kubernetes.container_logs import KEEP_BYTES, ContainerLog
from sandbox.kubernetes.listing import ContinueToken, PageCache
from sandbox.kubernetes.pod_inputs import expand, redirect_paths


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/data/x", "/real/x"),
        ("--out=/data", "--out=/real"),
        ("file:///data/x", "file:///real/x"),
        ("/data/inner/x", "/inner/x"),
        ("/database", "/database"),
        ("/srv/data/x", "/srv/data/x"),
        ("/data.json", "/data.json"),
        ("a:/data:/data/b", "a:/real:/real/b"),
    ],
)
def test_only_whole_prefixes_are_redirected(text: str, expected: str) -> None:
    assert redirect_paths(text, {"/data": Path("/real"), "/data/inner": Path("/inner")}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(A)", "1"),
        ("$$(A)", "$(A)"),
        ("$(B)", "$(B)"),
        ("$A", "$A"),
        ("cost: 5$$", "cost: 5$"),
        ("x$(A)y$(A)", "x1y1"),
    ],
)
def test_variables_expand_as_in_kubernetes(text: str, expected: str) -> None:
    assert expand(text, {"A": "1"}) == expected


def test_tokens_survive_the_way_to_the_client_and_back() -> None:
    token = ContinueToken(17, "shop/cart\0")
    assert ContinueToken.decode(token.encode()) == token


def test_the_page_cache_drops_what_was_not_used_for_longest() -> None:
    cache = PageCache(capacity=10)
    cache.put(("a",), b"12345")
    cache.put(("b",), b"12345")
    assert cache.get(("a",))
    cache.put(("c",), b"12345")
    assert cache.get(("a",)) and cache.get(("c",)) and cache.get(("b",)) is None


def test_a_log_keeps_its_end() -> None:
    log = ContainerLog()
    line = b"x" * 99_999
    for _ in range(KEEP_BYTES // 100_000 + 5):
        log.feed(line + b"\n")
    log.feed(b"the ")
    log.feed(b"end")
    log.close()
    assert log.since(log.end - 1)[0][1] == b"the end\n"
    assert sum(len(text) for _, text in log.since(0)) <= KEEP_BYTES
    assert log.since(log.end) == [] and log.begin(2, None) == log.end - 2
