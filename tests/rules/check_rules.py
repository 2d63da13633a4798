#!/usr/bin/python3
"""Checks the alert rules with all that belongs to them: labels, annotations, runbooks, tests, metric names, routes.

Prints one line a problem and a closing count; exits 1 when there was any.

    check_rules.py --upkeep build/release/upkeep        # asks the program which metrics there are
    check_rules.py --metrics FILE                       # the same from a file, as `upkeep list-metrics` prints it
"""

import argparse
import pathlib
import re
import subprocess
import sys
from typing import NamedTuple

import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/support"))
import promql  # noqa: E402
import servers  # noqa: E402

LABELS = {
    "severity": {"critical", "warning", "info", "none"},
    "team": {"maintenance", "security", "devops"},
    "component": None,  # any
    "schedule": {"daily", "weekly", "monthly", "quarterly"},
}
ANNOTATIONS = ("summary", "description", "runbook_url", "dashboard_url")
RUNBOOK_PARTS = ("Meaning", "Impact", "Look", "Do", "Safe")
# PagerDuty takes 1024 characters; names of mounts and devices have to fit in too.
MAX_SUMMARY = 200
# Labels that every series has from its scrape.
SCRAPE_LABELS = {"job", "instance"}
# Labels that every series about one container has besides those of its family: with the labels of `labels:` in
# upkeep.yml, at their default.
CONTAINER_LABELS = ["id", "name", "image"] + [
    f"container_label_com_docker_compose_{label}" for label in ("project", "service")
]
CONTAINER_METRICS = re.compile(r"container_(?!scrape_error$)\w+|upkeep_container_log_bytes")
ALWAYS_FIRES = "vector(1)"


def read_yaml(path: pathlib.Path):
    return yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


class Alert(NamedTuple):
    file: str  # "host"
    name: str
    expr: str
    selectors: list  # of series in `expr`
    wait: float  # seconds
    labels: dict
    annotations: dict

    @property
    def severity(self) -> str:
        return self.labels.get("severity", "")

    def __str__(self) -> str:
        return f"rules/{self.file}.yml: {self.name} ({self.severity or 'no severity'})"


class Case(NamedTuple):
    file: str
    alert: str
    severities: list  # of the alerts that it expects
    metrics: set  # that its group feeds


class Checker:
    def __init__(self, root: pathlib.Path, declared: dict):
        self.root = root
        self.declared = declared  # name -> its labels; None: any
        self.problems = []
        self.alerts = []
        self.cases = []
        self._read_rules()
        self._read_tests()

    def problem(self, where, what: str) -> None:
        self.problems.append(f"{where}: {what}")

    def _read_rules(self) -> None:
        for path in sorted((self.root / "rules").glob("*.yml")):
            for group in read_yaml(path)["groups"]:
                for rule in group["rules"]:
                    if "alert" in rule:
                        self._add_alert(path.stem, rule)
        if not self.alerts:
            self.problem("rules", "no alerts at all")

    def _add_alert(self, file: str, rule: dict) -> None:
        wait = promql.seconds(str(rule.get("for", "0")))
        labels, annotations = rule.get("labels") or {}, rule.get("annotations") or {}
        alert = Alert(file, rule["alert"], str(rule["expr"]), [], wait, labels, annotations)
        self.alerts.append(alert)
        try:
            alert.selectors.extend(promql.selectors(alert.expr))
        except promql.PromqlError as error:
            self.problem(alert, str(error))

    def _read_tests(self) -> None:
        for path in sorted((self.root / "rules" / "tests").glob("*.yml")):
            for group in read_yaml(path)["tests"]:
                fed = [s for series in group["input_series"] for s in promql.selectors(series["series"])]
                for series in fed:
                    self._check_declared(f"rules/tests/{path.name}: {group.get('name')}", series)
                for case in group.get("alert_rule_test", []):
                    severities = [alert["exp_labels"].get("severity") for alert in case.get("exp_alerts") or []]
                    self.cases.append(Case(path.name, case["alertname"], severities, {s.name for s in fed}))

    def check_labels(self) -> None:
        for alert in self.alerts:
            for label, allowed in LABELS.items():
                value = alert.labels.get(label)
                if not value:
                    self.problem(alert, f"label {label} is missing")
                elif allowed and value not in allowed:
                    self.problem(alert, f"label {label} is {value!r}, not one of {', '.join(sorted(allowed))}")
            for label in sorted(set(alert.labels) - set(LABELS)):
                self.problem(alert, f"label {label} is not one that alerts carry")

    def check_annotations(self) -> None:
        for alert in self.alerts:
            for annotation in ANNOTATIONS:
                if not alert.annotations.get(annotation):
                    self.problem(alert, f"annotation {annotation} is missing")
            for annotation in sorted(set(alert.annotations) - set(ANNOTATIONS)):
                self.problem(alert, f"annotation {annotation} is not one that alerts carry")
            if len(alert.annotations.get("summary", "")) > MAX_SUMMARY:
                self.problem(alert, f"the summary is longer than {MAX_SUMMARY} characters")
            self._check_template_labels(alert)

    def _check_template_labels(self, alert: Alert) -> None:
        """That what a text shows of a series is a label that the series can have."""
        possible = set(SCRAPE_LABELS) | set(re.findall(r'label_replace\(.*?,\s*"(\w+)"', alert.expr))
        for selector in alert.selectors:
            labels = self._declared_labels(selector.name)
            if labels is None:
                return
            possible |= set(labels)
        for label in sorted(set(re.findall(r"\$labels\.(\w+)", " ".join(alert.annotations.values()))) - possible):
            self.problem(alert, f"its text shows label {label}, which its metrics do not have")

    def check_expressions(self) -> None:
        for alert in self.alerts:
            for selector in alert.selectors:
                self._check_declared(alert, selector)
                if "job" not in {matcher.label for matcher in selector.matchers}:
                    self.problem(alert, f"{selector.name} is selected without its job")
            # One odd scrape is no reason to wake anyone.
            if not alert.wait and not promql.has_range(alert.expr) and alert.expr != ALWAYS_FIRES:
                self.problem(alert, "neither waits (`for`) nor looks at a range")

    def _declared_labels(self, name: str):
        """None where any label is possible."""
        if any(known.endswith("*") and name.startswith(known[:-1]) for known in self.declared):
            return self.declared.get(name)
        return self.declared.get(name, ())

    def _check_declared(self, where, selector: promql.Selector) -> None:
        if selector.name not in self.declared:
            if not any(name.endswith("*") and selector.name.startswith(name[:-1]) for name in self.declared):
                self.problem(where, f"no collector declares {selector.name}")
            return
        labels = self.declared[selector.name]
        for matcher in selector.matchers:
            if labels is not None and matcher.label not in SCRAPE_LABELS | set(labels):
                self.problem(where, f"{selector.name} has no label {matcher.label}")

    def check_runbooks(self) -> None:
        wanted = {}
        bases = set()
        for alert in self.alerts:
            match = re.fullmatch(r"(https://\S+/)([\w-]+\.md)#([\w-]+)", alert.annotations.get("runbook_url", ""))
            if not match:
                self.problem(alert, "runbook_url is not of the form https://…/DOMAIN.md#anchor")
                continue
            bases.add(match[1])
            wanted.setdefault(match[2], set()).add(match[3])
            if match[2] != f"{alert.file}.md" or match[3] != alert.name.lower():
                self.problem(alert, f"runbook_url leads to {match[2]}#{match[3]}, not to its own entry")
            if match[3] not in self._runbook(match[2]):
                self.problem(alert, f"runbook {match[2]} has no entry {match[3]}")
        if len(bases) > 1:
            self.problem("rules", f"runbooks are linked below several addresses: {', '.join(sorted(bases))}")
        for path in sorted((self.root / "rules" / "runbooks").glob("*.md")):
            for anchor, text in self._runbook(path.name).items():
                where = f"rules/runbooks/{path.name}: {anchor}"
                if anchor not in wanted.get(path.name, ()):
                    self.problem(where, "belongs to no alert")
                parts = tuple(re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE))
                if parts != RUNBOOK_PARTS:
                    self.problem(where, f"has the parts {', '.join(parts) or 'none'}, not {', '.join(RUNBOOK_PARTS)}")

    def _runbook(self, name: str) -> dict:
        """Anchors of a runbook's entries, as GitHub makes them of second-level headings, and their texts."""
        path = self.root / "rules" / "runbooks" / name
        pieces = re.split(r"^## (.+)$", path.read_text() if path.exists() else "", flags=re.MULTILINE)[1:]
        anchors = [re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in pieces[::2]]
        return dict(zip(anchors, pieces[1::2]))

    def check_dashboards(self) -> None:
        bases = set()
        for alert in self.alerts:
            match = re.fullmatch(r"(https?://\S+/)d/upkeep-(\w+)(\?\S.*)?", alert.annotations.get("dashboard_url", ""))
            if not match or match[2] != alert.file:
                self.problem(alert, f"dashboard_url is not of the form https://…/d/upkeep-{alert.file}")
            else:
                bases.add(match[1])
        if len(bases) > 1:
            self.problem("rules", f"dashboards are linked below several addresses: {', '.join(sorted(bases))}")

    def check_tests(self) -> None:
        names = {alert.name for alert in self.alerts}
        for case in self.cases:
            if case.alert not in names:
                self.problem(f"rules/tests/{case.file}", f"tests {case.alert}, which is no alert")
        for alert in self.alerts:
            cases = [case for case in self.cases if case.alert == alert.name]
            if not any(alert.severity in case.severities for case in cases):
                self.problem(alert, "no test in which it fires")
            if alert.expr == ALWAYS_FIRES:
                continue
            # Silence proves something only where there is data to fire on, or, for absent(), data to be silent about.
            metrics = {selector.name for selector in alert.selectors}
            silent = [case for case in cases if metrics & case.metrics]
            if not any(alert.severity not in case.severities for case in silent) or not any(
                not case.severities for case in silent
            ):
                self.problem(alert, "no test in which it stays silent on its own metrics")

    def check_routes(self, amtool: str) -> None:
        folder = self.root / "deploy" / "alertmanager"
        self._run("amtool check-config", [amtool, "check-config", folder / "alertmanager.yml"])
        routes = read_yaml(folder / "routes_test.yml")
        for route in routes:
            labels = [f"{label}={value}" for label, value in route["labels"].items()]
            expected = "--verify.receivers=" + ",".join(route["receivers"])
            config = f"--config.file={folder / 'alertmanager.yml'}"
            self._run(f"route {' '.join(labels)}", [amtool, "config", "routes", "test", config, expected, *labels])
        tested = {(route["labels"].get("team"), route["labels"].get("severity")) for route in routes}
        for pair in sorted({(alert.labels.get("team", ""), alert.severity) for alert in self.alerts} - tested):
            self.problem("deploy/alertmanager/routes_test.yml", f"no route for team {pair[0]}, severity {pair[1]}")

    def run_promtool(self, promtool: str) -> None:
        rules = sorted((self.root / "rules").glob("*.yml"))
        self._run("promtool check rules", [promtool, "check", "rules", "--lint=all", "--lint-fatal", *rules])
        for test in sorted((self.root / "rules" / "tests").glob("*.yml")):
            self._run(f"promtool test rules {test.name}", [promtool, "test", "rules", test])
        config = self.root / "deploy" / "prometheus" / "prometheus.yml"
        output = self._run("promtool check config", [promtool, "check", "config", config])
        # It also calls a pattern fine that finds no file.
        if f"{len(rules)} rule files found" not in output:
            self.problem("deploy/prometheus/prometheus.yml", f"does not load the {len(rules)} files of rules")

    def _run(self, what: str, command: list) -> str:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=600)
        output = done.stdout + done.stderr
        if done.returncode != 0:
            lines = [line.strip() for line in output.splitlines() if line.strip() and "overrides the" not in line]
            self.problem(what, " / ".join(lines)[:2000])
        return output

    def check_texts(self) -> None:
        """All that needs no other program."""
        self.check_labels()
        self.check_annotations()
        self.check_expressions()
        self.check_runbooks()
        self.check_dashboards()
        self.check_tests()


def declared_metrics(listing: str, external: str) -> dict:
    """Metric names and their labels: of `upkeep list-metrics` and of rules/external_metrics.txt."""
    declared = {}
    for line in listing.splitlines():
        name, kind, labels = line.split("\t")[:3]
        declared[name] = None if kind == "any" else labels.split(",") if labels else []
        if declared[name] is not None and CONTAINER_METRICS.fullmatch(name):
            declared[name] += CONTAINER_LABELS
    for number, line in enumerate(external.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            words = line.split(None, 2)
            if len(words) < 3:
                raise SystemExit(f"rules/external_metrics.txt:{number}: name, labels and reason expected")
            if words[0] in declared:
                raise SystemExit(f"rules/external_metrics.txt:{number}: {words[0]} is declared by a collector")
            declared[words[0]] = [] if words[1] == "-" else words[1].split(",")
    return declared


def listed_metrics(upkeep) -> str:
    return subprocess.run([upkeep, "list-metrics"], check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--upkeep", help="the program")
    source.add_argument("--metrics", type=pathlib.Path, help="what `upkeep list-metrics` printed")
    parser.add_argument("--root", type=pathlib.Path, default=REPOSITORY, help="where rules/ and deploy/ are")
    options = parser.parse_args()

    listing = listed_metrics(options.upkeep) if options.upkeep else options.metrics.read_text()
    external = (options.root / "rules/external_metrics.txt").read_text()
    checker = Checker(options.root, declared_metrics(listing, external))
    checker.check_texts()
    checker.check_routes(servers.tool("amtool"))
    checker.run_promtool(servers.tool("promtool"))
    for problem in checker.problems:
        print(problem)
    print(f"{len(checker.alerts)} alerts, {len(checker.cases)} test cases, {len(checker.problems)} problems")
    return 1 if checker.problems else 0


if __name__ == "__main__":
    sys.exit(main())
