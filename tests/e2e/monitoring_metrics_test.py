"""What rules/external_metrics.txt says of Prometheus and Alertmanager is what they really show of themselves."""

import yaml

import check_rules
import servers
import shorten_rules
import waiting

# Of Alertmanagers newer than Debian's.
NEWER_LABELS = {"alertmanager_notifications_failed_total": {"reason"}}
# An alert has these, and those of what it is about.
LABELS_OF_ALERTS = {"alertname", "alertstate", "severity", "team", "component"}


def shown_always(name, labels):
    labels = set(labels) - NEWER_LABELS.get(name, set())
    return labels & LABELS_OF_ALERTS if name.startswith("ALERTS") else labels


def test_external_metrics_exist(start, tmp_path):
    for team in ("maintenance", "security", "devops"):
        (tmp_path / f"pagerduty-{team}").write_text(team)
    shorten_rules.shorten_rules(servers.SOURCE / "rules", tmp_path / "rules")
    routes = shorten_rules.shorten_alertmanager(
        servers.SOURCE / "deploy/alertmanager/alertmanager.yml",
        tmp_path / "alertmanager.yml",
        pagerduty_url="http://127.0.0.1:9/",
        secrets=tmp_path,
        deadman_url="http://127.0.0.1:9/",
    )
    ports = {name: servers.free_port() for name in ("prometheus", "alertmanager")}
    targets = {name: [{"targets": [f"127.0.0.1:{port}"]}] for name, port in ports.items()}
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(tmp_path / "rules/*.yml")],
        "alerting": {"alertmanagers": [{"static_configs": targets["alertmanager"]}]},
        "scrape_configs": [{"job_name": name, "static_configs": targets[name]} for name in ports],
    }
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    start(servers.Alertmanager, routes, ports["alertmanager"])
    prometheus = start(servers.Prometheus, tmp_path / "prometheus.yml", ports["prometheus"])

    def missing():
        found = {}
        for selector in [*(f'job="{job}"' for job in ports), '__name__=~"ALERTS.*",alertname="Watchdog"']:
            for labels, _ in prometheus.query(f"{{{selector}}}"):
                found.setdefault(labels.pop("__name__"), set()).update(labels)
        external = (servers.SOURCE / "rules/external_metrics.txt").read_text()
        return {
            name: labels
            for name, labels in check_rules.declared_metrics("", external).items()
            if name not in found or not shown_always(name, labels) <= found[name]
        }

    waiting.until(lambda: not missing(), 30, missing)
