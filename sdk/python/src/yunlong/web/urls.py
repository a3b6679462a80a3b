"""``application/x-www-form-urlencoded`` (the URL Standard), in both directions."""

from urllib.parse import quote, unquote_to_bytes


def encode(text: str) -> str:
    """A text made safe for one segment of a path, or one name or value of a query."""
    return quote(text, safe="-._~")


def pairs(text: str) -> list[tuple[str, str]]:
    """The pairs in a query or form body. Bytes that are not UTF-8 become U+FFFD, as browsers do."""
    split = (part.partition("=") for part in text.split("&") if part)
    return [(_decode(name), _decode(value)) for name, _, value in split]


def _decode(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode(errors="replace")


def decode_segment(text: str) -> str | None:
    """A segment of a path, in which ``+`` is itself. ``None`` when it is not UTF-8."""
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return None


def path_with(path: str, query: list[tuple[str, str]]) -> str:
    """A path with a query, encoded: ``path_with("/", [("after", cursor)])``."""
    joined = "&".join(f"{encode(name)}={encode(value)}" for name, value in query)
    return f"{path}?{joined}" if joined else path
