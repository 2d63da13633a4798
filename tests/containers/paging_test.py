"""From a fault of a real container to a page at PagerDuty, and to its end after the repair.

All faults at once: the longest waits three quarters of a minute, as its alert does.
"""

import json

import docker
import waiting

SICK = ["--health-cmd=test -e /tmp/ok", "--health-interval=1s", "--health-retries=1"]


def config(daemon, **settings):
    return json.dumps({"collectors": {"host": False, "containers": daemon.settings(**settings)}})


def summary_of(page):
    return page["payload"]["summary"] + page["payload"]["custom_details"]["firing"]


def firing(running, alert):
    return running.prometheus.query(f'ALERTS{{alertname="{alert}", alertstate="firing"}}')


def test_faults_page_whom_they_should_until_they_are_mended(daemon, make_stack):
    for number in (1, 2):
        daemon.run_service("shop", "api", number)
    daemon.run_service("shop", "db", 1)
    daemon.run_service("shop", "sick", 1, flags=SICK)
    daemon.docker("exec", "shop-sick-1", "touch", "/tmp/ok")
    daemon.wait_for_health("shop-sick-1", "healthy")
    expected = [{"project": "shop", "service": "api", "replicas": 2}, {"project": "shop", "service": "queue"}]
    running = make_stack(upkeep_config=config(daemon, expected=expected), corner=daemon.corner)
    running.prometheus.wait_for(
        lambda: running.prometheus.query("upkeep_compose_service_running_replicas"), 30, "the services to be known"
    )
    missing = running.wait_for_trigger("ComposeServiceMissing", "devops", "critical")
    assert "queue of shop" in summary_of(missing)
    assert firing(running, "ContainerDown") == []

    daemon.docker("kill", "shop-db-1")
    daemon.docker("exec", "shop-sick-1", "rm", "/tmp/ok")
    daemon.docker("stop", "shop-api-2")
    daemon.docker("rm", "shop-api-2")
    daemon.run("looping", "sh", "-c", "exit 3", flags=["--restart=always"])
    daemon.run("hungry", "sh", "-c", "sleep 2; x=$(yes | head -c 200000000)", flags=["--memory=16m"])
    daemon.run("busy", "sh", "-c", "while :; do :; done", flags=["--cpus=0.1"])
    daemon.run("failed", "sh", "-c", "exit 5")
    pages = [missing]

    def expect(text, alert, team, severity, seconds=60):
        pages.append(running.wait_for_trigger(alert, team, severity, seconds=seconds))
        assert text in summary_of(pages[-1])

    expect("shop-db-1", "ContainerDown", "devops", "critical")
    expect("shop-sick-1", "ContainerUnhealthy", "devops", "critical")
    expect("api of shop", "ComposeServiceReplicasMissing", "devops", "warning")
    expect("hungry", "ContainerOomKilled", "devops", "warning")
    expect("looping", "ContainerRestarting", "devops", "critical", 90)
    expect("busy", "ContainerThrottled", "maintenance", "warning")
    expect("busy", "ContainerHighCpu", "maintenance", "warning")
    expect("failed", "ContainerExitedNonZero", "devops", "warning")

    daemon.docker("start", "shop-db-1")
    daemon.docker("exec", "shop-sick-1", "touch", "/tmp/ok")
    daemon.run_service("shop", "api", 2)
    daemon.run_service("shop", "queue", 1)
    daemon.docker("rm", "--force", "looping", "hungry", "busy", "failed")
    for page in pages:
        running.wait_for_resolve(page, 90)
        running.check_one_incident(page)


def test_a_silent_engine_ends_no_page(daemon, make_stack):
    """It pages itself; what was down before is still said to be."""
    daemon.run_service("shop", "db", 1)
    daemon.run_service("shop", "web", 1)
    daemon.make_image("busybox:two", "ENV release=2")
    running = make_stack(upkeep_config=config(daemon), corner=daemon.corner)
    daemon.run_service("shop", "web", 2, image="busybox:two")
    daemon.docker("kill", "shop-db-1")
    down = running.wait_for_trigger("ContainerDown", "devops", "critical")
    mixed = running.wait_for_trigger("ComposeServiceMixedVersions", "devops", "warning")
    assert "web of shop" in summary_of(mixed)

    daemon.freeze()
    silent = running.wait_for_trigger("ContainerEngineUnreachable", "devops", "critical", seconds=120)
    waiting.throughout(lambda: firing(running, "ContainerDown"), 5, "ContainerDown fires")
    resolved = [e["dedup_key"] for e in running.pagerduty.events() if e["event_action"] == "resolve"]
    assert not {down["dedup_key"], mixed["dedup_key"]} & set(resolved)

    daemon.resume()
    running.wait_for_resolve(silent, 90)
    daemon.docker("start", "shop-db-1")
    daemon.docker("rm", "--force", "shop-web-1")
    for page in (down, mixed):
        running.wait_for_resolve(page)
        running.check_one_incident(page)
