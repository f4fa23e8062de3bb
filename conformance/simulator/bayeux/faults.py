"""The faults of the Bayeux server; each is one deviation from an obligation that a Bayeux 1.0 server has."""

from __future__ import annotations

from typing import Final

from ..faults import fault

NO_ID_ECHO: Final = fault("bayeux.no-id-echo", "Replies do not repeat the id of the message they answer.")
NO_SUCCESSFUL: Final = fault("bayeux.no-successful", "Replies to meta messages lack `successful`.")
NO_VERSION: Final = fault("bayeux.no-version", "The handshake reply lacks `version`.")
NO_SUBSCRIPTION: Final = fault(
    "bayeux.no-subscription-echo", "Replies to subscribe and unsubscribe lack `subscription`."
)
SHORT_IDS: Final = fault("bayeux.predictable-client-ids", "Client ids are a counter instead of random.")
SAME_ID: Final = fault("bayeux.same-client-id", "A user's second handshake returns the first one's client id.")
ANY_TRANSPORT: Final = fault(
    "bayeux.no-shared-transport-accepted", "A handshake that shares no transport with the server succeeds."
)
NO_ARRAYS: Final = fault("bayeux.arrays-refused", "A JSON array of messages is answered HTTP 400.")
BAD_JSON: Final = fault("bayeux.malformed-accepted", "A body that is not JSON is answered HTTP 200 and [].")
LOSES_QUEUED: Final = fault("bayeux.loses-queued", "Events that are published while no connect is waiting are lost.")
DUPLICATES: Final = fault("bayeux.duplicates", "Every event is delivered twice.")
WRONG_ORDER: Final = fault("bayeux.wrong-order", "Events that are delivered together come in reverse order.")
NO_DATA: Final = fault("bayeux.no-data", "Delivered events lack `data`.")
LEAKS: Final = fault("bayeux.leaks-to-other-users", "Events reach subscribers that belong to other users too.")
COPY_EACH: Final = fault("bayeux.copy-per-subscription", "Overlapping subscriptions deliver one copy of an event each.")
IGNORES_UNSUBSCRIBE: Final = fault("bayeux.ignores-unsubscribe", "Events go on after a successful unsubscribe.")
DEEP_STAR: Final = fault("bayeux.wildcard-two-segments", "`*` matches more than one segment.")
META_ALLOWED: Final = fault("bayeux.meta-subscribe-allowed", "A subscription to /meta/* succeeds.")
UNKNOWN_CLIENT: Final = fault(
    "bayeux.accepts-unknown-client", "Messages with a client id that was never given out succeed."
)
ID_SUFFICES: Final = fault(
    "bayeux.client-id-suffices", "A client id is accepted without the cookie of its browser and of its user."
)
NO_ADVICE: Final = fault("bayeux.no-advice-on-402", "The reply to an unknown client carries no advice.")
HOLDS_ON: Final = fault(
    "bayeux.holds-connect-after-disconnect", "A disconnect does not release the connect that is held."
)
NO_DISCONNECT_REPLY: Final = fault("bayeux.no-disconnect-reply", "A disconnect is not answered.")
IGNORES_TIMEOUT: Final = fault(
    "bayeux.ignores-timeout-advice", "A connect is held although the client advised a timeout of 0."
)
TWO_CONNECTS: Final = fault("bayeux.two-connects-held", "A second connect of a session does not release the first one.")
NEVER_EXPIRES: Final = fault("bayeux.never-expires", "A session lives on when its client stops connecting.")
ALL_HELD: Final = fault("bayeux.multiple-clients-ignored", "Connects of several sessions in one browser are all held.")
ACK_FORGETS: Final = fault(
    "bayeux.ack-never-resends", "The acknowledgement extension does not resend what was not acknowledged."
)
