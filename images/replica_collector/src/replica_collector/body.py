"""Bodies of answers, read whole or refused: none is larger than fits, none that ended early is taken for one."""

import http.client
import zlib
from collections.abc import Callable

from replica_collector.errors import BodyCut, PageTooLarge
from replica_collector.turns import Sheet

READ_BYTES = 256 * 1024
UNPACK_BYTES = 64 * 1024
MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_ERROR_BODY_BYTES = 64 * 1024
CUT = "the connection ended before the body did"

Body = bytearray | memoryview
"""Of one that came compressed it is a part of the sheet, and holds until the next page."""
Count = Callable[[int], None]
"""Is told how many bytes came, piece by piece, also of a body that is refused in the end."""


def read(raw: http.client.HTTPResponse, count: Count, sheet: Callable[[], Sheet]) -> Body:
    """Read the body of an answer, and unpack it where it came compressed, on the sheet that is asked for then.

    Raises:
        PageTooLarge: it has more bytes than fit; of an error so many are enough to say what is wrong.
        BodyCut: the connection ended before it did.

    """
    is_error = raw.status >= 400
    most = MAX_ERROR_BODY_BYTES if is_error else MAX_BODY_BYTES
    is_fixed = raw.length is not None and raw.length <= most
    body = _fill(raw, raw.length or 0, count) if is_fixed else _gather(raw, most, is_error, count)
    if raw.getheader("Content-Encoding") != "gzip" or not body:
        return body
    return _unpacked(body, most, is_error, Sheet() if is_error else sheet())


def _gather(raw: http.client.HTTPResponse, most: int, is_error: bool, count: Count) -> bytearray:
    body = bytearray()
    while piece := raw.read(READ_BYTES):
        count(len(piece))
        body += piece
        if len(body) > most:
            if is_error:
                return body  # long enough to say what is wrong
            raise PageTooLarge(f"the answer is larger than {most} bytes")
    # read(n) reports a body that ends early as a plain end of file.
    if raw.length:
        raise BodyCut(CUT)
    return body


def _fill(raw: http.client.HTTPResponse, length: int, count: Count) -> bytearray:
    """Read a body of known length into its place: no copy of each piece."""
    body = bytearray(length)
    filled = 0
    with memoryview(body) as view:
        while filled < length and (came := raw.readinto(view[filled : filled + READ_BYTES])):
            filled += came
            count(came)
    if filled < length:
        raise BodyCut(CUT)
    raw.read()  # http.client lets go of the connection at the end it is told of
    return body


def _unpacked(packed: bytearray, most: int, is_error: bool, sheet: Sheet) -> memoryview:
    """Unpack a body that is there whole, piece by piece: at once would hold it twice for a moment."""
    unpack = zlib.decompressobj(31)
    # The last four bytes say how large it was; one that lies is longer by the pieces that come.
    body = sheet.of(min(most, int.from_bytes(packed[-4:], "little")))
    size = 0
    with memoryview(packed) as view:
        for start in range(0, len(packed), UNPACK_BYTES):
            piece = unpack.decompress(view[start : start + UNPACK_BYTES], most + 1 - size)
            if size + len(piece) > len(body):
                body = body + bytes(size + len(piece) - len(body))
            body[size : size + len(piece)] = piece
            size += len(piece)
            if size > most:
                if is_error:
                    break
                raise PageTooLarge(f"the answer is larger than {most} bytes")
    if not unpack.eof and not is_error:
        raise BodyCut(CUT)
    return memoryview(body)[:size]
