"""What comes back over HTTP where a service's own answer should be: pages, halves, other protocols, nonsense.

Each is the bytes of a whole response, so that a client's own parser meets it. Proxies, gateways, maintenance pages and
wrong ports answer so; the names say what.
"""

from collections.abc import Mapping

PAGE = "<!DOCTYPE html><html><title>Maintenance</title><body>Back soon.</body></html>"
LOGIN = "<!DOCTYPE html><html><title>Sign in</title><form action='/login'></form></html>"
HTML, JSON, TEXT = "text/html; charset=utf-8", "application/json; charset=utf-8", "text/plain; charset=utf-8"
LONG_AGO, FAR_AWAY = "Mon, 02 Mar 1998 10:00:30 GMT", "Mon, 02 Mar 2099 10:00:30 GMT"


def response(
    status: int,
    body: str | bytes = b"",
    kind: str = HTML,
    headers: Mapping[str, str] | None = None,
    missing_bytes: int = 0,
) -> bytes:
    """Return a response as it goes over the wire.

    Args:
        status: of HTTP.
        body: text is written as UTF-8.
        kind: the Content-Type.
        headers: further ones.
        missing_bytes: how many more the Content-Length promises than there are.
    """
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Odd", f"Content-Type: {kind}", f"Content-Length: {len(content) + missing_bytes}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + content


ODD_ANSWERS: dict[str, bytes] = {
    **{f"page {status}": response(status, PAGE) for status in (200, 203, 400, 403, 404, 407, 413, 500, 502, 503)},
    **{f"empty {status}": response(status) for status in (200, 204, 403, 502)},
    "half an answer": response(200, '{"ok": true, "ts": "17', JSON, missing_bytes=40),
    "half an answer, its length right": response(200, '{"ok": true, "ts": "17', JSON),
    "half a refusal": response(200, '{"ok": false, "err', JSON, missing_bytes=30),
    "half a page 403": response(403, PAGE[:30], missing_bytes=100),
    "nothing": b"",
    "a foreign status line": b"SSH-2.0-OpenSSH_9.6\r\n",
    "a status line without end": b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n",
    "a header without end": b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 70_000 + b"\r\n\r\n",
    "a hundred headers and more": b"HTTP/1.1 200 OK\r\n" + b"X-One: 1\r\n" * 200 + b"\r\n",
    "bytes that are no text": response(200, b"\x1f\x8b\x08\xff\xfe\x00", JSON),
    "bytes that are no text 403": response(403, b"\xff\xfe\x80", HTML),
    "an unknown charset": response(200, '{"ok": true}', "application/json; charset=klingon"),
    "compressed, unasked": response(200, b"\x1f\x8b\x08\x00", "application/gzip"),
    "a list": response(200, "[]", JSON),
    "null": response(200, "null", JSON),
    "a number": response(200, "7", JSON),
    "JSON of a gateway": response(403, '{"message": "Forbidden"}', JSON),
    "JSON of a gateway 200": response(200, '{"error": "forbidden"}', JSON),
    "a refusal in words": response(200, '{"ok": false, "error": "Something went wrong."}', JSON),
    "a refusal without a code": response(200, '{"ok": false}', JSON),
    "a refusal with an odd code": response(200, '{"ok": false, "error": {"code": 7}}', JSON),
    "ok, and nothing else": response(200, '{"ok": true}', JSON),
    "ok, with a ts that is none": response(200, '{"ok": true, "ts": 17}', JSON),
    "ok in words": response(200, '{"ok": "true"}', JSON),
    "ok with 500": response(500, '{"ok": true, "ts": "1.1"}', JSON),
    "a redirect to a login": response(302, "", headers={"Location": "/login"}),
    "a redirect that keeps the method": response(307, "", headers={"Location": "/login"}),
    "a redirect to nowhere": response(302, ""),
    "too many, until a date": response(429, "Slow down.", TEXT, {"Retry-After": FAR_AWAY}),
    "too many, until long ago": response(429, "Slow down.", TEXT, {"Retry-After": LONG_AGO}),
    "too many, soon": response(429, "Slow down.", TEXT, {"Retry-After": "soon"}),
    "too many, for ever": response(429, PAGE, headers={"Retry-After": "99999999999"}),
    "too many, for less than nothing": response(429, "", TEXT, {"Retry-After": "-30"}),
    "too many": response(429, PAGE),
}
"""By what they are. No stand-in serves ``/login``: a client that follows finds no answer of the service's."""
