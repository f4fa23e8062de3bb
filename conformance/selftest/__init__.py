"""Proves the suite: plays scenarios against the bundled server with a fault switched on, and sees who notices."""
