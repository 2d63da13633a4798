"""The rules are sound; and the check that says so finds each mistake, on copies with one mistake each."""

import re
import shutil

import pytest

import check_rules
import promql
import servers

EXTERNAL = (servers.SOURCE / "rules/external_metrics.txt").read_text()


def test_rules_tests_and_runbooks_fit_each_other_and_the_program():
    declared = check_rules.declared_metrics(check_rules.listed_metrics(servers.UPKEEP), EXTERNAL)
    checker = check_rules.Checker(servers.SOURCE, declared)
    checker.check_texts()
    assert checker.problems == []


ANY_METRIC = {"*": None}


def test_alerts_reach_whom_they_should():
    checker = check_rules.Checker(servers.SOURCE, ANY_METRIC)
    checker.check_routes(servers.tool("amtool"))
    assert checker.problems == []


def test_promtool_finds_nothing():
    checker = check_rules.Checker(servers.SOURCE, ANY_METRIC)
    checker.run_promtool(servers.tool("promtool"))
    assert checker.problems == []


# --- The check itself ---


def metrics_of_tests():
    """The metrics that the tests feed, with their labels: what the program declares is not the point here."""
    found = {}
    for path in (servers.SOURCE / "rules/tests").glob("*.yml"):
        for series in re.findall(r"series: '(.*?)'", path.read_text()):
            for selector in promql.selectors(series):
                found.setdefault(selector.name, set()).update(matcher.label for matcher in selector.matchers)
    return found


TESTED_METRICS = metrics_of_tests()


class Copy:
    """The rules and what belongs to them, to be spoilt."""

    def __init__(self, folder):
        self.root = folder
        shutil.copytree(servers.SOURCE / "rules", folder / "rules")
        for part in ("alertmanager", "prometheus"):
            shutil.copytree(servers.SOURCE / "deploy" / part, folder / "deploy" / part)

    def spoil(self, path, old, new, behind=""):
        """Replaces the first `old` behind `behind`, which must be there."""
        text = (self.root / path).read_text()
        at = text.index(old, text.index(behind))
        (self.root / path).write_text(text[:at] + new + text[at + len(old) :])

    def check(self, *checks):
        checker = check_rules.Checker(self.root, TESTED_METRICS)
        for check in checks or [check_rules.Checker.check_texts]:
            check(checker)
        return checker.problems


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


def test_a_sound_copy_has_no_problems(copy):
    assert copy.check() == []


HOST, UPKEEP, MONITORING = "rules/host.yml", "rules/upkeep.yml", "rules/monitoring.yml"
DEVICES = "rules/tests/host_devices.yml"
RUNBOOK = "rules/runbooks/host.md"
RAID = "alert: HostRaidDegraded"
SILENT = "alertname: %s, exp_alerts: []"
NO_SILENCE = [(DEVICES, SILENT % "HostRaidDegraded", SILENT % "HostBondDegraded")] * 3

# What is spoilt (path, old, new, behind), and what the check is to say of it.
MISTAKES = {
    "a label is missing": (
        [(HOST, "team: maintenance, ", "", RAID)],
        "rules/host.yml: HostRaidDegraded (critical): label team is missing",
    ),
    "a severity that does not exist": (
        [(MONITORING, "severity: none", "severity: page")],
        "rules/monitoring.yml: Watchdog (page): label severity is 'page', not one of critical, info, none, warning",
    ),
    "a label too many": (
        [(HOST, "component: raid", "component: raid, owner: me", RAID)],
        "rules/host.yml: HostRaidDegraded (critical): label owner is not one that alerts carry",
    ),
    "an annotation is missing": (
        [(HOST, "summary:", "description2:", RAID)],
        "rules/host.yml: HostRaidDegraded (critical): annotation summary is missing",
    ),
    "a summary that is too long": (
        [(HOST, "is degraded'", "is degraded" + "!" * 200 + "'", RAID)],
        "rules/host.yml: HostRaidDegraded (critical): the summary is longer than 200 characters",
    ),
    "a text that shows a label there is not": (
        [(HOST, "$labels.device", "$labels.array", RAID)],
        "rules/host.yml: HostRaidDegraded (critical): its text shows label array, which its metrics do not have",
    ),
    "a metric that nobody declares": (
        [(HOST, "node_md_disks_required", "node_md_disks_wanted", RAID)],
        "rules/host.yml: HostRaidDegraded (critical): no collector declares node_md_disks_wanted",
    ),
    "a label that the metric does not have": (
        [(HOST, 'state="active"', 'status="active"', RAID)],
        "rules/host.yml: HostRaidDegraded (critical): node_md_disks has no label status",
    ),
    "a selector without job": (
        [(HOST, '{job="upkeep"}', "", RAID)],
        "rules/host.yml: HostRaidDegraded (critical): node_md_disks_required is selected without its job",
    ),
    "an alert that fires on one odd scrape": (
        [(HOST, "        for: 5m\n", "", RAID)],
        "rules/host.yml: HostRaidDegraded (critical): neither waits (`for`) nor looks at a range",
    ),
    "a runbook without the entry": (
        [(RUNBOOK, "## HostRaidDegraded", "## HostRaidBroken")],
        "rules/host.yml: HostRaidDegraded (critical): runbook host.md has no entry hostraiddegraded",
    ),
    "an entry without an alert": (
        [(RUNBOOK, "## HostRaidDegraded", "## HostRaidBroken")],
        "rules/runbooks/host.md: hostraidbroken: belongs to no alert",
    ),
    "an entry without a part": (
        [(RUNBOOK, "**Do.**", "Do:", "## HostRaidDegraded")],
        "rules/runbooks/host.md: hostraiddegraded: has the parts Meaning, Impact, Look, Safe, "
        "not Meaning, Impact, Look, Do, Safe",
    ),
    "a link to another entry": (
        [(HOST, "#hostraiddegraded", "#hostraiddiskfailed", RAID)],
        "rules/host.yml: HostRaidDegraded (critical): runbook_url leads to host.md#hostraiddiskfailed, "
        "not to its own entry",
    ),
    "a link without anchor": (
        [(HOST, "#hostraiddegraded", "", RAID)],
        "rules/host.yml: HostRaidDegraded (critical): runbook_url is not of the form https://…/DOMAIN.md#anchor",
    ),
    "links below two addresses": (
        [(HOST, "https://github.com/", "https://wiki.example.com/", RAID)],
        "rules: runbooks are linked below several addresses: "
        "https://github.com/upkeep-exporter/upkeep/blob/main/rules/runbooks/, "
        "https://wiki.example.com/upkeep-exporter/upkeep/blob/main/rules/runbooks/",
    ),
    "a dashboard of another domain": (
        [(HOST, "/d/upkeep-host", "/d/upkeep-raid", RAID)],
        "rules/host.yml: HostRaidDegraded (critical): dashboard_url is not of the form https://…/d/upkeep-host",
    ),
    "no firing test at one severity": (
        [("rules/tests/host_filesystem.yml", "severity: critical", "severity: warning", "HostMountStuck")],
        "rules/host.yml: HostMountStuck (critical): no test in which it fires",
    ),
    "no silent test": (
        NO_SILENCE,
        "rules/host.yml: HostRaidDegraded (critical): no test in which it stays silent on its own metrics",
    ),
    "silence without any data": (
        NO_SILENCE + [(DEVICES, "alertname: HostBondDegraded", "alertname: HostRaidDegraded")],
        "rules/host.yml: HostRaidDegraded (critical): no test in which it stays silent on its own metrics",
    ),
    "a test of an alert that is gone": (
        [(DEVICES, "alertname: HostRaidDegraded", "alertname: HostRaidBroken")],
        "rules/tests/host_devices.yml: tests HostRaidBroken, which is no alert",
    ),
    "a test fed with a label that the metric does not have": (
        [(DEVICES, 'device="md0"', 'array="md0"')],
        "rules/tests/host_devices.yml: RAID: node_md_disks_required has no label array",
    ),
    "metrics selected by a pattern": (
        [(UPKEEP, 'expr: up{job="upkeep"} == 0', """expr: '{__name__=~"up.*", job="upkeep"} == 0'""")],
        "rules/upkeep.yml: UpkeepDown (critical): metrics selected by a pattern of their names cannot be checked",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(copy, mistake):
    spoilt, message = MISTAKES[mistake]
    for place in spoilt:
        copy.spoil(*place)
    assert message in copy.check()


def found_by_amtool(copy):
    return copy.check(lambda checker: checker.check_routes(servers.tool("amtool")))


def found_by_promtool(copy, test):
    for path in (copy.root / "rules/tests").glob("*.yml"):
        if path.name != test:
            path.unlink()
    return copy.check(lambda checker: checker.run_promtool(servers.tool("promtool")))


def test_a_wrong_route_is_found(copy):
    copy.spoil("deploy/alertmanager/alertmanager.yml", "receiver: security", "receiver: devops", "team=")
    problems = found_by_amtool(copy)
    assert [p.split(":")[0] for p in problems] == [
        "route alertname=IntrusionSuspected team=security severity=critical instance=web-1",
        "route alertname=UpkeepConnectionsRefused team=security severity=warning instance=web-1",
        "route alertname=MyOwnRule team=security",
    ]


def test_a_broken_alertmanager_configuration_is_found(copy):
    copy.spoil("deploy/alertmanager/alertmanager.yml", "receiver: unassigned", "receiver: nowhere")
    problems = found_by_amtool(copy)
    assert 'amtool check-config: ' in problems[0] and 'undefined receiver "nowhere"' in problems[0]


def test_a_team_and_severity_without_a_route_test_is_found(copy):
    copy.spoil("deploy/alertmanager/routes_test.yml", "severity: warning", "severity: critical", "HostRaidDiskFailed")
    assert found_by_amtool(copy) == [
        "deploy/alertmanager/routes_test.yml: no route for team maintenance, severity warning"
    ]


def test_an_expression_of_the_wrong_type_is_found(copy):
    copy.spoil(HOST, "node_load1{", "rate(node_load1){")
    problems = found_by_promtool(copy, "none")
    assert any("promtool check rules: " in problem for problem in problems)


def test_a_changed_threshold_is_found(copy):
    copy.spoil(UPKEEP, 'process_max_fds{job="upkeep"} > 0.80', 'process_max_fds{job="upkeep"} > 0.79')
    problems = found_by_promtool(copy, "upkeep.yml")
    assert len(problems) == 1 and problems[0].startswith("promtool test rules upkeep.yml: ")
    assert "alertname: UpkeepFileDescriptorsAlmostOut" in problems[0]


def test_a_configuration_that_loads_no_rules_is_found(copy):
    copy.spoil("deploy/prometheus/prometheus.yml", "../../rules/*.yml", "../rules/*.yml")
    files = len(list((servers.SOURCE / "rules").glob("*.yml")))
    assert found_by_promtool(copy, "none") == [
        f"deploy/prometheus/prometheus.yml: does not load the {files} files of rules"
    ]


def test_what_is_declared():
    listing = "node_load1\tgauge\t\tloadavg\thelp\nnode_x\tgauge\ta,b\tx\thelp\nnode_memory_*\tany\t\tmeminfo\thelp\n"
    external = "# comment\nup - Prometheus: of each target\nsent_total to,how Prometheus\n"
    assert check_rules.declared_metrics(listing, external) == {
        "node_load1": [],
        "node_x": ["a", "b"],
        "node_memory_*": None,
        "up": [],
        "sent_total": ["to", "how"],
    }
    # Those of a container have its labels, and no others have.
    containers = "container_x\tgauge\tcpu\tcontainers\thelp\nupkeep_container_y\tgauge\t\tcontainers\thelp\n"
    declared = check_rules.declared_metrics(containers, "")
    assert declared == {"container_x": ["cpu", *check_rules.CONTAINER_LABELS], "upkeep_container_y": []}
    with pytest.raises(SystemExit, match=r"external_metrics.txt:1: name, labels and reason expected"):
        check_rules.declared_metrics("", "up -\n")
    with pytest.raises(SystemExit, match=r"external_metrics.txt:1: node_load1 is declared by a collector"):
        check_rules.declared_metrics(listing, "node_load1 - really\n")
