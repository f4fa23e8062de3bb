"""HAR 1.2, the recordings of browsers and proxies: read into a timeline and judged, and written from a timeline."""
