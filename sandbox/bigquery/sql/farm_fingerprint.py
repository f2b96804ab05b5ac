"""FarmHash Fingerprint64, the function behind FARM_FINGERPRINT (a published algorithm, after its description)."""

_MASK = (1 << 64) - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _rotate(value: int, shift: int) -> int:
    return value if shift == 0 else ((value >> shift) | (value << (64 - shift))) & _MASK


def _mix(value: int) -> int:
    return value ^ (value >> 47)


def _fetch64(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")


def _fetch32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _hash16(u: int, v: int, multiplier: int) -> int:
    a = _mix(((u ^ v) * multiplier) & _MASK)
    b = _mix(((v ^ a) * multiplier) & _MASK)
    return (b * multiplier) & _MASK


def _up_to_16(data: bytes) -> int:
    size = len(data)
    if size >= 8:
        multiplier = (_K2 + size * 2) & _MASK
        a = (_fetch64(data, 0) + _K2) & _MASK
        b = _fetch64(data, size - 8)
        c = (_rotate(b, 37) * multiplier + a) & _MASK
        d = ((_rotate(a, 25) + b) * multiplier) & _MASK
        return _hash16(c, d, multiplier)
    if size >= 4:
        multiplier = (_K2 + size * 2) & _MASK
        return _hash16((size + (_fetch32(data, 0) << 3)) & _MASK, _fetch32(data, size - 4), multiplier)
    if size > 0:
        y = data[0] + (data[size >> 1] << 8)
        z = size + (data[size - 1] << 2)
        return (_mix((y * _K2 ^ z * _K0) & _MASK) * _K2) & _MASK
    return _K2


def _up_to_32(data: bytes) -> int:
    size = len(data)
    multiplier = (_K2 + size * 2) & _MASK
    a = (_fetch64(data, 0) * _K1) & _MASK
    b = _fetch64(data, 8)
    c = (_fetch64(data, size - 8) * multiplier) & _MASK
    d = (_fetch64(data, size - 16) * _K2) & _MASK
    first = (_rotate((a + b) & _MASK, 43) + _rotate(c, 30) + d) & _MASK
    second = (a + _rotate((b + _K2) & _MASK, 18) + c) & _MASK
    return _hash16(first, second, multiplier)


def _up_to_64(data: bytes) -> int:
    size = len(data)
    multiplier = (_K2 + size * 2) & _MASK
    a = (_fetch64(data, 0) * _K2) & _MASK
    b = _fetch64(data, 8)
    c = (_fetch64(data, size - 8) * multiplier) & _MASK
    d = (_fetch64(data, size - 16) * _K2) & _MASK
    y = (_rotate((a + b) & _MASK, 43) + _rotate(c, 30) + d) & _MASK
    z = _hash16(y, (a + _rotate((b + _K2) & _MASK, 18) + c) & _MASK, multiplier)
    e = (_fetch64(data, 16) * multiplier) & _MASK
    f = _fetch64(data, 24)
    g = ((y + _fetch64(data, size - 32)) * multiplier) & _MASK
    h = ((z + _fetch64(data, size - 24)) * multiplier) & _MASK
    first = (_rotate((e + f) & _MASK, 43) + _rotate(g, 30) + h) & _MASK
    second = (e + _rotate((f + a) & _MASK, 18) + g) & _MASK
    return _hash16(first, second, multiplier)


def _weak_hash(data: bytes, at: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = (_fetch64(data, at + 8 * index) for index in range(4))
    a = (a + w) & _MASK
    b = _rotate((b + a + z) & _MASK, 21)
    c = a
    a = (a + x + y) & _MASK
    b = (b + _rotate(a, 44)) & _MASK
    return (a + z) & _MASK, (b + c) & _MASK


def _long(data: bytes) -> int:
    size = len(data)
    seed = 81
    x = seed
    y = (seed * _K1 + 113) & _MASK
    z = (_mix((y * _K2 + 113) & _MASK) * _K2) & _MASK
    v, w = (0, 0), (0, 0)
    x = (x * _K2 + _fetch64(data, 0)) & _MASK
    end = ((size - 1) // 64) * 64
    last = end + ((size - 1) & 63) - 63
    at = 0
    while at < end:
        x = (_rotate((x + y + v[0] + _fetch64(data, at + 8)) & _MASK, 37) * _K1) & _MASK
        y = (_rotate((y + v[1] + _fetch64(data, at + 48)) & _MASK, 42) * _K1) & _MASK
        x ^= w[1]
        y = (y + v[0] + _fetch64(data, at + 40)) & _MASK
        z = (_rotate((z + w[0]) & _MASK, 33) * _K1) & _MASK
        v = _weak_hash(data, at, (v[1] * _K1) & _MASK, (x + w[0]) & _MASK)
        w = _weak_hash(data, at + 32, (z + w[1]) & _MASK, (y + _fetch64(data, at + 16)) & _MASK)
        z, x = x, z
        at += 64
    multiplier = (_K1 + ((z & 0xFF) << 1)) & _MASK
    at = last
    w = ((w[0] + ((size - 1) & 63)) & _MASK, w[1])
    v = ((v[0] + w[0]) & _MASK, v[1])
    w = ((w[0] + v[0]) & _MASK, w[1])
    x = (_rotate((x + y + v[0] + _fetch64(data, at + 8)) & _MASK, 37) * multiplier) & _MASK
    y = (_rotate((y + v[1] + _fetch64(data, at + 48)) & _MASK, 42) * multiplier) & _MASK
    x ^= (w[1] * 9) & _MASK
    y = (y + v[0] * 9 + _fetch64(data, at + 40)) & _MASK
    z = (_rotate((z + w[0]) & _MASK, 33) * multiplier) & _MASK
    v = _weak_hash(data, at, (v[1] * multiplier) & _MASK, (x + w[0]) & _MASK)
    w = _weak_hash(data, at + 32, (z + w[1]) & _MASK, (y + _fetch64(data, at + 16)) & _MASK)
    z, x = x, z
    first = (_hash16(v[0], w[0], multiplier) + _mix(y) * _K0 + z) & _MASK
    second = (_hash16(v[1], w[1], multiplier) + x) & _MASK
    return _hash16(first, second, multiplier)


def fingerprint(data: bytes) -> int:
    """The signed 64-bit fingerprint of some bytes."""
    size = len(data)
    if size <= 16:
        value = _up_to_16(data)
    elif size <= 32:
        value = _up_to_32(data)
    elif size <= 64:
        value = _up_to_64(data)
    else:
        value = _long(data)
    return value - (1 << 64) if value >= 1 << 63 else value
