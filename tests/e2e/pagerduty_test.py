"""The stand-in for PagerDuty refuses what PagerDuty refuses."""

import copy
import http.client
import json
import urllib.parse

import pytest

import pagerduty

GOOD = {
    "routing_key": "0123456789abcdef0123456789abcdef",
    "event_action": "trigger",
    "dedup_key": "disk/full",
    "client": "Alertmanager",
    "client_url": "http://127.0.0.1:9093",
    "payload": {
        "summary": "disk is full",
        "source": "host-1",
        "severity": "critical",
        "timestamp": "2026-01-02T03:04:05+00:00",
        "component": "filesystem",
        "group": "prod",
        "class": "DiskFull",
        "custom_details": {"firing": "1"},
    },
    "links": [{"href": "https://example.com/runbook", "text": "Runbook"}],
    "images": [{"src": "https://example.com/graph.png", "href": "https://example.com", "alt": "graph"}],
}
MISSING = object()


def changed(path, value):
    """GOOD with the field at a dotted path replaced, or taken away."""
    event = copy.deepcopy(GOOD)
    *parents, last = path.split(".")
    at = event
    for parent in parents:
        at = at[parent]
    if value is MISSING:
        del at[last]
    else:
        at[last] = value
    return event


@pytest.mark.parametrize(
    "path, value",
    [
        ("dedup_key", "k" * 255),
        ("dedup_key", MISSING),
        ("payload.summary", "s" * 1024),
        ("payload.timestamp", "2026-01-02T03:04:05.678Z"),
        ("payload.severity", "info"),
        ("payload.component", MISSING),
        ("links", MISSING),
        ("links", []),
        ("images", [{"src": "http://example.com/x.png"}]),
    ],
)
def test_accepts(path, value):
    assert pagerduty.problems(changed(path, value)) == []


@pytest.mark.parametrize("action", ["resolve", "acknowledge"])
def test_accepts_an_end_without_payload(action):
    assert pagerduty.problems(changed("payload", MISSING) | {"event_action": action}) == []


@pytest.mark.parametrize(
    "path, value, problem",
    [
        ("routing_key", MISSING, "'routing_key' must be a key of 32 characters"),
        ("routing_key", "", "'routing_key' must be a key of 32 characters"),
        ("routing_key", "short", "'routing_key' must be a key of 32 characters"),
        ("routing_key", GOOD["routing_key"] + "\n", "'routing_key' must be a key of 32 characters"),
        ("event_action", MISSING, "'event_action' must be one of trigger, acknowledge, resolve"),
        ("event_action", "fire", "'event_action' must be one of trigger, acknowledge, resolve"),
        ("dedup_key", "k" * 256, "'dedup_key' must be a string of 1 to 255 characters"),
        ("dedup_key", 7, "'dedup_key' must be a string of 1 to 255 characters"),
        ("client", 1, "'client' must be a string"),
        ("payload", MISSING, "'payload' is required to trigger"),
        ("payload", "text", "'payload' is required to trigger"),
        ("payload.summary", MISSING, "'payload.summary' is missing or blank"),
        ("payload.summary", "", "'payload.summary' is missing or blank"),
        ("payload.summary", "s" * 1025, "'payload.summary' is longer than 1024 characters"),
        ("payload.source", MISSING, "'payload.source' is missing or blank"),
        ("payload.source", "", "'payload.source' is missing or blank"),
        ("payload.severity", MISSING, "'payload.severity' must be one of critical, error, warning, info"),
        ("payload.severity", "page", "'payload.severity' must be one of critical, error, warning, info"),
        ("payload.severity", "", "'payload.severity' must be one of critical, error, warning, info"),
        ("payload.timestamp", "yesterday", "'payload.timestamp' must be an ISO 8601 time"),
        ("payload.timestamp", 1700000000, "'payload.timestamp' must be an ISO 8601 time"),
        ("payload.class", ["x"], "'payload.class' must be a string"),
        ("payload.custom_details", "text", "'payload.custom_details' must be an object"),
        ("payload.colour", "red", "'payload.colour' is no field of an event"),
        ("colour", "red", "'colour' is no field of an event"),
        ("links", {"href": "https://example.com"}, "'links' must be a list"),
        ("links", [{"text": "Runbook"}], "each of 'links' needs 'href'"),
        ("links", [{"href": "", "text": "Dashboard"}], "each of 'links' needs 'href'"),
        ("links", [{"href": "runbook.md"}], "'href' of each of 'links' must be a URL"),
        ("links", [{"href": "https://example.com", "title": "x"}], "each of 'links' has only href, text"),
        ("images", [{"href": "https://example.com"}], "each of 'images' needs 'src'"),
    ],
)
def test_refuses(path, value, problem):
    assert pagerduty.problems(changed(path, value)) == [problem]


def test_refuses_what_is_no_object():
    assert pagerduty.problems([GOOD]) == ["the event must be an object"]


def test_refuses_an_end_without_key():
    event = changed("dedup_key", MISSING) | {"event_action": "resolve"}
    assert pagerduty.problems(event) == ["'dedup_key' is required to resolve"]


def test_names_every_problem():
    assert len(pagerduty.problems({})) == 2
    assert len(pagerduty.problems({"event_action": "trigger", "payload": {}})) == 4


@pytest.fixture
def stand_in():
    server = pagerduty.PagerDuty()
    yield server
    server.close()


def post(stand_in, body, path="/v2/enqueue"):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(stand_in.url).netloc, timeout=10)
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def test_keeps_what_it_accepts(stand_in):
    status, answer = post(stand_in, json.dumps(GOOD))
    assert (status, answer["status"], answer["dedup_key"]) == (202, "success", "disk/full")
    assert stand_in.events() == [GOOD]
    assert stand_in.refused() == []


def test_makes_a_key_where_there_is_none(stand_in):
    _, answer = post(stand_in, json.dumps(changed("dedup_key", MISSING)))
    assert answer["dedup_key"] == stand_in.events()[0]["dedup_key"] != ""


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", json.dumps(changed("payload.severity", "page")).encode()])
def test_answers_400(stand_in, body):
    status, answer = post(stand_in, body)
    assert (status, answer["status"]) == (400, "invalid event")
    assert stand_in.events() == []
    assert len(stand_in.refused()) == 1


def test_answers_413(stand_in):
    event = changed("payload.custom_details", {"firing": "x" * pagerduty.MAX_BYTES})
    assert post(stand_in, json.dumps(event))[0] == 413
    assert stand_in.events() == []


def test_answers_404_elsewhere(stand_in):
    assert post(stand_in, json.dumps(GOOD), "/v1/enqueue")[0] == 404
