"""QR codes: the same words and the same markup as in the other SDKs."""

import pytest

from yunlong import qr


def test_a_code_has_a_name_and_a_quiet_zone() -> None:
    # ANCHOR: qr
    code = qr.svg("https://example.org/t/1", "票码 <1>")
    # ANCHOR_END: qr
    assert 'aria-label="票码 &lt;1&gt;"' in code
    assert 'viewBox="0 0 33 33"' in code
    assert "M4 4h7v1h-7z" in code, "the finder pattern starts behind the quiet zone"


def test_another_text_is_another_code() -> None:
    assert qr.svg("A", "x") != qr.svg("B", "x")


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(qr.TooLong, match="4000 bytes"):
        qr.svg("x" * 4000, "x")
