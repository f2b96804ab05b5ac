"""Text functions DuckDB has not, in Python; called row by row, so only for what is rare or not expressible."""

import base64
import re
import unicodedata
from hashlib import sha512
from typing import Any, Literal

from sandbox.bigquery.sql.farm_fingerprint import fingerprint

_SOUNDEX = {
    letter: digit for digit, letters in enumerate(("", "BFPV", "CGJKQSXZ", "DT", "L", "MN", "R")) for letter in letters
}
_FORMS: dict[str, Literal["NFC", "NFD", "NFKC", "NFKD"]] = {"NFC": "NFC", "NFD": "NFD", "NFKC": "NFKC", "NFKD": "NFKD"}
_INITCAP_DELIMITERS = ' \t\n\v\f\r[](){}/|<>!?@"^#$&~_,.:;*%+-'


def hex_int(text: str) -> int:
    """``0x1F``."""
    value = int(text.strip(), 16)
    if value >= 2**63 and not text.strip().startswith("-"):
        value -= 2**64
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"BQ!Bad int64 value: {text}")
    return value


def bytes_lower(value: bytes) -> bytes:
    """LOWER of BYTES: ASCII letters."""
    return bytes(value).lower()


def bytes_upper(value: bytes) -> bytes:
    """UPPER of BYTES: ASCII letters."""
    return bytes(value).upper()


def bytes_substr(value: bytes, position: int, length: int | None) -> bytes | None:
    """SUBSTR of BYTES."""
    if value is None or position is None:
        return None
    if length is not None and length < 0:
        raise ValueError("BQ!Third argument in SUBSTR() cannot be negative")
    start = position - 1 if position > 0 else max(len(value) + position, 0) if position < 0 else 0
    return bytes(value)[start:] if length is None else bytes(value)[start : start + length]


def bytes_right(value: bytes, count: int) -> bytes:
    """RIGHT of BYTES."""
    return bytes(value)[-count:] if count > 0 else b""


def bytes_trim(value: bytes, characters: bytes, side: str) -> bytes:
    """TRIM of BYTES."""
    value, characters = bytes(value), bytes(characters)
    return {"both": value.strip, "left": value.lstrip, "right": value.rstrip}[side](characters)


def bytes_replace(value: bytes, old: bytes, new: bytes) -> bytes:
    """REPLACE of BYTES."""
    return bytes(value).replace(bytes(old), bytes(new)) if old else bytes(value)


def bytes_reverse(value: bytes) -> bytes:
    """REVERSE of BYTES."""
    return bytes(value)[::-1]


def bytes_repeat(value: bytes, count: int) -> bytes:
    """REPEAT of BYTES."""
    if count < 0:
        raise ValueError("BQ!Second argument in REPEAT() cannot be negative")
    return bytes(value) * count


def bytes_split(value: bytes, delimiter: bytes) -> list[bytes]:
    """SPLIT of BYTES."""
    value = bytes(value)
    return value.split(bytes(delimiter)) if delimiter else [bytes([byte]) for byte in value]


def bytes_instr(value: bytes, wanted: bytes) -> int:
    """STRPOS of BYTES."""
    return bytes(value).find(bytes(wanted)) + 1


def bytes_starts(value: bytes, prefix: bytes) -> bool:
    """STARTS_WITH of BYTES."""
    return bytes(value).startswith(bytes(prefix))


def bytes_ends(value: bytes, suffix: bytes) -> bool:
    """ENDS_WITH of BYTES."""
    return bytes(value).endswith(bytes(suffix))


def instr(text: str, wanted: str, position: int, occurrence: int) -> int:
    """INSTR with a start and an occurrence; a negative start searches backwards."""
    if position == 0 or occurrence <= 0:
        raise ValueError("BQ!The third and fourth arguments of INSTR must not be zero or negative")
    if position > 0:
        place = position - 2
        for _ in range(occurrence):
            place = text.find(wanted, place + 1)
            if place < 0:
                return 0
        return place + 1
    end = len(text) + position + len(wanted)
    for _ in range(occurrence):
        place = text.rfind(wanted, 0, max(end, 0))
        if place < 0:
            return 0
        end = place + len(wanted) - 1
    return place + 1


def normalize(text: str, mode: str, fold: bool) -> str:
    """NORMALIZE and NORMALIZE_AND_CASEFOLD."""
    form = _FORMS[mode]
    value = unicodedata.normalize(form, text)
    return unicodedata.normalize(form, value.casefold()) if fold else value


def initcap(text: str, delimiters: str | None) -> str | None:
    """INITCAP."""
    if text is None:
        return None
    marks = _INITCAP_DELIMITERS if delimiters is None else delimiters
    out, at_start = [], True
    for letter in text:
        out.append(letter.upper() if at_start else letter.lower())
        at_start = letter in marks
    return "".join(out)


def translate(text: str, source: str, target: str) -> str:
    """TRANSLATE."""
    if len(set(source)) != len(source):
        raise ValueError("BQ!Duplicate character in TRANSLATE source characters")
    table = {ord(letter): target[index] if index < len(target) else None for index, letter in enumerate(source)}
    return text.translate(table)


def soundex(text: str) -> str:
    """SOUNDEX."""
    letters = [letter for letter in text.upper() if letter.isascii() and letter.isalpha()]
    if not letters:
        return ""
    code, last = letters[0], _SOUNDEX.get(letters[0])
    for letter in letters[1:]:
        digit = _SOUNDEX.get(letter)
        if digit and digit != last:
            code += str(digit)
        last = digit or last
    return code[:4].ljust(4, "0")


def code_points(text: str) -> list[int]:
    """TO_CODE_POINTS of STRING."""
    return [ord(letter) for letter in text]


def byte_points(value: bytes) -> list[int]:
    """TO_CODE_POINTS of BYTES."""
    return list(bytes(value))


def from_code_points(points: list[int | None]) -> str | None:
    """CODE_POINTS_TO_STRING."""
    try:
        return (
            None
            if any(point is None for point in points)
            else "".join(chr(point) for point in points if point is not None)
        )
    except (ValueError, OverflowError):
        raise ValueError(f"BQ!Invalid codepoint in {points}") from None


def from_byte_points(points: list[int | None]) -> bytes | None:
    """CODE_POINTS_TO_BYTES."""
    try:
        return None if any(point is None for point in points) else bytes(point for point in points if point is not None)
    except ValueError:
        raise ValueError(f"BQ!Invalid extended ASCII code point in {points}") from None


def to_base32(value: bytes) -> str:
    """TO_BASE32."""
    return base64.b32encode(bytes(value)).decode()


def from_base32(text: str) -> bytes:
    """FROM_BASE32."""
    try:
        return base64.b32decode(text)
    except ValueError:
        raise ValueError(f"BQ!Failed to decode invalid base32 string: {text}") from None


def from_base64(text: str) -> bytes:
    """FROM_BASE64; padding may be missing."""
    stripped = re.sub(r"\s", "", text).rstrip("=")
    try:
        return base64.b64decode(stripped + "=" * (-len(stripped) % 4), validate=True)
    except ValueError:
        raise ValueError(f"BQ!Failed to decode invalid base64 string: {text}") from None


def from_hex(text: str) -> bytes:
    """FROM_HEX; an odd first digit stands alone."""
    try:
        return bytes.fromhex(text if len(text) % 2 == 0 else "0" + text)
    except ValueError:
        raise ValueError(f"BQ!Failed to decode invalid hexadecimal string: {text}") from None


def lossy_text(value: bytes) -> str:
    """SAFE_CONVERT_BYTES_TO_STRING."""
    return bytes(value).decode("utf-8", "replace")


def latin(value: bytes) -> str:
    """Bytes as text of the same length, for patterns over BYTES."""
    return bytes(value).decode("latin-1")


def unlatin(text: str) -> bytes:
    """The way back."""
    return text.encode("latin-1")


def bytes_text(value: bytes) -> str:
    """BYTES as FORMAT %t shows them."""
    return bytes(value).decode("utf-8", "backslashreplace")


def sha_512(value: bytes) -> bytes:
    """SHA512."""
    return sha512(bytes(value)).digest()


def farm_fingerprint(value: bytes) -> int:
    """FARM_FINGERPRINT."""
    return fingerprint(bytes(value))


def quote_string(text: str) -> str:
    """A GoogleSQL string literal as FORMAT %T writes it."""
    mark = "'" if '"' in text and "'" not in text else '"'
    escapes = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", mark: "\\" + mark}
    return mark + "".join(escapes.get(letter, letter) for letter in text) + mark


def quote_bytes(value: bytes) -> str:
    """A GoogleSQL bytes literal as FORMAT %T writes it."""
    text = bytes(value).decode("latin-1")
    mark = "'" if '"' in text and "'" not in text else '"'
    out = "".join(
        letter
        if 32 <= ord(letter) < 127 and letter not in ("\\", mark)
        else f"\\{letter}"
        if letter in ("\\", mark)
        else f"\\x{ord(letter):02x}"
        for letter in text
    )
    return f"b{mark}{out}{mark}"


def contains_substr(text: str, wanted: str) -> bool:
    """CONTAINS_SUBSTR: normalised, without case."""
    return normalize(wanted, "NFKC", True) in normalize(text, "NFKC", True)


def _pattern(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(re.sub(r"\(\?P?<(?![=!])", "(?P<", pattern))
    except re.error as wrong:
        raise ValueError(f"BQ!Cannot parse regular expression: {wrong}") from None
    if compiled.groups > 1:
        raise ValueError("BQ!Regular expression has more than 1 capturing group")
    return compiled


def regexp_extract(text: str, pattern: str, position: int, occurrence: int) -> str | None:
    """REGEXP_EXTRACT with a start and an occurrence."""
    if position < 1 or occurrence < 1:
        raise ValueError("BQ!Position and occurrence of REGEXP_EXTRACT must be positive")
    matches = list(_pattern(pattern).finditer(text, position - 1)) if position <= len(text) + 1 else []
    if occurrence > len(matches):
        return None
    match = matches[occurrence - 1]
    return match[1] if match.re.groups else match[0]


def regexp_extract_all(text: str, pattern: str) -> list[Any]:
    """REGEXP_EXTRACT_ALL with a pattern known only at run time."""
    return [match[1] if match.re.groups else match[0] for match in _pattern(pattern).finditer(text)]


def regexp_instr(text: str, pattern: str, position: int, occurrence: int, after: int) -> int:
    """REGEXP_INSTR."""
    matches = list(_pattern(pattern).finditer(text, position - 1)) if 0 < position <= len(text) + 1 else []
    if not 0 < occurrence <= len(matches):
        return 0
    match = matches[occurrence - 1]
    group = 1 if match.re.groups else 0
    return (match.end(group) if after else match.start(group)) + 1
