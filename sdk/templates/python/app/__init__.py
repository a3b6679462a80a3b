"""Residents report what is broken in public space; the department closes it."""
