"""Requests, responses, routes and forms."""

from .form import Form
from .request import Request
from .response import Response
from .router import Router

__all__ = ["Form", "Request", "Response", "Router"]
