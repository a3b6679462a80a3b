"""Residents apply for a zone's parking permit and pay for it; wardens check a plate."""
