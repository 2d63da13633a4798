"""Upkeep, Prometheus, Alertmanager and a stand-in for PagerDuty, wired with the files that are deployed.

Only what a test must change is changed: addresses, routing keys and, so that minutes become seconds, times.
"""

import pathlib
import signal

import yaml

import pagerduty
import servers
import shorten_rules
import waiting
import webhook

TEAMS = ("maintenance", "security", "devops")
DEPLOY = servers.SOURCE / "deploy"


def routing_key(team):
    return (team * 32)[:32]


class Stack:
    def __init__(self, start, folder, upkeep_config=None, corner=None, extra_rules=None):
        """`extra_rules` are rule groups beside those of the repository."""
        self.folder = pathlib.Path(folder)
        self._start = start
        self._corner = corner
        self.upkeep_config = self.folder / "upkeep.yml"
        self.upkeep_config.write_text(upkeep_config or "")
        self.pagerduty = pagerduty.PagerDuty()
        self.deadman = webhook.Webhook()
        self.upkeep_port = servers.free_port()
        self.prometheus_port = servers.free_port()
        self.alertmanager_port = servers.free_port()
        self.instance = f"127.0.0.1:{self.upkeep_port}"
        self._write_rules(extra_rules or [])
        self.prometheus_config = self.folder / "prometheus.yml"
        self.write_prometheus_config()
        self._write_alertmanager_config()
        self.upkeep = self.start_upkeep()
        self.alertmanager = start(
            servers.Alertmanager, self.folder / "alertmanager.yml", self.alertmanager_port, "--data.retention=1h"
        )
        # What fires before Prometheus has found Alertmanager is sent again soon.
        self.prometheus = start(
            servers.Prometheus, self.prometheus_config, self.prometheus_port, "--rules.alert.resend-delay=2s"
        )
        self.prometheus.wait_for(self.prometheus.alertmanagers, 30, "Prometheus to find Alertmanager")

    def close(self):
        self.pagerduty.close()
        self.deadman.close()

    def start_upkeep(self):
        """At the same address each time."""
        return self._start(
            servers.Upkeep, f"--config.file={self.upkeep_config}", port=self.upkeep_port, corner=self._corner
        )

    # --- What is deployed, made quick ---

    def _write_rules(self, extra):
        rules = self.folder / "rules"
        shorten_rules.shorten_rules(servers.SOURCE / "rules", rules)
        if extra:
            (rules / "extra.yml").write_text(yaml.safe_dump({"groups": extra}))

    def write_prometheus_config(self, jobs=("upkeep", "prometheus", "alertmanager")):
        config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
        config["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(self.folder / "rules/*.yml")]
        config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{self.alertmanager_port}"]
        ports = {
            "upkeep": self.upkeep_port, "prometheus": self.prometheus_port, "alertmanager": self.alertmanager_port,
        }
        for job in config["scrape_configs"]:
            name = job["job_name"]
            job["static_configs"] = [{"targets": [f"127.0.0.1:{ports[name]}"] if name in jobs else []}]
        self.prometheus_config.write_text(yaml.safe_dump(config))

    def change_jobs(self, jobs):
        """Prometheus has targets in these jobs alone from now on."""
        self.write_prometheus_config(jobs)
        self.prometheus.signal(signal.SIGHUP)

    def _write_alertmanager_config(self):
        for team in TEAMS:
            (self.folder / f"pagerduty-{team}").write_text(routing_key(team))
        shorten_rules.shorten_alertmanager(
            DEPLOY / "alertmanager/alertmanager.yml",
            self.folder / "alertmanager.yml",
            pagerduty_url=self.pagerduty.url,
            secrets=self.folder,
            deadman_url=self.deadman.url,
        )

    # --- What arrived at PagerDuty ---

    def events(self, alert, action=None):
        """Those of an alert (PagerDuty's `class`)."""
        return [
            event
            for event in self.pagerduty.events()
            if event.get("payload", {}).get("class") == alert and action in (None, event["event_action"])
        ]

    def wait_for_trigger(self, alert, team, severity, source=None, seconds=60):
        """The page of an alert: sent with the key of its team, at its severity, about the right host."""

        def triggered():
            found = [e for e in self.events(alert, "trigger") if e["payload"]["severity"] == severity]
            return found[0] if found else None

        event = waiting.until(triggered, seconds, lambda: f"a page for {alert}; {self._what_happened()}")
        assert event["routing_key"] == routing_key(team)
        assert event["payload"]["source"] == (source or self.instance)
        return event

    def wait_for_resolve(self, trigger, seconds=60):
        """The end of a page, under the key of its beginning."""

        def resolved():
            found = [e for e in self.pagerduty.events() if e["event_action"] == "resolve"]
            return next((e for e in found if e["dedup_key"] == trigger["dedup_key"]), None)

        alert = trigger["payload"]["class"]
        event = waiting.until(resolved, seconds, lambda: f"the end of {alert}; {self._what_happened()}")
        assert event["routing_key"] == trigger["routing_key"]
        return event

    def check_one_incident(self, trigger):
        """All that was sent of this alert at this severity belongs to one incident; PagerDuty refused nothing."""
        alert, severity = trigger["payload"]["class"], trigger["payload"]["severity"]
        about = [e for e in self.events(alert) if e["payload"]["severity"] == severity]
        assert {event["dedup_key"] for event in about} == {trigger["dedup_key"]}
        assert [event["event_action"] for event in about][-1] == "resolve"
        assert self.pagerduty.refused() == []

    def _what_happened(self):
        events = [(e["event_action"], e.get("payload", {}).get("class")) for e in self.pagerduty.events()]
        firing = sorted(self.prometheus.alerts())
        return f"PagerDuty got {events}, refused {self.pagerduty.refused()}; Prometheus has {firing}"
