"""CometD notifications: a Bayeux 1.0 server with long-polling and WebSocket.

Source: Web Services API Reference, "CometD notifications" (lines 1236-1300); the Bayeux 1.0 specification.
"""

from .server import BayeuxServer

__all__ = ["BayeuxServer"]
