"""What every call begins with, and how one ends that nobody expected."""

import os
import random
import sys
import traceback


def wake() -> None:
    """Seeds Python's own generator. Its state is part of the component: without this, every call of every installation
    would draw the same numbers."""
    random.seed(os.urandom(32))


def unexpected() -> str:
    """Writes what was raised into the installation's log, and answers it in one line, for the department."""
    traceback.print_exc()
    kind, value, _ = sys.exc_info()
    return f"{kind.__name__ if kind else 'error'}: {value}"
