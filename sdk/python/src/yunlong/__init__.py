"""The Python SDK for apps of the city: write what your app does as plain functions, test it against a city in memory,
build it with ``python -m yunlong.build``.

What an app imports is what its component imports, and what ``app.toml`` must declare:

=============================  ==============================================================
``yunlong``                    pages and the API, who asks, the time, randomness, money,
                               codes that people type: every app
``yunlong.data``               collections, queries, ``transact``: ``[[collections]]``
``yunlong.attributes``         what people consent to tell: ``[[scopes]]``
``yunlong.messaging``          events and notes to people: ``[[publishes]]``
``yunlong.payments``           ``[payments]``
``yunlong.files``              uploads and downloads: ``[[files]]``
``yunlong.shared``, ``.base``  the city's datasets: ``[[datasets]]``
``yunlong.http``               requests to other hosts: ``outbound``
``yunlong.qr``                 QR codes: nothing to declare
``yunlong.sheet``              tables as files, CSV and XLSX: nothing to declare
``yunlong.testing``            the city in memory
=============================  ==============================================================
"""

from . import base32, clock, context, identity, money, page, random
from .app import App, Progress
from .clock import now
from .errors import CityError, Failure, MissingConsent, Problem, Reject, Respond, Retry, SignIn
from .event import Event
from .identity import Kind, Principal
from .page import Column, Layout, NavItem, Templates, Tone
from .text import Lang, Text, t
from .web import Form, Input, Request, Response, Router

__all__ = [
    "App",
    "CityError",
    "Column",
    "Event",
    "Failure",
    "Form",
    "Input",
    "Kind",
    "Lang",
    "Layout",
    "MissingConsent",
    "NavItem",
    "Principal",
    "Problem",
    "Progress",
    "Reject",
    "Request",
    "Respond",
    "Response",
    "Retry",
    "Router",
    "SignIn",
    "Templates",
    "Text",
    "Tone",
    "base32",
    "clock",
    "context",
    "identity",
    "money",
    "now",
    "page",
    "random",
    "t",
]
