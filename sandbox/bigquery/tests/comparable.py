"""Values in a form in which two SQL engines, and a YAML file, can be compared."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any


def comparable(value: Any) -> Any:
    """Times as ISO text (with their type where it would be lost), numbers without their spelling, structs as lists."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, datetime):
        return ("TIMESTAMP " if value.tzinfo else "DATETIME ") + value.replace(tzinfo=None).isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, float):
        return "nan" if value != value else f"{value:.13g}" if value else "0"
    if isinstance(value, (bytes, bytearray)):
        return "b:" + bytes(value).hex()
    if isinstance(value, dict):
        return [comparable(item) for item in value.values()]
    if isinstance(value, (list, tuple)):
        return [comparable(item) for item in value]
    return value
