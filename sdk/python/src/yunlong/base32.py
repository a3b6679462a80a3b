"""Codes that people read out and type: base 32 in the alphabet of Douglas Crockford, which has no I, L, O and U.
``random.code`` makes one that nobody guesses."""

__all__ = ["ALPHABET", "encode", "typed"]

#: Its digits, from 0 to 31.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def encode(data: bytes, n: int) -> str:
    """The first ``n`` characters of the base 32 of bytes, such as a keyed hash; zeros where the bytes end. Each
    character carries five bits."""

    def bit(i: int) -> int:
        return data[i // 8] >> (7 - i % 8) & 1 if i // 8 < len(data) else 0

    return "".join(ALPHABET[sum(bit(c * 5 + i) << (4 - i) for i in range(5))] for c in range(n))


def typed(text: str) -> str | None:
    """The code that a person typed: in capitals, without blanks and hyphens, O as 0, I and L as 1. ``None`` when there
    is another character."""
    code = "".join(c for c in text if not c.isspace() and c != "-").upper()
    code = code.replace("O", "0").replace("I", "1").replace("L", "1")
    return code if all(c in ALPHABET for c in code) else None
