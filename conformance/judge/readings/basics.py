"""Readings of the ambiguities in schemas/ambiguities/basics.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.judge.readings.registry import (
    body_of,
    capabilities,
    either,
    failed,
    in_message,
    in_reply,
    in_scenario,
    said_yes,
    sent_by,
)
from conformance.judge.timeline import Exchange, Scenario, Step

PAGED = ("basics.ListUsers", "contacts.List")
LISTS = (*PAGED, "basics.ListQueues", "basics.ListSkills", "basics.ListDevices")
DEFAULT_LIMIT = 10
OLDEST_IN_MILLISECONDS = 10**11
UNLISTED = {
    "call": frozenset({"Reject", "ClearCall", "MergeWithOtherCall", "SetCallDisposition"}),
    "chat": frozenset({"AddAttachment", "RemoveAttachment", "UploadFile", "DeleteFile"}),
}


@in_message("*")
def envelope(data: Mapping[str, Any]) -> Iterator[str]:
    """Where messageType stands."""
    if "messageType" in data:
        yield "basics.envelope/data"


@in_reply("*")
def status_code_type(_: Step, exchange: Exchange) -> Iterator[str]:
    """Numbers or digits."""
    code = exchange.status_code
    if isinstance(code, int) and not isinstance(code, bool):
        yield "basics.status-code-type/number"
    elif isinstance(code, str) and code.isdecimal():
        yield "basics.status-code-type/string"


@in_reply("chat.Reject")
def status_member(_: Step, exchange: Exchange) -> Iterator[str]:
    """statusCode, status or nothing at all."""
    body = body_of(exchange)
    if "statusCode" in body:
        yield "basics.status-member/status-code"
    elif "status" in body:
        yield "basics.status-member/status"
    if 200 <= exchange.status < 300:
        yield either("basics.empty-success", "body", "empty", when=bool(body))


@in_reply("*")
def refusals(step: Step, exchange: Exchange) -> Iterator[str]:
    """What an id that nothing has, and an operation that the state does not offer, are answered with."""
    code = exchange.status_code
    if step.case == "refusal" and step.info.get("negative") == "unknown-id":
        if code in (6, 12, 14, 15):
            yield either("basics.unknown-id-code", "not-found", "action", when=code == 6)
    elif step.case == "withheld":
        if code in (2, 3):
            yield either("basics.wrong-state", "state", "forbidden", when=code == 2)
        elif code == 0 and failed(step, step.performer):
            yield "basics.wrong-state/asynchronous"


@in_reply("basics.GetMe")
def tokens(_: Step, exchange: Exchange) -> Iterator[str]:
    """Whether the protection is on: a GET with credentials brings the header's name and the token."""
    if said_yes(exchange):
        there = exchange.header("x-csrf-header") is not None and exchange.header("x-csrf-token") is not None
        yield either("basics.csrf-off", "present", "absent", when=there)


@in_scenario
def discovery(scenario: Scenario) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Whether the version, which needs no credentials, brings the token where the protection is on."""
    for step in scenario.steps:
        exchange = step.main
        if step.operation == "basics.GetVersion" and exchange is not None and said_yes(exchange):
            there = exchange.header("x-csrf-token") is not None
            if there or scenario.info.get("csrf"):
                yield either("basics.csrf-discovery", "any-get", "authenticated-get", when=there), exchange.seqs


@in_reply("*")
def reference_id(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whether what a request caused carries the number that its reply gave."""
    number = body_of(exchange).get("referenceId")
    if number is None or not said_yes(exchange):
        return
    own = [item.data for item in step.delivered if item.actor == step.performer and isinstance(item.data, Mapping)]
    carried = [data["referenceId"] for data in own if data.get("referenceId") is not None]
    if any(str(one) == str(number) for one in carried):
        yield "basics.reference-id/echoed"
    elif own and not carried:
        yield "basics.reference-id/absent"


@in_message("MessageLogUpdated")
def timestamps(data: Mapping[str, Any]) -> Iterator[str]:
    """Milliseconds or seconds under timestampSeconds."""
    entries = data.get("messages")
    for entry in entries if isinstance(entries, list) else ():
        value = entry.get("timestampSeconds") if isinstance(entry, Mapping) else None
        if isinstance(value, int) and not isinstance(value, bool):
            yield either("basics.timestamps", "as-printed", "seconds", when=value > OLDEST_IN_MILLISECONDS)


@in_message("ChatStateChangeMessage")
def capability_names(data: Mapping[str, Any]) -> Iterator[str]:
    """The name in a list where the samples of lists and the name of the operation differ."""
    chat = data.get("chat")
    offered = capabilities(chat) if isinstance(chat, Mapping) else frozenset()
    for area in ("basics", "chat"):
        if offered & {"InFocus", "SwitchBargeIn"}:
            yield f"{area}.capability-names/as-printed"
        if offered & {"SwitchToBargeIn", "SendStopTypingToAgentNotification"}:
            yield f"{area}.capability-names/operation-name"


@in_message("CallStateChangeMessage", "ChatStateChangeMessage")
def unlisted(data: Mapping[str, Any]) -> Iterator[str]:
    """Whether operations that no printed list has are listed where they are valid."""
    for kind, names in UNLISTED.items():
        resource = data.get(kind)
        if isinstance(resource, Mapping) and resource.get("state") in ("Established", "Chatting"):
            offered = capabilities(resource)
            yield either("basics.unlisted-capabilities", "listed", "never-listed", when=bool(offered & names))


@in_message("DeviceStateChangeMessage")
def device_capabilities(data: Mapping[str, Any]) -> Iterator[str]:
    """Whether a device that can be disturbed offers DoNotDisturbOn."""
    listed = data.get("devices")
    for device in listed if isinstance(listed, list) else (data.get("device"),):
        if isinstance(device, Mapping) and device.get("doNotDisturb") == "Off" and capabilities(device):
            there = "DoNotDisturbOn" in capabilities(device)
            yield either("basics.capabilities-partial", "complete", "without-dnd", when=there)


@in_reply("contacts.Create")
def creation(_: Step, exchange: Exchange) -> Iterator[str]:
    """Whether id, uri and path all come."""
    if said_yes(exchange) and exchange.body:
        there = {"id", "uri", "path"} <= set(body_of(exchange))
        yield either("basics.create-response", "all-three", "as-sampled", when=there)


@in_reply(*LISTS)
def paging(step: Step, exchange: Exchange) -> Iterator[str]:
    """What limit, its absence and totalCount do to a list."""
    body, query = body_of(exchange), exchange.query
    items = next((value for value in body.values() if isinstance(value, list)), None)
    if step.case == "refusal" or not said_yes(exchange) or items is None:
        return
    total, limit = body.get("totalCount"), query.get("limit", "")
    counted = isinstance(total, int) and not isinstance(total, bool)
    if step.operation not in PAGED:
        if limit.isdecimal() and (counted or len(items) > int(limit)):
            few = len(items) <= int(limit)
            yield either("basics.paging-resources", "all-plural", "three", when=few)
        return
    if limit:
        yield either("basics.paging-search", "indexed", "ignored", when=counted)
    elif "offset" not in query and step.operation == "basics.ListUsers":
        yield either("basics.total-count", "paged", "when-asked", when=counted)
    if not limit and isinstance(total, int) and total > DEFAULT_LIMIT and len(items) in (DEFAULT_LIMIT, total):
        yield either("basics.paging-default", "ten", "all", when=len(items) == DEFAULT_LIMIT)


@in_reply("basics.ListUsers")
def limit_mandatory(step: Step, exchange: Exchange) -> Iterator[str]:
    """A sorted list of users without a limit."""
    if "sortBy" in exchange.query and "limit" not in exchange.query and step.case != "refusal":
        if said_yes(exchange):
            yield "basics.limit-mandatory/optional"
        elif exchange.status_code == 1:
            yield "basics.limit-mandatory/mandatory"


@in_reply("basics.ListQueues", "basics.ListRoutingTemplates")
def mandatory_filter(step: Step, exchange: Exchange) -> Iterator[str]:
    """A list without any filter."""
    if step.case != "refusal" and not set(exchange.query) - {"fields", "limit", "offset", "sortBy", "order"}:
        if said_yes(exchange):
            yield "basics.mandatory-filter/optional"
        elif exchange.status_code == 1:
            yield "basics.mandatory-filter/mandatory"


@in_reply(*PAGED)
def order(_: Step, exchange: Exchange) -> Iterator[str]:
    """Names that come downwards because `order` said so."""
    if exchange.query.get("order") != "Descending" or exchange.query.get("sortBy") not in ("name", "firstName"):
        return
    listed = next((value for value in body_of(exchange).values() if isinstance(value, list)), [])
    names = [str(item.get(exchange.query["sortBy"])).lower() for item in listed if isinstance(item, Mapping)]
    if len(set(names)) > 1 and names == sorted(names, reverse=True):
        yield "basics.order-parameter/order"


@in_reply("basics.ListUsers", "basics.ListQueues", "basics.ListSkills")
def paths(_: Step, exchange: Exchange) -> Iterator[str]:
    """Whether paths stand beside uris."""
    body = body_of(exchange)
    if isinstance(body.get("uris"), list):
        yield either("basics.paths-member", "with-paths", "uris-only", when="paths" in body)


@in_reply("basics.GetUser", "basics.GetDevice", "basics.GetQueue")
def wrapper(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whether the object has a member of its own."""
    body, name = body_of(exchange), step.operation.removeprefix("basics.Get").lower()
    if said_yes(exchange) and (name in body or "id" in body):
        yield either("basics.object-wrapper", "wrapped", "bare", when=name in body)


@in_reply("basics.GetDevice", "basics.GetQueue")
def resolved(step: Step, exchange: Exchange) -> Iterator[str]:
    """What a member becomes that a resolved URI shares its name with."""
    asked = exchange.query.get("resolveUri", "").split(",")
    if not said_yes(exchange) or "phoneNumberUri" not in asked:
        return
    resource = body_of(exchange).get(step.operation.removeprefix("basics.Get").lower())
    value = resource.get("phoneNumber") if isinstance(resource, Mapping) else None
    if value is not None:
        yield either("basics.resolved-names", "object", "string", when=isinstance(value, Mapping))


@in_message("ServiceStateChangeMessage")
def service_types(data: Mapping[str, Any]) -> Iterator[str]:
    """A notification with a type of the resource's table alone."""
    service = data.get("service")
    if isinstance(service, Mapping) and service.get("type") == "Media":
        yield "basics.service-types/either"


@in_reply("basics.ListFeatures", "basics.GetFeature")
def supervisors_features(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whether a supervisor reads the features."""
    if step.performer != "supervisor" or step.case == "refusal":
        return
    if said_yes(exchange):
        yield "basics.features-for-supervisors/all"
    elif exchange.status_code in (3, 5):
        yield "basics.features-for-supervisors/not"


@in_reply("basics.ListMySkills")
def my_skills(_: Step, exchange: Exchange) -> Iterator[str]:
    """The path that is served."""
    if said_yes(exchange) and str(exchange.request.payload.get("path", "")).startswith("/me/skills"):
        yield "basics.my-skills-path/skills"


@in_reply("basics.ListRecordings")
def recordings(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whether the list is there."""
    if step.case != "refusal" and (said_yes(exchange) or exchange.status == 404 or exchange.status_code == 6):
        yield either("basics.recordings", "listed", "absent", when=said_yes(exchange))


@in_reply("basics.GetAccessControl")
def access_control(_: Step, exchange: Exchange) -> Iterator[str]:
    """Whether the settings come with a statusCode."""
    if said_yes(exchange) and "settings" in body_of(exchange):
        there = "statusCode" in body_of(exchange)
        yield either("basics.access-control-status", "with-status", "without-status", when=there)


@in_reply("basics.CreateAccessControl", "basics.UpdateAccessControl")
def access_body(step: Step, exchange: Exchange) -> Iterator[str]:
    """The form of the body that was accepted."""
    sent = sent_by(exchange)
    if step.case != "refusal" and said_yes(exchange) and ("settings" in sent or "name" in sent):
        yield either("basics.access-control-body", "wrapped", "bare", when="settings" in sent)


@in_reply("basics.GetVoiceSettings", "basics.ListDispositions")
def settings_key(_: Step, exchange: Exchange) -> Iterator[str]:
    """Whether the key of the group comes with the list."""
    if said_yes(exchange) and "settings" in body_of(exchange):
        yield either("basics.settings-key", "present", "defaulted", when="key" in body_of(exchange))


@in_scenario
def setting_exists(scenario: Scenario) -> Iterator[tuple[str, tuple[int, ...]]]:
    """A second creation of one setting."""
    known: set[tuple[str, str]] = set()
    for step in scenario.steps:
        exchange = step.main
        if step.operation not in ("basics.SetVoiceSetting", "basics.CreateAccessControl") or exchange is None:
            continue
        sent = sent_by(exchange)
        inner = sent.get("settings", sent)
        key = (step.operation, str(inner.get("name")) if isinstance(inner, Mapping) else "")
        if key in known and (said_yes(exchange) or exchange.status_code == 18):
            yield either("basics.setting-exists", "replaced", "refused", when=said_yes(exchange)), exchange.seqs
        elif said_yes(exchange):
            known.add(key)


@in_message("CallStateChangeMessage")
def case_data(data: Mapping[str, Any]) -> Iterator[str]:
    """Whether a call carries case data when it is not established any more."""
    call = data.get("call")
    if isinstance(call, Mapping) and call.get("state") in ("Held", "Released") and call.get("case") is not None:
        yield "basics.case-data-states/case-after-answer"


@in_message("CallStateChangeMessage")
def recovered_id(data: Mapping[str, Any]) -> Iterator[str]:
    """The id of a call and its UUID."""
    call = data.get("call")
    if isinstance(call, Mapping) and call.get("id") and call.get("callUuid"):
        yield either("basics.recovered-call-id", "uuid", "opaque", when=call["id"] == call["callUuid"])
