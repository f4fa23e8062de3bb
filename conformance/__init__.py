"""Conformance suite for Genesys Web Services (GWS)."""

__version__ = "0.1.0"
