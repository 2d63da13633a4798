"""What our dashboards have to be besides valid. Most rules are dashboard-linter's, under its names."""

import re
from typing import Iterator, NamedTuple

import boards
import promql


class Finding(NamedTuple):
    rule: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} [{self.rule}]"


TYPES = {"timeseries", "stat", "bargauge", "table", "state-timeline"}
UID = re.compile(r"upkeep-[a-z-]+")
# Labels with few values, however many hosts there are: a series for each is not too many.
FEW = {"mode", "state", "status", "kind", "code", "handler", "outcome", "wait_event_type", "version", "release",
       "integration", "severity", "job", "result", "phase"}
CHANGES = r"(?:rate|irate|increase|resets|changes)\("

# Findings that are right as they are: {rule: {where: why}}. One that is not found any more is a finding itself.
EXCEPTIONS = {
    "target-job": {
        'upkeep-overview: "Pages arrive" A': "the watchdog has no labels: it is about all of Prometheus",
        'upkeep-monitoring: "Watchdog" A': "the watchdog has no labels: it is about all of Prometheus",
    },
    "bounded": {
        'upkeep-host: "Hosts"': "a row a host is what it is for",
        'upkeep-postgres: "Servers"': "a row a server is what it is for",
        'upkeep-backups: "Backups"': "a row a backup is what it is for",
        'upkeep-backups: "What is wrong"': "has rows only for what is wrong",
    },
    "absent-is-not-zero": {
        'upkeep-overview: "Hosts down" A': "without any host the panel beside it is red",
        'upkeep-overview: "Hosts" A': "none at all is what it is to show",
        'upkeep-overview: "Not looked at" A': "nothing to list is what it is to show; the hosts are counted beside it",
    },
    "target-counter-agg": {
        'upkeep-host: "Errors of file systems" A': "errors that no check has cleared, however old",
        'upkeep-postgres: "Blocks with a wrong checksum" A': "one is too many, however old",
    },
}


def board_findings(board: dict) -> Iterator[Finding]:
    uid = board["uid"]
    if not UID.fullmatch(uid):
        yield Finding("uid", uid, "not of the form upkeep-NAME")
    if board.get("editable") is not False:
        yield Finding("uneditable-dashboard", uid, "it can be edited")
    if not board.get("description"):
        yield Finding("description", uid, "it has none")
    variables = boards.variables(board)
    if [name for name, one in variables.items() if one["type"] == "datasource"] != ["datasource"]:
        yield Finding("template-datasource", uid, "not one variable of that kind, called datasource")
    for name in ("job", "instance"):
        one = variables.get(name)
        if not one or not one.get("multi") or one.get("allValue") != ".+":
            yield Finding(f"template-{name}", uid, f"no variable {name} of which several and all can be chosen")
    for name, one in variables.items():
        if one["type"] == "query":
            if one.get("refresh") != 2:
                yield Finding("template-on-time-change-reload", f"{uid}: ${name}", "is not read anew")
            if one.get("datasource", {}).get("uid") != "${datasource}":
                yield Finding("panel-datasource", f"{uid}: ${name}", "a fixed data source")


def layout_findings(board: dict) -> Iterator[Finding]:
    taken, ids, titles = {}, set(), set()
    for panel in board["panels"]:
        where = f'{board["uid"]}: "{panel["title"]}"'
        if panel["id"] in ids:
            yield Finding("unique-id", where, "another panel has its id")
        ids.add(panel["id"])
        if panel["title"] in titles:
            yield Finding("unique-title", where, "another panel has its title")
        titles.add(panel["title"])
        grid = panel["gridPos"]
        if grid["x"] + grid["w"] > 24:
            yield Finding("grid", where, "runs past column 24")
        columns, rows = range(grid["x"], grid["x"] + grid["w"]), range(grid["y"], grid["y"] + grid["h"])
        cells = {(x, y) for x in columns for y in rows}
        if cells & taken.keys():
            yield Finding("grid", where, f"lies on {taken[min(cells & taken.keys())]}")
        taken |= dict.fromkeys(cells, where)


def overrides(panel: dict) -> list:
    return [one for override in panel["fieldConfig"]["overrides"] for one in override["properties"]]


def panel_findings(board: dict, units: set) -> Iterator[Finding]:
    for panel in boards.panels(board):
        where = f'{board["uid"]}: "{panel["title"]}"'
        defaults = panel["fieldConfig"]["defaults"]
        if panel["type"] not in TYPES:
            yield Finding("type", where, f"{panel['type']} is not one that we use")
        if not panel.get("title") or not panel.get("description"):
            yield Finding("panel-title-description", where, "lacks a title or a description")
        if panel.get("datasource", {}).get("uid") != "${datasource}":
            yield Finding("panel-datasource", where, "a fixed data source")
        overridden = [one["value"] for one in overrides(panel) if one["id"] == "unit"]
        for unit in [defaults.get("unit"), *overridden]:
            if unit not in units:
                yield Finding("panel-units", where, f"{unit} is no unit")
        if not defaults.get("thresholds", {}).get("steps"):
            yield Finding("thresholds", where, "has none")
        targets = panel.get("targets", [])
        if not targets:
            yield Finding("panel-no-targets", where, "asks nothing")
        if len({target["refId"] for target in targets}) < len(targets):
            yield Finding("unique-refid", where, "two queries have one name")
        if panel["type"] in ("timeseries", "bargauge", "state-timeline"):
            for target in targets:
                if target.get("legendFormat", "__auto") == "__auto":
                    yield Finding("legend", f'{where} {target["refId"]}', "series without a name")
        if panel["type"] == "table":
            yield from column_findings(panel, where)
        yield from bound_findings(panel, where)


def bounded(expr: str) -> bool:
    """Whether there are few series however many hosts there are."""
    if re.match(r"(topk|bottomk)\(", expr):
        return True
    match = re.match(r"(?:sum|count|min|max|avg)(?: by \(([\w, ]*)\))? ?\(", expr)
    return bool(match) and set(filter(None, re.split(r",\s*", match[1] or ""))) <= FEW


def column_findings(panel: dict, where: str) -> Iterator[Finding]:
    """The queries of a table keep the labels that are its columns, and all of them the same: else rows do not meet."""
    organize = next(one for one in panel["transformations"] if one["id"] == "organize")
    keys = {name for name in organize["options"]["indexByName"] if not name.startswith("Value")}
    for target in panel["targets"]:
        kept = [set(re.split(r",\s*", one)) for one in re.findall(r"\bby \(([\w, ]+)\)", target["expr"])]
        made = set(re.findall(r'label_(?:replace|join)\(.*?, "(\w+)"', target["expr"]))
        if not any(keys <= one | made and one <= keys for one in kept):
            yield Finding("columns", f'{where} {target["refId"]}', f"does not keep {', '.join(sorted(keys))}")


def bound_findings(panel: dict, where: str) -> Iterator[Finding]:
    """Of a table the first column says which rows there are."""
    if panel["type"] == "table":
        if not any(re.search(r"(topk|bottomk)\(", target["expr"]) for target in panel["targets"][:1]):
            yield Finding("bounded", where, "as many rows as there are hosts")
    elif panel["type"] != "stat":
        for target in panel["targets"]:
            if not bounded(target["expr"]):
                yield Finding("bounded", f'{where} {target["refId"]}', "as many series as there are hosts")


def query_findings(board: dict, counters: set) -> Iterator[Finding]:
    for query in boards.queries(board):
        unknown = boards.REFERENCE.search(boards.readable(query.expr, board))
        if unknown:
            yield Finding("unknown-variable", str(query), unknown[0])
        if re.search(CHANGES, query.expr) and not re.search(r"\$__rate_interval|\[\d+[smhd]\]", query.expr):
            yield Finding("target-rate-interval", str(query), "not over $__rate_interval")
        if re.search(r"\b(?:i?rate)\([^()]*\[(?!\$__rate_interval)", query.expr) and not _is_instant(board, query):
            yield Finding("target-rate-interval", str(query), "not over $__rate_interval")
        if query.where.startswith("$"):
            continue
        for selector in promql.selectors(boards.readable(query.expr, board)):
            matchers = {(one.label, one.value) for one in selector.matchers}
            for label in ("job", "instance"):
                # Some alerts have no instance, hence the bar: "any, or none".
                if not {(label, "x"), (label, "x|")} & matchers:
                    yield Finding("target-job", str(query), f"{selector.name} is selected without its {label}")
        # A zero that stands for "nobody looks" is a lie; only alerts are absent when all is well.
        if re.search(r"\bvector\(|\babsent", query.expr) and "ALERTS" not in query.expr:
            yield Finding("absent-is-not-zero", str(query), "is a number even where nothing is watched")
        for name in counters_as_they_are(query.expr, counters):
            yield Finding("target-counter-agg", str(query), f"shows the counter {name} since whenever")


def _is_instant(board: dict, query: boards.Query) -> bool:
    """A table or a number of now has no interval of a graph."""
    return any(
        target.get("instant")
        for panel in boards.panels(board) if panel["title"] == query.where
        for target in panel["targets"] if target["refId"] == query.ref
    )


def counters_as_they_are(expr: str, counters: set) -> set:
    """Counters that are selected without a range, unless only their series are counted."""
    expr = re.sub(r"\bcount(?: by \([\w, ]*\))? ?\([\w:]+(?:\{[^}]*\})?\)", "1", expr)
    found = re.findall(r"\b([a-zA-Z_:][\w:]*)(?:\{[^}]*\})?(?!\w|\{|\[|[^}]*\}\[)", expr)
    ranged = set(re.findall(r"\b([a-zA-Z_:][\w:]*)(?:\{[^}]*\})?\[", expr))
    return {name for name in found if name in counters and name not in ranged}


def link_findings(all_boards: dict, runbooks: set) -> Iterator[Finding]:
    """Every panel leads on, and every link to a dashboard, a variable or a runbook that there is."""
    for board in all_boards.values():
        for panel in boards.panels(board):
            where = f'{board["uid"]}: "{panel["title"]}"'
            config = panel["fieldConfig"]
            links = panel.get("links", []) + config["defaults"].get("links", [])
            links += [link for one in overrides(panel) if one["id"] == "links" for link in one["value"]]
            if not links:
                yield Finding("link", where, "leads nowhere")
            for link in links:
                if not link["title"]:
                    yield Finding("link", where, f"a link without a title: {link['url']}")
                yield from _link_findings(all_boards, where, link["url"], runbooks)


def _link_findings(all_boards: dict, where: str, url: str, runbooks: set) -> Iterator[Finding]:
    match = re.match(r"/d/([\w-]+)\?(.*)", url)
    if not match:
        if url not in runbooks:
            yield Finding("link", where, f"no runbook of an alert: {url}")
    elif match[1] not in all_boards:
        yield Finding("link", where, f"there is no dashboard {match[1]}")
    else:
        for name in re.findall(r"\bvar-(\w+)=", match[2]):
            if name not in boards.variables(all_boards[match[1]]):
                yield Finding("link", where, f"{match[1]} has no variable {name}")


def alert_findings(alerts: list, all_boards: dict) -> Iterator[Finding]:
    """That the link of each alert leads to a dashboard, and sets variables that it has. `alerts`: rules as they are."""
    for rule in alerts:
        url = rule["annotations"]["dashboard_url"]
        match = re.search(r"/d/([\w-]+)", url)
        board = all_boards.get(match[1]) if match else None
        if not board:
            yield Finding("alert", rule["alert"], f"leads to no dashboard: {url}")
            continue
        for name, label in re.findall(r"\bvar-(\w+)=\{\{ \$labels\.(\w+) \}\}", url):
            if name not in boards.variables(board) or name != label:
                yield Finding("alert", rule["alert"], f"{match[1]} has no variable {name} of the label {label}")


def findings(all_boards: dict, units: set, counters: set, runbooks: set, exceptions=None) -> list:
    found = [one for board in all_boards.values() for check in (
        board_findings(board), layout_findings(board), panel_findings(board, units), query_findings(board, counters),
    ) for one in check]
    found += link_findings(all_boards, runbooks)
    exceptions = EXCEPTIONS if exceptions is None else exceptions
    allowed = {(rule, where) for rule, places in exceptions.items() for where in places}
    seen = {(one.rule, one.where) for one in found}
    left = [one for one in found if (one.rule, one.where) not in allowed]
    gone = sorted(allowed - seen)
    return left + [Finding("exception", where, f"is no exception from {rule} any more") for rule, where in gone]
