"""The small pure parts: paths, variables, tokens, last words."""

from pathlib import Path

import pytest

from sandbox.kubernetes.last_words import TAIL_BYTES, TAIL_LINES, LastWords
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


def test_last_words_are_the_end_of_what_was_written() -> None:
    words = LastWords()
    for number in range(1000):
        words.feed(b"%d\n" % number)
    words.feed(b"the ")
    words.feed(b"end")
    assert words.text().endswith("\n999\nthe end") and len(words.text().splitlines()) == TAIL_LINES
    words.feed(b"x" * 10_000)
    assert words.text() == "x" * TAIL_BYTES
