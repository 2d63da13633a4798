"""The dashboards keep our rules; and each rule finds what it is there for."""

import copy

import boards
import lint
import pytest


def test_dashboards_are_clean(all_boards, units, counters, runbooks):
    assert [str(one) for one in lint.findings(all_boards, units, counters, runbooks)] == []


def test_alerts_lead_to_dashboards(alerts, all_boards):
    assert [str(one) for one in lint.alert_findings(alerts, all_boards)] == []


@pytest.mark.parametrize(
    "link",
    ["/d/upkeep-hosts", "/d/upkeep-host?var-host={{ $labels.host }}", "/d/upkeep-host?var-job={{ $labels.device }}"],
)
def test_an_alert_that_leads_astray_is_found(all_boards, link):
    alert = {"alert": "Some", "annotations": {"dashboard_url": f"https://grafana.example.com{link}"}}
    assert [one.rule for one in lint.alert_findings([alert], all_boards)] == ["alert"]


def graph(board):
    return next(panel for panel in board["panels"] if panel["type"] == "timeseries")


def table(board):
    return next(panel for panel in board["panels"] if panel["type"] == "table" and panel["title"] == "File systems")


def expr(text):
    def change(board):
        graph(board)["targets"][0]["expr"] = text

    return change


def put(find, *path, value=None):
    """Sets something, or takes it away."""

    def change(board):
        place = find(board)
        for key in path[:-1]:
            place = place[key]
        if value is None:
            del place[path[-1]]
        else:
            place[path[-1]] = value

    return change


def variable(name, key, value):
    return lambda board: boards.variables(board)[name].update({key: value})


def whole(board):
    return board


SELECTED = '{job=~"$job", instance=~"$instance"}'
MUTATIONS = {
    "uid": put(whole, "uid", value="host"),
    "uneditable-dashboard": put(whole, "editable", value=True),
    "description": put(whole, "description", value=""),
    "template-datasource": variable("datasource", "name", "source"),
    "template-job": variable("job", "multi", False),
    "template-instance": variable("instance", "allValue", ".*"),
    "template-on-time-change-reload": variable("instance", "refresh", 1),
    "unique-id": lambda board: graph(board).update(id=table(board)["id"]),
    "unique-title": lambda board: graph(board).update(title=table(board)["title"]),
    "grid": lambda board: graph(board)["gridPos"].update(x=20),
    "grid ": lambda board: graph(board)["gridPos"].update(table(board)["gridPos"]),
    "type": put(graph, "type", value="graph"),
    "panel-title-description": put(graph, "description", value=" ".strip() or ""),
    "panel-datasource": put(graph, "datasource", value={"type": "prometheus", "uid": "P1809F7CD0C75ACF3"}),
    "panel-datasource ": variable("instance", "datasource", {"type": "prometheus", "uid": "fixed"}),
    "panel-units": put(graph, "fieldConfig", "defaults", "unit", value="byteees"),
    "panel-units ": lambda board: lint.overrides(table(board))[0].update(id="unit", value="byte"),
    "thresholds": put(graph, "fieldConfig", "defaults", "thresholds"),
    "panel-no-targets": put(graph, "targets", value=[]),
    "unique-refid": lambda board: graph(board)["targets"].append(graph(board)["targets"][0]),
    "legend": lambda board: graph(board)["targets"][0].update(legendFormat="__auto"),
    "bounded": expr(f"rate(node_disk_reads_completed_total{SELECTED[:-1]}}}[$__rate_interval])"),
    "bounded ": expr(f"sum by (instance) (node_load1{SELECTED})"),
    "bounded  ": lambda board: table(board)["targets"][0].update(expr=f"node_filesystem_size_bytes{SELECTED}"),
    "columns": lambda board: table(board)["targets"][1].update(expr=f"max by (instance) (node_load1{SELECTED})"),
    "unknown-variable": expr('sum(node_load1{job=~"$job", instance=~"$instance", node="$node"})'),
    "target-rate-interval": expr(f"sum(rate(node_intr_total{SELECTED}[5m]))"),
    "target-job": expr('sum(node_load1{instance=~"$instance"})'),
    "target-job ": expr('sum(node_load1{job=~"$job", instance="web-1"})'),
    "absent-is-not-zero": expr(f"count(node_load1{SELECTED} > 9) or vector(0)"),
    "target-counter-agg": expr(f"sum(node_intr_total{SELECTED})"),
    "link": lambda board: (graph(board).update(links=[]), graph(board)["fieldConfig"]["defaults"].pop("links")),
    "link ": lambda board: graph(board)["links"].append({"title": "x", "url": "/d/upkeep-nothing?"}),
    "link  ": lambda board: graph(board)["links"].append({"title": "x", "url": "/d/upkeep-host?&var-node=x"}),
    "link   ": lambda board: graph(board)["links"].append({"title": "x", "url": "https://example.com/host.md#none"}),
    "link    ": lambda board: graph(board)["links"][0].update(title=""),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_fault_is_found(all_boards, units, counters, runbooks, name):
    broken = copy.deepcopy(all_boards)
    MUTATIONS[name](broken["upkeep-host"])
    assert name.strip() in {one.rule for one in lint.findings(broken, units, counters, runbooks)}


def test_an_exception_that_is_none_is_found(all_boards, units, counters, runbooks):
    exceptions = lint.EXCEPTIONS | {"legend": {"upkeep-host: \"Hosts\" A": "because"}}
    found = lint.findings(all_boards, units, counters, runbooks, exceptions)
    assert [one.rule for one in found] == ["exception"]
