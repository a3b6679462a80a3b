"""How a handler that has no answer of its own is answered for: problem documents (RFC 9457) for programs, pages for
people."""

from http import HTTPStatus

from .. import codec, context, identity, page
from ..errors import HandlerExit, MissingConsent, Problem, Respond, SignIn
from ..text import Lang, t
from .request import Request
from .response import Response


def tell(exit: HandlerExit, request: Request) -> Response:
    """The response to what a handler raised."""
    match exit:
        case Problem():
            return _problem(exit, request)
        case Respond():
            return exit.response
        case SignIn() if request.wants_json:
            problem = Problem(HTTPStatus.UNAUTHORIZED, t("请先登录", "Sign in first"), "sign-in-required")
            return _problem(problem.with_("sign_in_url", identity.sign_in_url("/")), request)
        case SignIn():
            return Response.see_other(identity.sign_in_url(request.back))
        case MissingConsent() if request.wants_json:
            problem = Problem(HTTPStatus.FORBIDDEN, t("需要您的授权", "Your consent is needed"), "consent-required")
            return _problem(problem.with_("scope", exit.scope).with_("consent_url", exit.url("/")), request)
        case MissingConsent():
            return Response.see_other(exit.url(request.back))
        case _:
            return _problem(Problem.internal(f"a handler raised {exit!r}"), request)


def _problem(problem: Problem, request: Request) -> Response:
    response = document(problem, request.lang) if request.wants_json else _page(problem, request)
    return response.header("retry-after", "2") if problem.status == HTTPStatus.SERVICE_UNAVAILABLE else response


def document(problem: Problem, lang: Lang) -> Response:
    """A problem as ``application/problem+json``."""
    body = codec.encode(problem.document(lang, context.request_id())).encode()
    return Response.of("application/problem+json", body, problem.status).header("content-language", lang.tag)


def _page(problem: Problem, request: Request) -> Response:
    lang = request.lang
    detail = problem.detail.get(lang) if problem.detail else None
    more = [why.get(lang) for _, why in problem.fields]
    return page.problem(request, problem.title.get(lang), detail, more).with_status(problem.status)
