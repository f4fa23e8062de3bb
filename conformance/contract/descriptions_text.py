"""What a reader of the generated descriptions is told first, in Markdown."""

TITLE = "Genesys Web Services"

OPENAPI = """\
The REST API of Genesys Web Services as its reference documents it, operation by operation. This file is generated from
the contract of gws-conformance; it describes what the documents say, in its own words, and is no work of the vendor.

## How to read it

**Operations share requests.** Most of the API is a few dozen POST requests, and the member `operationName` of the JSON
body says what is asked for: `Answer`, `Hold` and `Hangup` are one request here, `POST /me/calls/{id}`. Its body is a
`oneOf` of one schema per operation, chosen by the `discriminator` on `operationName`. Each of these schemas,
`request.<operation>`, has the operation's title, description, parameters and facts. Where two areas document the same
name at the same path, that name leads to an `anyOf` of both. Requests that share path and method without an
`operationName` differ by query or body and are listed in `x-gws-variants`.

**Ids.** `x-gws-operations` of a request lists the ids of the documented operations that it stands for, such as
`voice.Answer`; `x-gws-operation` occurs once for each of them, where its facts are: at the request itself when it is
the only one, at its schema when `operationName` chooses it, in `x-gws-variants` otherwise. `operationId` is the same id
when the request stands for one operation, and `shared.<method and path>` otherwise.

**Facts of an operation**, each as a member `x-gws-...`:

| member | what it says |
|---|---|
| `edition` | `both`, or `8.5` for what 8.6 removed: deprecated here, with `replaced-by` where the documents name one |
| `hazard` | what it does to a deployment: `read`, `state`, `creates`, `deletes`, `configures` |
| `features`, `roles` | what it needs; `roles-stated` is false where the page does not name the roles |
| `resource`, `capability` | the resource that it is about, and the name under which the resource offers it |
| `needs` | the state that it is for |
| `notifications` | what CometD then delivers, and to whom; the AsyncAPI description has the messages |
| `ambiguities` | where the documents contradict themselves; `gws-conformance explain` shows the readings |
| `area`, `source` | the area, and document, page and lines |

**Facts of a parameter**: `type` (the contract's own type), `of` (the resource that an id names), `values` (documented
values of a list), `stated` (false where the page does not say whether it is required), `name` (the documented name, for
paths that differ in a parameter's name alone: they are one path here).

**Replies.** Bodies carry `statusCode`, 0 for success; 7 is a partial success, everything else a refusal with a
`statusMessage`. The documents do not settle the HTTP status of refusals (ambiguity `basics.error-http`): a deployment
may answer all of them with 200, so look at `statusCode` first. Where operations share a request, its replies are those
of all of them; `x-gws-replies` and `x-gws-variants` say whose is whose. Objects are open: servers send members that
the documents do not name.

**Names with a gap.** `availability.channels.<channel_name>` is a query parameter whose name ends in the name of a
channel.
"""

ASYNCAPI = """\
What Genesys Web Services tells its clients unasked, as its reference documents it. This file is generated from the
contract of gws-conformance; it describes what the documents say, in its own words, and is no work of the vendor.

## How it travels

Notifications travel over CometD (Bayeux 1.0), by long-polling or WebSocket, at one address for all channels. A client
sends `/meta/handshake`, keeps one `/meta/connect` outstanding, and sends `/meta/subscribe` for each channel that it
wants, or for a pattern: `/v2/me/*` is one segment, `/**` everything. The credentials, the session's cookie and the CSRF
token are those of the REST requests.

A delivery is `{"channel": "/v2/me/calls", "data": {...}}`. The payload described here is what stands in `data`; the
members of the Bayeux message around it (`id`, `ext`) belong to the transport. `data.messageType` says which message it
is; one channel carries several. Objects are open: servers send members that the documents do not name.

## How to read it

The operations are those of a client: it receives. A message lists in `x-gws-operations` the requests that cause it, by
their ids in the OpenAPI description, where `x-gws-notifications` says to whom it then comes, with which state, and how
firmly that is documented. Where a message carries `referenceId`, it ties the notification to its request. SMS sessions
have four channels here that differ in spelling: the documents do not settle which one it is (ambiguity `sms.topic`).
"""
