"""A real Alertmanager on its shipped configuration: who mutes whom, and what PagerDuty gets to read."""

import datetime
import json

import pytest

import pagerduty
import servers
import shorten_rules
import waiting

CONFIG = servers.SOURCE / "deploy/alertmanager/alertmanager.yml"
TEAMS = ("maintenance", "security", "devops")


class Alerting:
    """The Alertmanager, a stand-in for PagerDuty, and a hand to raise alerts with."""

    def __init__(self, start, folder, wait):
        self.pagerduty = pagerduty.PagerDuty()
        for team in TEAMS:
            (folder / f"pagerduty-{team}").write_text((team * 32)[:32])
        config = shorten_rules.shorten_alertmanager(
            CONFIG,
            folder / "alertmanager.yml",
            pagerduty_url=self.pagerduty.url,
            secrets=folder,
            deadman_url="http://127.0.0.1:9/",
            wait=wait,
        )
        self.server = start(servers.Alertmanager, config, servers.free_port())

    def send(self, *alerts):
        """Each: labels, annotations; `ends=True` says that it is over."""
        body = json.dumps(alerts).encode()
        headers = {"Content-Type": "application/json"}
        answer = servers.request(self.server.url + "/api/v2/alerts", "POST", headers, body)
        assert answer.status == 200, answer.body

    def wait_for_event(self, what, condition):
        def found():
            return next((event for event in self.pagerduty.events() if condition(event)), None)

        return waiting.until(found, 30, lambda: f"{what}; got {self.pagerduty.events()}, {self.pagerduty.refused()}")


def alert(annotations=None, ends=False, **labels):
    made = {"labels": labels, "annotations": annotations or {}}
    if ends:
        now = datetime.datetime.now(datetime.timezone.utc)
        made["startsAt"] = (now - datetime.timedelta(hours=1)).isoformat()
        made["endsAt"] = now.isoformat()
    return made


@pytest.fixture
def alerting(start, tmp_path):
    made = []

    def make(wait="1s"):
        made.append(Alerting(start, tmp_path, wait))
        return made[-1]

    yield make
    for one in made:
        one.pagerduty.close()


# What fires, what fires beside it, and whether the second is muted. Each row has hosts of its own: web-1 stands for one
# of them, web-2 for another.
MUTING = [
    # A host that is down: all of its own, nothing of others, nothing without a host.
    ({"alertname": "UpkeepDown"}, {"alertname": "HostRaidDegraded", "device": "md0"}, True),
    ({"alertname": "UpkeepDown"}, {"alertname": "UpkeepCollectorFailing", "collector": "cpu"}, True),
    ({"alertname": "UpkeepDown"}, {"alertname": "HostRaidDegraded", "instance": "web-2"}, False),
    ({"alertname": "UpkeepDown"}, {"alertname": "UpkeepAbsent", "instance": ""}, False),
    # Critical mutes warning: of the same thing in the same place, never across hosts or things.
    ({"alertname": "HostMemoryLow"}, {"alertname": "HostMemoryLow", "severity": "warning"}, True),
    ({"alertname": "HostMemoryLow"}, {"alertname": "HostMemoryLow", "severity": "warning", "instance": "web-2"}, False),
    ({"alertname": "HostMemoryLow"}, {"alertname": "HostMemoryPressure", "severity": "warning"}, False),
    (
        {"alertname": "HostFilesystemAlmostFull", "device": "sda", "mountpoint": "/"},
        {"alertname": "HostFilesystemAlmostFull", "device": "sda", "mountpoint": "/", "severity": "warning"},
        True,
    ),
    (
        {"alertname": "HostFilesystemAlmostFull", "device": "sda", "mountpoint": "/"},
        {"alertname": "HostFilesystemAlmostFull", "device": "sdb", "mountpoint": "/srv", "severity": "warning"},
        False,
    ),
    (
        {"alertname": "HostTemperature", "chip": "cpu", "sensor": "1"},
        {"alertname": "HostTemperature", "chip": "cpu", "sensor": "2", "severity": "warning"},
        False,
    ),
    # Two that have no host are not two of one host.
    (
        {"alertname": "MonitoringUnwatched", "instance": ""},
        {"alertname": "MonitoringUnwatched", "instance": "", "severity": "warning"},
        False,
    ),
    # What has happened mutes what was to come.
    (
        {"alertname": "HostFilesystemAlmostFull", "device": "sda", "mountpoint": "/"},
        {"alertname": "HostFilesystemFillingUp", "device": "sda", "mountpoint": "/"},
        True,
    ),
    (
        {"alertname": "HostFilesystemAlmostFull", "device": "sda", "mountpoint": "/"},
        {"alertname": "HostFilesystemFillingUp", "device": "sdb", "mountpoint": "/srv"},
        False,
    ),
    (
        {"alertname": "HostFilesystemAlmostOutOfFiles", "device": "sda", "mountpoint": "/"},
        {"alertname": "HostFilesystemFilesFillingUp", "device": "sda", "mountpoint": "/"},
        True,
    ),
    ({"alertname": "HostRaidDegraded", "device": "md0"}, {"alertname": "HostRaidDiskFailed", "device": "md0"}, True),
    ({"alertname": "HostRaidDegraded", "device": "md0"}, {"alertname": "HostRaidDiskFailed", "device": "md1"}, False),
    (
        {"alertname": "UpkeepCollectorStuck", "collector": "postgres", "name": "a"},
        {"alertname": "UpkeepCollectorLate", "collector": "postgres", "name": "a", "severity": "warning"},
        True,
    ),
    (
        {"alertname": "UpkeepCollectorStuck", "collector": "postgres", "name": "a"},
        {"alertname": "UpkeepCollectorLate", "collector": "postgres", "name": "b", "severity": "warning"},
        False,
    ),
    ({"alertname": "PostgresDown", "server": "a"}, {"alertname": "PostgresStandbyMissing", "server": "a"}, True),
    ({"alertname": "PostgresDown", "server": "a"}, {"alertname": "PostgresStandbyMissing", "server": "b"}, False),
    ({"alertname": "PostgresDown", "server": "a"}, {"alertname": "HostRaidDegraded", "device": "md0"}, False),
    (
        {"alertname": "PostgresSequenceAlmostOut", "server": "a", "datname": "shop", "sequencename": "s"},
        {"alertname": "PostgresSequenceAlmostOut", "server": "a", "datname": "shop", "sequencename": "t",
         "severity": "warning"},
        False,
    ),
    (
        {"alertname": "PostgresConnectionsAlmostOut", "server": "a"},
        {"alertname": "PostgresConnectionsAlmostOut", "server": "b", "severity": "warning"},
        False,
    ),
    # A container that is down is nothing else; an engine that is silent is no excuse for its containers.
    ({"alertname": "ContainerDown", "id": "/docker/a", "name": "api"},
     {"alertname": "ContainerUnhealthy", "id": "/docker/a", "name": "api"}, True),
    ({"alertname": "ContainerDown", "id": "/docker/a"}, {"alertname": "ContainerHighCpu", "id": "/docker/a"}, True),
    ({"alertname": "ContainerDown", "id": "/docker/a"}, {"alertname": "ContainerUnhealthy", "id": "/docker/b"}, False),
    ({"alertname": "ContainerDown", "id": "/docker/a"}, {"alertname": "ContainerOomKilled", "id": "/docker/a"}, False),
    ({"alertname": "ContainerEngineUnreachable", "engine": "docker"},
     {"alertname": "ContainerDown", "id": "/docker/a"}, False),
    ({"alertname": "ContainerEngineUnreachable", "engine": "docker"},
     {"alertname": "ComposeServiceMissing", "project": "shop", "service": "api"}, False),
    (
        {"alertname": "ContainerUnhealthy", "id": "/docker/a", "name": "api-1"},
        {"alertname": "ContainerUnhealthy", "id": "/docker/a", "name": "api-1", "severity": "warning"},
        True,
    ),
    (
        {"alertname": "ContainerUnhealthy", "id": "/docker/a", "name": "api-1"},
        {"alertname": "ContainerUnhealthy", "id": "/docker/b", "name": "api-2", "severity": "warning"},
        False,
    ),
    # Of one backup the worst is said, and nothing of it says anything of another.
    ({"alertname": "BackupSourceUnreadable", "backup": "a"}, {"alertname": "BackupTooOld", "backup": "a"}, True),
    ({"alertname": "BackupSourceUnreadable", "backup": "a"}, {"alertname": "BackupTooOld", "backup": "b"}, False),
    ({"alertname": "BackupSourceUnreadable", "backup": "a"},
     {"alertname": "BackupVerificationFailed", "backup": "a", "reason": "corrupt"}, False),
    ({"alertname": "BackupSourceUnreadable", "backup": "a", "severity": "warning"},
     {"alertname": "BackupMissing", "backup": "a"}, False),
    ({"alertname": "BackupTooSmall", "backup": "a"}, {"alertname": "BackupShrank", "backup": "a"}, True),
    ({"alertname": "BackupTooSmall", "backup": "a"},
     {"alertname": "BackupVerificationFailed", "backup": "a", "reason": "empty"}, True),
    ({"alertname": "BackupVerificationFailed", "backup": "a", "reason": "corrupt"},
     {"alertname": "BackupRestoreFailed", "backup": "a", "reason": "restore"}, True),
    ({"alertname": "BackupVerificationFailed", "backup": "a", "severity": "warning"},
     {"alertname": "BackupRestoreFailed", "backup": "a", "reason": "restore"}, False),
    ({"alertname": "BackupVerificationFailed", "backup": "a", "reason": "corrupt"},
     {"alertname": "BackupVerificationFailed", "backup": "a", "reason": "corrupt", "severity": "warning"}, True),
    ({"alertname": "BackupTooOld", "backup": "a"},
     {"alertname": "BackupTooOld", "backup": "b", "severity": "warning"}, False),
    ({"alertname": "BackupRestoreFailed", "backup": "a", "severity": "warning"},
     {"alertname": "BackupRestoreOverdue", "backup": "a", "severity": "warning"}, True),
    (
        {"alertname": "UpkeepTextfileBroken", "file": "/a.prom"},
        {"alertname": "UpkeepCollectorFailing", "collector": "textfile"},
        True,
    ),
    (
        {"alertname": "UpkeepTextfileBroken", "file": "/a.prom"},
        {"alertname": "UpkeepCollectorFailing", "collector": "cpu"},
        False,
    ),
]


def test_who_mutes_whom(alerting):
    running = alerting()
    sent, expected = [], {}
    for row, (source, target, muted) in enumerate(MUTING):
        for role, labels in (("source", source), ("target", target)):
            labels = {"severity": "critical", "team": "devops", "instance": "web-1"} | labels
            if labels["instance"]:
                labels["instance"] = f"{labels['instance']}-{row}"
            labels = {name: value for name, value in labels.items() if value} | {"row": f"{row} {role}"}
            sent.append(alert(**labels))
            expected[labels["row"]] = "suppressed" if muted and role == "target" else "active"
    running.send(*sent)

    def states():
        return {a["labels"]["row"]: a["status"]["state"] for a in running.server.alerts()}

    def differing():
        return {row: state for row, state in states().items() if expected[row] != state}

    waiting.until(lambda: states() == expected, 20, differing)


def test_a_group_is_told_within_the_limits_of_pagerduty(alerting):
    running = alerting(wait="2s")
    texts = {
        "summary": "Dateisystem /datenträger auf web-1 ist voll " + "ü" * 2000,
        "description": "Ein sehr langer Satz. " * 500,
        "runbook_url": "https://example.com/host.md#x",
        "dashboard_url": "https://example.com/d/upkeep-host",
    }
    labels = {
        "alertname": "HostFilesystemAlmostFull", "instance": "web-1:10190", "severity": "critical",
        "team": "maintenance", "component": "filesystem", "schedule": "daily",
    }
    places = [f"/srv/{number}" for number in range(50)]
    running.send(*(alert(texts, mountpoint=place, **labels) for place in places))

    def of_all(event):
        return event["event_action"] == "trigger" and "(and 49 more)" in event["payload"]["summary"]

    trigger = running.wait_for_event("a page for all of them", of_all)
    payload = trigger["payload"]
    assert payload["summary"].startswith("Dateisystem /datenträger auf web-1 ist voll ü")
    assert 900 <= len(payload["summary"]) <= 1024
    assert len(json.dumps(trigger)) < 64 * 1024
    wanted = {
        "source": "web-1:10190", "severity": "critical", "component": "filesystem", "group": "maintenance",
        "class": "HostFilesystemAlmostFull",
    }
    assert {field: payload[field] for field in wanted} == wanted
    assert trigger["client"] == "Upkeep"
    assert trigger["routing_key"] == ("maintenance" * 32)[:32]
    assert trigger["links"] == [
        {"href": "https://example.com/host.md#x", "text": "Runbook"},
        {"href": "https://example.com/d/upkeep-host", "text": "Dashboard"},
    ]
    assert payload["custom_details"]["schedule"] == "daily"
    firing = payload["custom_details"]["firing"].splitlines()
    assert len(firing) == 20 and all(line.startswith("Ein sehr langer Satz. ") for line in firing)

    # One of fifty repaired is no end.
    running.send(alert(texts, ends=True, mountpoint=places[0], **labels))
    running.wait_for_event(
        "a page for the rest",
        lambda event: event["event_action"] == "trigger" and "(and 48 more)" in event["payload"]["summary"],
    )
    running.send(*(alert(texts, ends=True, mountpoint=place, **labels) for place in places))
    resolve = running.wait_for_event("the end", lambda event: event["event_action"] == "resolve")
    assert {event["dedup_key"] for event in running.pagerduty.events()} == {resolve["dedup_key"]}
    assert running.pagerduty.refused() == []


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        ({"alertname": "MyOwnRule"}, ("error", "alertmanager", "MyOwnRule", "unassigned", "MyOwnRule")),
        (
            {"alertname": "MyOwnRule", "severity": "page", "team": "devops", "instance": "web-1"},
            ("error", "web-1", "MyOwnRule", "devops", "MyOwnRule"),
        ),
        (
            {"alertname": "MyOwnRule", "severity": "warning", "team": "security", "job": "mine"},
            ("warning", "mine", "MyOwnRule", "security", "MyOwnRule"),
        ),
        ({"job": "mine"}, ("error", "mine", "An alert without a name", "unassigned", "unknown")),
    ],
)
def test_an_alert_that_says_little_is_still_a_sound_event(alerting, labels, wanted):
    running = alerting()
    running.send(alert(**labels))
    payload = running.wait_for_event("a page", lambda event: event["event_action"] == "trigger")["payload"]
    assert tuple(payload[field] for field in ("severity", "source", "summary", "group", "class")) == wanted
    assert running.pagerduty.refused() == []


def test_info_goes_nowhere(alerting):
    running = alerting()
    running.send(alert(alertname="HostCpuBusy", severity="info", team="maintenance", instance="web-1"))
    running.send(alert(alertname="HostSaturated", severity="warning", team="maintenance", instance="web-1"))
    running.wait_for_event("the other page", lambda event: event["payload"]["class"] == "HostSaturated")
    waiting.throughout(
        lambda: {event["payload"]["class"] for event in running.pagerduty.events()} == {"HostSaturated"}, 3, "silence"
    )
