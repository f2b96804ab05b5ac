"""Single values out of JSON: STRING(json), INT64(json), LAX_*."""

import re

from sandbox.bigquery.sql.udf_json import load, scalar_text


def _wrong_type(text: str, wanted: str) -> ValueError:
    return ValueError(f"BQ!The provided JSON input is not {wanted}")


def json_string(text: str) -> str | None:
    """STRING(json)."""
    value = load(text)
    if not isinstance(value, str):
        raise _wrong_type(text, "a string")
    return value


def json_bool(text: str) -> bool:
    """BOOL(json)."""
    value = load(text)
    if not isinstance(value, bool):
        raise _wrong_type(text, "a boolean")
    return value


def json_int(text: str) -> int:
    """INT64(json)."""
    value = load(text)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong_type(text, "an integer")
    if value != int(value) or not -(2**63) <= value < 2**63:
        raise ValueError(f"BQ!The provided JSON number: {text} cannot be converted to an int64")
    return int(value)


def json_float(text: str) -> float:
    """FLOAT64(json)."""
    value = load(text)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong_type(text, "a number")
    return float(value)


def lax_bool(text: str) -> bool | None:
    """LAX_BOOL."""
    value = load(text)
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return value != 0
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def lax_int(text: str) -> int | None:
    """LAX_INT64."""
    value = load(text)
    if isinstance(value, bool):
        return int(value)
    try:
        number = float(value) if isinstance(value, (float, str)) else value
        if isinstance(number, float):
            number = (
                int(value) if isinstance(value, str) and re.fullmatch(r"\s*[-+]?\d+\s*", value) else _half_away(number)
            )
    except (ValueError, OverflowError):
        return None
    return number if isinstance(number, int) and -(2**63) <= number < 2**63 else None


def _half_away(value: float) -> int:
    return int(value + 0.5) if value >= 0 else -int(-value + 0.5)


def lax_float(text: str) -> float | None:
    """LAX_FLOAT64."""
    value = load(text)
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def lax_string(text: str) -> str | None:
    """LAX_STRING."""
    return scalar_text(load(text))
