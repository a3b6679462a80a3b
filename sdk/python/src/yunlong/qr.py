"""QR codes (ISO/IEC 18004) as SVG."""

from collections.abc import Iterator

from markupsafe import Markup, escape
from qrcodegen import DataTooLongError, QrCode

_QUIET = 4
"""The standard asks for four modules of quiet zone on each side."""


class TooLong(ValueError):
    """The text does not fit: a code holds about 2,300 bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(f"too long for a QR code: {size} bytes")
        self.size = size


def svg(text: str, label: str) -> Markup:
    """A code that shows ``text``, black on white, with ``label`` as its name for those who cannot see it.

    Raises ``TooLong``.
    """
    try:
        code = QrCode.encode_text(text, QrCode.Ecc.MEDIUM)
    except DataTooLongError as e:
        raise TooLong(len(text.encode())) from e
    width = code.get_size()
    # Runs of dark modules, each a rectangle one module high.
    path = "".join(
        f"M{start + _QUIET} {y + _QUIET}h{length}v1h-{length}z"
        for y in range(width)
        for start, length in _runs([code.get_module(x, y) for x in range(width)])
    )
    size = width + 2 * _QUIET
    return Markup(
        f'<div class="qr"><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" role="img"'
        f' aria-label="{escape(label)}" shape-rendering="crispEdges"><rect width="{size}" height="{size}" fill="#fff">'
        f'</rect><path fill="#000" d="{path}"></path></svg></div>'
    )


def _runs(row: list[bool]) -> Iterator[tuple[int, int]]:
    """Where runs of ``True`` begin, and how long they are."""
    start: int | None = None
    for x, dark in enumerate([*row, False]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            yield start, x - start
            start = None
