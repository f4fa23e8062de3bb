"""How the suite speaks to a server: HTTP and CometD sessions, and the timeline of everything that was said."""
