"""Every query makes sense to Prometheus, and asks for metrics and labels that there are."""

import copy
import json
import re
import subprocess

import boards
import check_rules
import promql
import pytest
import servers

METADATA = {"le", "__name__"}


def type_errors(queries, all_boards, folder):
    """What promtool says of them, as rules that nobody uses."""
    rules = [
        {
            "record": f"query:{number}",
            "expr": boards.readable(query.expr, all_boards[query.board]),
            "labels": {"where": str(query)},
        }
        for number, query in enumerate(queries)
    ]
    path = folder / "queries.yml"
    path.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))  # JSON is YAML
    command = [servers.tool("promtool"), "check", "rules", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def named_labels(expr):
    """Those by which series are put together."""
    lists = re.findall(r"\b(?:by|on|ignoring|without) ?\(([\w, ]*)\)", expr)
    return {label for one in lists for label in re.split(r",\s*", one) if label}


def unknown_names(query, legend, all_boards, declared):
    """Metrics that nobody declares; labels that none of the query's metrics has."""
    expr = boards.readable(query.expr, all_boards[query.board])
    selectors = promql.selectors(expr)
    found = {one.name for one in selectors if one.name not in declared}
    possible = METADATA | check_rules.SCRAPE_LABELS | made_names(expr)
    anything = False
    for one in selectors:
        labels = declared.get(one.name, ())
        anything |= labels is None
        possible |= set(labels or ())
        if labels is not None:
            known = check_rules.SCRAPE_LABELS | set(labels)
            found |= {f"{one.name}{{{matcher.label}}}" for matcher in one.matchers if matcher.label not in known}
    if not anything:
        shown = set(re.findall(r"\{\{\s*(\w+)\s*\}\}", legend))
        found |= {f"label {label}" for label in (named_labels(expr) | shown) - possible}
    return found


def made_names(expr):
    """Labels that the query itself makes: the second argument of label_replace and of label_join."""
    found = set()
    for match in re.finditer(r"label_(?:replace|join)\(", expr):
        depth = 0
        for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[(){},]', expr[match.end():]):
            depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(token[0], 0)
            if depth == 0 and token[0].startswith('"'):
                found.add(token[0].strip('"'))
                break
    return found


def legends(board):
    return {
        (panel["title"], target["refId"]): target.get("legendFormat", "")
        for panel in boards.panels(board) for target in panel["targets"]
    }


def all_unknown(all_boards, declared):
    found = {}
    for board in all_boards.values():
        shown = legends(board)
        for query in boards.queries(board):
            unknown = unknown_names(query, shown.get((query.where, query.ref), ""), all_boards, declared)
            if unknown:
                found[str(query)] = sorted(unknown)
    return found


def test_queries_make_sense(all_boards, tmp_path):
    queries = [query for board in all_boards.values() for query in boards.queries(board)]
    assert len(queries) > 200
    assert type_errors(queries, all_boards, tmp_path) == ""


@pytest.mark.parametrize("expr", [
    "sum(rate(node_cpu_seconds_total[$__rate_interval]",
    "rate(sum(node_cpu_seconds_total))",
    'up * on (instance) group_left() (1 + "a")',
    "",
])
def test_nonsense_is_found(all_boards, tmp_path, expr):
    assert type_errors([boards.Query("upkeep-host", "some", "A", expr)], all_boards, tmp_path)


def test_every_metric_and_label_is_declared(all_boards, declared):
    assert all_unknown(all_boards, declared) == {}


@pytest.mark.parametrize("expr, legend, unknown", [
    ("sum(node_lod1)", "all", "node_lod1"),
    ('sum(node_cpu_seconds_total{moed="idle"})', "all", "node_cpu_seconds_total{moed}"),
    ("sum by (moed) (node_cpu_seconds_total)", "all", "label moed"),
    ("sum by (mode) (node_cpu_seconds_total)", "{{moed}}", "label moed"),
    ("pg_up * on (sever) pg_up", "all", "label sever"),
])
def test_an_unknown_name_is_found(all_boards, declared, expr, legend, unknown):
    broken = copy.deepcopy(all_boards)
    target = next(panel for panel in broken["upkeep-host"]["panels"] if panel["type"] == "timeseries")["targets"][0]
    target.update(expr=expr, legendFormat=legend)
    assert [unknown] in all_unknown(broken, declared).values()


def test_labels_that_a_query_makes_are_known(all_boards, declared):
    expr = 'max by (what) (label_join(sum by (job) (up), "what", "/", "job"))'
    query = boards.Query("upkeep-host", "some", "A", expr)
    assert unknown_names(query, "{{what}}", all_boards, declared) == set()
