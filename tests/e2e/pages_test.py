"""From a fault of a real thing to a page at PagerDuty, and to its end after the repair."""

import os
import signal

import waiting

HOST = "collectors:\n  host: {{interval: 1s, mounts: {{include: '^{mount}$'}}}}\n"
# Late after 3 s, stuck after 15 s: time for the first page before the second mutes it.
TEXTFILE = "collectors:\n  textfile: {{directory: {folder}, interval: 5s, timeout: 3s}}\n"


def test_a_full_file_system(make_stack, make_sandbox, tmp_path):
    corner, mount = make_sandbox(), tmp_path / "small"
    corner.mount_tmpfs(mount, "32m")
    running = make_stack(upkeep_config=HOST.format(mount=mount), corner=corner)
    waiting.until(
        lambda: running.prometheus.query(f'node_filesystem_avail_bytes{{mountpoint="{mount}"}}'), 20, "its size"
    )
    assert running.events("HostFilesystemAlmostFull") == []

    corner.run("dd", "if=/dev/zero", f"of={mount}/file", "bs=1M", "count=32", "status=none", check=False)
    page = running.wait_for_trigger("HostFilesystemAlmostFull", "maintenance", "critical")
    assert str(mount) in page["payload"]["custom_details"]["firing"]
    assert {link["text"] for link in page["links"]} == {"Runbook", "Dashboard"}

    corner.run("rm", f"{mount}/file")
    running.wait_for_resolve(page)
    running.check_one_incident(page)
    # The warning about the same thing was muted by the critical page.
    assert [e for e in running.events("HostFilesystemAlmostFull") if e["payload"]["severity"] == "warning"] == []


def test_a_hung_mount(make_stack, make_sandbox, tmp_path):
    corner, mount = make_sandbox(), tmp_path / "remote"
    (tmp_path / "source").mkdir()
    server = corner.mount_fuse(tmp_path / "source", mount)
    running = make_stack(upkeep_config=HOST.format(mount=mount), corner=corner)
    os.kill(server, signal.SIGSTOP)
    page = running.wait_for_trigger("HostMountStuck", "maintenance", "critical")
    assert str(mount) in page["payload"]["custom_details"]["firing"]
    os.kill(server, signal.SIGCONT)
    running.wait_for_resolve(page)
    running.check_one_incident(page)


def test_a_stuck_collector(make_stack, make_sandbox, tmp_path):
    corner, source, remote = make_sandbox(), tmp_path / "source", tmp_path / "remote"
    source.mkdir()
    server = corner.mount_fuse(source, remote)
    running = make_stack(upkeep_config=TEXTFILE.format(folder=remote), corner=corner)
    os.kill(server, signal.SIGSTOP)
    late = running.wait_for_trigger("UpkeepCollectorLate", "devops", "warning")
    stuck = running.wait_for_trigger("UpkeepCollectorStuck", "devops", "critical")
    for page in (late, stuck):
        assert "textfile" in page["payload"]["summary"]
    os.kill(server, signal.SIGCONT)
    running.wait_for_resolve(stuck)
    running.wait_for_resolve(late)
    running.check_one_incident(stuck)


def test_upkeep_killed(make_stack):
    running = make_stack()
    waiting.until(lambda: running.prometheus.query('up{job="upkeep"} == 1'), 20, "the first scrape")
    running.upkeep.kill()
    page = running.wait_for_trigger("UpkeepDown", "maintenance", "critical")
    running.start_upkeep()
    running.wait_for_resolve(page)
    running.check_one_incident(page)


def test_nobody_scrapes_upkeep(make_stack):
    running = make_stack()
    waiting.until(lambda: running.prometheus.query('up{job="upkeep"} == 1'), 20, "the first scrape")
    running.change_jobs(["prometheus", "alertmanager"])
    page = running.wait_for_trigger("UpkeepAbsent", "devops", "critical", source="upkeep")
    running.change_jobs(["upkeep", "prometheus", "alertmanager"])
    running.wait_for_resolve(page)
    running.check_one_incident(page)


def test_a_broken_configuration(make_stack):
    running = make_stack()
    running.upkeep_config.write_text("mistake: 1\n")
    running.upkeep.signal(signal.SIGHUP)
    page = running.wait_for_trigger("UpkeepConfigReloadFailed", "devops", "warning")
    running.upkeep_config.write_text("")
    running.upkeep.signal(signal.SIGHUP)
    running.wait_for_resolve(page)
    running.check_one_incident(page)


def test_a_host_that_is_down_mutes_its_own_alerts_and_no_others(make_stack):
    labels = {"severity": "critical", "team": "security"}
    extra = [
        {
            "name": "extra",
            "rules": [
                # Later than UpkeepDown, as what a host says last is.
                {"alert": "OfThisHost", "expr": 'up{job="upkeep"} == 0', "for": "5s", "labels": labels},
                {"alert": "OfAnotherHost", "expr": 'up{job="prometheus"} == 1', "labels": labels},
            ],
        }
    ]
    running = make_stack(extra_rules=extra)
    running.wait_for_trigger(
        "OfAnotherHost", "security", "critical", source=f"127.0.0.1:{running.prometheus_port}"
    )
    running.upkeep.kill()
    page = running.wait_for_trigger("UpkeepDown", "maintenance", "critical")

    def suppressed():
        found = [a for a in running.alertmanager.alerts() if a["labels"]["alertname"] == "OfThisHost"]
        return found and found[0]["status"]["state"] == "suppressed"

    waiting.until(suppressed, 30, "Alertmanager to mute it")
    waiting.throughout(lambda: not running.events("OfThisHost"), 5, "silence on the muted alert")
    assert running.events("OfAnotherHost", "resolve") == []
    running.start_upkeep()
    running.wait_for_resolve(page)
    assert running.events("OfThisHost") == []


def test_the_watchdog_reaches_the_dead_mans_switch_and_no_team(make_stack):
    running = make_stack()

    def watchdog_calls():
        calls = running.deadman.calls()
        assert all(alert["labels"]["alertname"] == "Watchdog" for call in calls for alert in call["alerts"])
        return len(calls) >= 3

    waiting.until(watchdog_calls, 30, "three calls of the dead man's switch")
    assert running.events("Watchdog") == []
    assert running.pagerduty.refused() == []
