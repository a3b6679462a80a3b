"""Content negotiation (RFC 9110 12.5.1) between the two representations that apps have."""


def prefers_json(path: str, accept: str | None) -> bool:
    """Whether JSON is preferred over HTML. A path under ``/api/`` is JSON unless HTML is asked for by name; any other
    path is HTML unless JSON is asked for by name."""
    api = path == "/api" or path.startswith("/api/") or path == "/openapi.json"
    if accept is None:
        return api
    html = _quality(accept, "text/html")
    json = max(_quality(accept, "application/json"), _quality(accept, "application/problem+json"))
    return api if html == json else json > html


def _quality(accept: str, media: str) -> int:
    """The quality in thousandths that ``accept`` gives to a media type named in full."""
    best = 0
    for range_ in accept.split(","):
        name, *parameters = (part.strip() for part in range_.split(";"))
        if name.lower() == media:
            best = max(best, *[_thousandths(p[2:]) for p in parameters if p.startswith("q=")][:1] or [1000])
    return best


def _thousandths(quality: str) -> int:
    try:
        number = float(quality)
    except ValueError:
        return 1000
    return int(min(max(number, 0.0), 1.0) * 1000) if number == number else 1000
