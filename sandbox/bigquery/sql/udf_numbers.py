"""Number functions DuckDB has not, and numbers as text."""

import math
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, InvalidOperation

_EXACT = Context(prec=100)
_WIDEST = Context(prec=800)
_NUMERIC_STEP = Decimal("0.000000001")
_BIGNUMERIC_STEP = Decimal("0.000000000000000001")
_NUMERIC_LIMIT = Decimal(10) ** 29
_NUMERIC_DIGITS = 9


def _held(value: Decimal, step: Decimal, what: str) -> Decimal:
    result = value.quantize(step, rounding=ROUND_HALF_UP, context=_EXACT)
    if abs(result) >= _NUMERIC_LIMIT:
        raise ValueError(f"BQ!numeric overflow: {what}")
    return result


def numeric_divide(left: Decimal, right: Decimal) -> Decimal:
    """``/`` of NUMERIC."""
    return _held(_EXACT.divide(left, right), _NUMERIC_STEP, f"{left} / {right}")


def bignumeric_divide(left: Decimal, right: Decimal) -> Decimal:
    """``/`` of BIGNUMERIC."""
    return _EXACT.divide(left, right).quantize(_BIGNUMERIC_STEP, rounding=ROUND_HALF_UP, context=_EXACT)


def numeric_div(left: Decimal, right: Decimal) -> Decimal:
    """DIV of NUMERIC."""
    if right == 0:
        raise ValueError(f"BQ!division by zero: DIV({numeric_text(left)}, {numeric_text(right)})")
    return _EXACT.divide(left, right).quantize(Decimal(1), rounding=ROUND_DOWN, context=_EXACT)


def numeric_mod(left: Decimal, right: Decimal) -> Decimal:
    """MOD of NUMERIC: the sign is the dividend's."""
    if right == 0:
        raise ValueError(f"BQ!division by zero: MOD({numeric_text(left)}, {numeric_text(right)})")
    return _EXACT.remainder(left, right)


def numeric_round(value: Decimal, digits: int) -> Decimal:
    """ROUND of NUMERIC to digits."""
    return value.quantize(Decimal(1).scaleb(-min(digits, _NUMERIC_DIGITS)), rounding=ROUND_HALF_UP, context=_EXACT)


def numeric_trunc(value: Decimal, digits: int) -> Decimal:
    """TRUNC of NUMERIC to digits."""
    return value.quantize(Decimal(1).scaleb(-min(digits, _NUMERIC_DIGITS)), rounding=ROUND_DOWN, context=_EXACT)


def float_numeric(value: float) -> Decimal:
    """CAST of FLOAT64 to NUMERIC."""
    if not math.isfinite(value):
        raise ValueError(f"BQ!Illegal conversion of non-finite floating point number to numeric: {value}")
    return _held(Decimal(value), _NUMERIC_STEP, str(value))


def parse_numeric(text: str) -> Decimal:
    """PARSE_NUMERIC: commas and spaces are allowed."""
    cleaned = text.replace(",", "").replace(" ", "")
    if cleaned[-1:] in ("-", "+"):
        cleaned = cleaned[-1] + cleaned[:-1]
    try:
        return _held(Decimal(cleaned), _NUMERIC_STEP, text)
    except InvalidOperation:
        raise ValueError(f"BQ!Invalid input to PARSE_NUMERIC: {text}") from None


def numeric_text(value: Decimal) -> str:
    """A NUMERIC as text, without trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def float_text(value: float) -> str:
    """A FLOAT64 as CAST writes it."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return shortest(value)


def shortest(value: float) -> str:
    """%.15g, or %.17g where that would not read back as the same number; zero has no sign."""
    text = f"{value:.15g}" if value else "0"
    return text if float(text) == value else f"{value:.17g}"


def float_display(value: float) -> str:
    """A FLOAT64 as FORMAT %t writes it: always recognisable as one."""
    text = float_text(value)
    return text if any(mark in text for mark in ".enai") else text + ".0"


def json_float_text(value: float) -> str:
    """A FLOAT64 inside JSON; what JSON has no number for is a string."""
    if math.isnan(value):
        return '"NaN"'
    if math.isinf(value):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    return shortest(value)


def json_float_display(value: float) -> str:
    """A FLOAT64 inside the JSON type, where it stays recognisable as one."""
    text = json_float_text(value)
    return text if any(mark in text for mark in '.en"') else text + ".0"


def exact_round(value: float, digits: int) -> float:
    """ROUND of FLOAT64, from the number's exact value."""
    if not math.isfinite(value):
        return value
    return float(Decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP, context=_WIDEST))


def float_literal(value: float) -> str:
    """A FLOAT64 as FORMAT %T writes it."""
    if math.isnan(value) or math.isinf(value):
        return f'CAST("{float_text(value)}" AS FLOAT64)'
    return float_display(value)


def _padded(text: str, flags: str, width: int | None) -> str:
    if width is None or len(text) >= abs(width):
        return text
    if "-" in flags or width < 0:
        return text.ljust(abs(width))
    if "0" in flags:
        sign = text[0] if text[0] in "+- " else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width)


def _signed(text: str, flags: str) -> str:
    if text.startswith("-"):
        return text
    return "+" + text if "+" in flags else " " + text if " " in flags else text


def format_integer(value: int, kind: str, flags: str, width: int | None, precision: int | None) -> str | None:
    """FORMAT %d, %o, %x."""
    if value is None:
        return None
    if kind in "oxX":
        digits = f"{abs(value):{kind}}"
        if "#" in flags and value:
            digits = {"o": "0", "x": "0x", "X": "0X"}[kind] + digits
    else:
        digits = f"{abs(value):,}" if "'" in flags else str(abs(value))
    if precision is not None:
        digits = digits.rjust(precision, "0")
    return _padded(_signed("-" + digits if value < 0 else digits, flags), flags, width)


def format_float(value: float, kind: str, flags: str, width: int | None, precision: int | None) -> str | None:
    """FORMAT %f, %e, %g."""
    if value is None:
        return None
    if not math.isfinite(value):
        text = "nan" if math.isnan(value) else "-inf" if value < 0 else "inf"
        return _padded(_signed(text.upper() if kind.isupper() else text, flags), flags.replace("0", ""), width)
    text = f"{value:{'#' if '#' in flags else ''}.{6 if precision is None else precision}{kind}}"
    return _padded(_signed(_grouped(text) if "'" in flags else text, flags), flags, width)


def _grouped(text: str) -> str:
    whole, dot, rest = text.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-')):,}{dot}{rest}" if whole.lstrip("-").isdigit() else text


def format_numeric(value: Decimal, kind: str, flags: str, width: int | None, precision: int | None) -> str | None:
    """FORMAT %f and the like of NUMERIC."""
    if value is None:
        return None
    if kind in "fF":
        places = 6 if precision is None else precision
        text = f"{value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=_EXACT):f}"
        return _padded(_signed(_grouped(text) if "'" in flags else text, flags), flags, width)
    return format_float(float(value), kind, flags, width, precision)


def format_text(value: str, flags: str, width: int | None, precision: int | None) -> str | None:
    """FORMAT %s and %t."""
    if value is None:
        return None
    text = value if precision is None else value[:precision]
    return _padded(text, flags.replace("0", ""), width)
