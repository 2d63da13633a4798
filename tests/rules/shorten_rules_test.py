"""The shortened copies for end-to-end tests differ from what is shipped in times and addresses alone."""

import re
import subprocess

import yaml

import servers
import shorten_rules

RULES = servers.SOURCE / "rules"
ROUTES = servers.SOURCE / "deploy/alertmanager/alertmanager.yml"


def alerts(folder):
    for path in sorted(folder.glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def test_rules_differ_in_their_times_alone(tmp_path):
    copies = shorten_rules.shorten_rules(RULES, tmp_path / "rules")
    assert [path.stem for path in copies] == sorted(path.stem for path in RULES.glob("*.yml"))
    assert len(copies) >= 8
    before, after = list(alerts(RULES)), list(alerts(tmp_path / "rules"))
    assert len(before) == len(after) > 70
    for old, new in zip(before, after):
        assert new.pop("for", None) == ("1s" if old.pop("for", None) else None)
        ranges = re.compile(r"\[\w+\]")
        assert ranges.sub("[]", old.pop("expr")) == ranges.sub("[]", new.pop("expr"))
        assert old == new
    check = subprocess.run([servers.tool("promtool"), "check", "rules", *copies], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout + check.stderr


def test_ranges_shrink_but_hold_two_scrapes():
    def shorten(expr):
        return shorten_rules.shorten_expr(expr, 0.01, 5)

    assert shorten("increase(a[1h]) > 0") == "increase(a[36s]) > 0"
    assert shorten("rate(a[5m]) > 0") == "rate(a[5s]) > 0"


def test_routes_differ_in_addresses_and_times_alone(tmp_path):
    target = shorten_rules.shorten_alertmanager(
        ROUTES,
        tmp_path / "alertmanager.yml",
        pagerduty_url="http://127.0.0.1:1/enqueue",
        secrets=tmp_path,
        deadman_url="http://127.0.0.1:2/ping",
    )
    old, new = yaml.safe_load(ROUTES.read_text()), yaml.safe_load(target.read_text())
    assert new["global"].pop("pagerduty_url") == "http://127.0.0.1:1/enqueue"
    assert new["route"]["group_wait"] == new["route"]["group_interval"] == "1s"
    keys = set()
    for receiver in new["receivers"]:
        for pagerduty in receiver.get("pagerduty_configs", []):
            keys.add(pagerduty.pop("routing_key_file"))
        for webhook in receiver.get("webhook_configs", []):
            assert webhook.pop("url") == "http://127.0.0.1:2/ping"
    assert keys == {str(tmp_path / f"pagerduty-{team}") for team in ("maintenance", "security", "devops")}
    del old["global"]["pagerduty_url"]
    for receiver in old["receivers"]:
        for pagerduty in receiver.get("pagerduty_configs", []):
            del pagerduty["routing_key_file"]
        for webhook in receiver.get("webhook_configs", []):
            del webhook["url"]
    for routes in (old["route"], new["route"]):
        for route in [routes, *routes["routes"]]:
            for key in ("group_wait", "group_interval", "repeat_interval"):
                route.pop(key, None)
    assert old == new
    check = subprocess.run([servers.tool("amtool"), "check-config", target], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout + check.stderr
