"""A stand-in for PagerDuty's Events API v2 on loopback: refuses what PagerDuty would refuse, keeps what it accepts.

https://developer.pagerduty.com/docs/events-api-v2-overview and .../send-alert-event say what an event must look like.
"""

import datetime
import http.server
import json
import re
import threading

MAX_BYTES = 512 * 1024
ACTIONS = ("trigger", "acknowledge", "resolve")
SEVERITIES = ("critical", "error", "warning", "info")
ROUTING_KEY = re.compile(r"[0-9a-zA-Z]{32}")
KNOWN = {"routing_key", "event_action", "dedup_key", "payload", "client", "client_url", "links", "images"}
KNOWN_PAYLOAD = {
    "summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details",
}


def problems(event):
    """What is wrong with an event, as PagerDuty's answer would list it; empty when it is good."""
    if not isinstance(event, dict):
        return ["the event must be an object"]
    found = [f"'{key}' is no field of an event" for key in sorted(event.keys() - KNOWN)]
    key = event.get("routing_key")
    if not isinstance(key, str) or not ROUTING_KEY.fullmatch(key):
        found.append("'routing_key' must be a key of 32 characters")
    action = event.get("event_action")
    if action not in ACTIONS:
        found.append("'event_action' must be one of " + ", ".join(ACTIONS))
    dedup_key = event.get("dedup_key")
    if dedup_key is None:
        if action in ("acknowledge", "resolve"):
            found.append(f"'dedup_key' is required to {action}")
    elif not isinstance(dedup_key, str) or not dedup_key or len(dedup_key) > 255:
        found.append("'dedup_key' must be a string of 1 to 255 characters")
    for name in ("client", "client_url"):
        if name in event and not isinstance(event[name], str):
            found.append(f"'{name}' must be a string")
    if action == "trigger":
        found += payload_problems(event.get("payload"))
    found += attachment_problems(event, "links", "href", ("href", "text"))
    found += attachment_problems(event, "images", "src", ("src", "href", "alt"))
    return found


def payload_problems(payload):
    if not isinstance(payload, dict):
        return ["'payload' is required to trigger"]
    found = [f"'payload.{key}' is no field of an event" for key in sorted(payload.keys() - KNOWN_PAYLOAD)]
    summary = payload.get("summary")
    if not isinstance(summary, str) or not summary:
        found.append("'payload.summary' is missing or blank")
    elif len(summary) > 1024:
        found.append("'payload.summary' is longer than 1024 characters")
    source = payload.get("source")
    if not isinstance(source, str) or not source:
        found.append("'payload.source' is missing or blank")
    if payload.get("severity") not in SEVERITIES:
        found.append("'payload.severity' must be one of " + ", ".join(SEVERITIES))
    if "timestamp" in payload and not is_timestamp(payload["timestamp"]):
        found.append("'payload.timestamp' must be an ISO 8601 time")
    for name in ("component", "group", "class"):
        if name in payload and not isinstance(payload[name], str):
            found.append(f"'payload.{name}' must be a string")
    if not isinstance(payload.get("custom_details", {}), dict):
        found.append("'payload.custom_details' must be an object")
    return found


def is_timestamp(value):
    try:
        datetime.datetime.fromisoformat(value)
        return True
    except (TypeError, ValueError):
        return False


def attachment_problems(event, name, required, allowed):
    if name not in event:
        return []
    if not isinstance(event[name], list):
        return [f"'{name}' must be a list"]
    found = []
    for item in event[name]:
        if not isinstance(item, dict) or not isinstance(item.get(required), str) or not item[required]:
            found.append(f"each of '{name}' needs '{required}'")
        elif not item.keys() <= set(allowed):
            found.append(f"each of '{name}' has only " + ", ".join(allowed))
        elif not item[required].startswith(("http://", "https://")):
            found.append(f"'{required}' of each of '{name}' must be a URL")
    return found


class PagerDuty:
    """Listens on a free port of 127.0.0.1 from its making until close()."""

    def __init__(self):
        self._lock = threading.Lock()
        self._events = []
        self._refused = []
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                stand_in._answer(self)

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/v2/enqueue"

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def events(self):
        """The accepted events, in the order they came."""
        with self._lock:
            return list(self._events)

    def refused(self):
        """What was refused: (body, problems) each."""
        with self._lock:
            return list(self._refused)

    def _answer(self, request):
        if request.path != "/v2/enqueue":
            return self._reply(request, 404, {"status": "not found"})
        length = request.headers.get("Content-Length", "")
        if not length.isdigit():
            return self._reply(request, 411, {"status": "length required"})
        if int(length) > MAX_BYTES:
            request.rfile.read(min(int(length), 4 * MAX_BYTES))  # so that the answer arrives
            with self._lock:
                self._refused.append((None, [f"a payload of {length} bytes"]))
            return self._reply(request, 413, {"status": "payload too large"})
        body = request.rfile.read(int(length))
        try:
            event = json.loads(body)
            wrong = problems(event)
        except ValueError as error:
            event, wrong = None, [f"no JSON: {error}"]
        if wrong:
            with self._lock:
                self._refused.append((body, wrong))
            return self._reply(
                request, 400, {"status": "invalid event", "message": "Event object is invalid", "errors": wrong}
            )
        with self._lock:
            dedup_key = event.get("dedup_key") or f"made-{len(self._events)}"
            self._events.append(event | {"dedup_key": dedup_key})
        return self._reply(
            request, 202, {"status": "success", "message": "Event processed", "dedup_key": dedup_key}
        )

    @staticmethod
    def _reply(request, code, answer):
        body = json.dumps(answer).encode()
        request.send_response(code)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
