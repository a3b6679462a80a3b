"""Requests, responses, routes and forms."""

from .form import Form
from .operation import Input
from .request import Request
from .response import Response
from .router import Router

__all__ = ["Form", "Input", "Request", "Response", "Router"]
