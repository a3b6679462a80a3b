"""The app of the second conformance set."""
