"""What panels compute is right: known series in, known numbers out, by Prometheus's own engine.

golden/NAME.yml is about the dashboard upkeep-NAME:

    series: {SERIES: VALUES}            as promtool has them; job and instance are added
    expect: {PANEL/QUERY: {LABELS: VALUE}}    at minute 60, of one sample a minute
"""

import json
import re
import subprocess

import boards
import check_rules
import pytest
import servers

FOLDER = boards.REPOSITORY / "tests/dashboards/golden"
# A query computes when it does more than to pick, to rate or to add up.
COMPUTES = re.compile(r" [-/] |\bderiv\(|\bclamp_min\(|\bdelta\(")


def with_job(series):
    name, _, labels = series.partition("{")
    given = [part for part in labels.rstrip("}").split(", ") if part]
    have = {part.partition("=")[0] for part in given}
    added = [f'{label}="{value}"' for label, value in (("job", "upkeep"), ("instance", "web-1")) if label not in have]
    return f"{name}{{{', '.join(given + added)}}}"


def run(board, spec, folder):
    """What promtool says is wrong; '' when nothing is."""
    queries = {f"{query.where}/{query.ref}": query.expr for query in boards.panel_queries(board)}
    values = boards.MACROS | {name: ".*" for name in boards.variables(board)}
    tests = [{
        "expr": boards.substituted(queries[where], values),
        "eval_time": "60m",
        "exp_samples": [{"labels": labels, "value": value} for labels, value in samples.items()],
    } for where, samples in spec["expect"].items()]
    test = {
        "interval": "1m",
        "input_series": [{"series": with_job(series), "values": text} for series, text in spec["series"].items()],
        "promql_expr_test": tests,
    }
    path = folder / "golden.yml"
    path.write_text(json.dumps({"evaluation_interval": "1m", "tests": [test]}))  # JSON is YAML
    command = [servers.tool("promtool"), "test", "rules", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def specs():
    """Of the dashboards that there are: some wait for their rules."""
    paths = [path for path in sorted(FOLDER.glob("*.yml")) if (boards.FOLDER / path.with_suffix(".json").name).exists()]
    return {f"upkeep-{path.stem}": check_rules.read_yaml(path) for path in paths}


@pytest.mark.parametrize("uid", specs())
def test_numbers_are_right(all_boards, uid, tmp_path):
    assert run(all_boards[uid], specs()[uid], tmp_path) == ""


def test_all_that_compute_are_tested(all_boards):
    known = {uid: spec["expect"] for uid, spec in specs().items()}
    untested = [
        str(query)
        for board in all_boards.values() for query in boards.panel_queries(board)
        if COMPUTES.search(query.expr) and f"{query.where}/{query.ref}" not in known.get(query.board, ())
    ]
    assert untested == []


@pytest.mark.parametrize("old, new", [(" / ", " * "), ("idle|iowait", "idle"), ("1 - ", "0 + ")])
def test_wrong_maths_is_found(all_boards, tmp_path, old, new):
    spec = specs()["upkeep-host"]
    board = json.loads(json.dumps(all_boards["upkeep-host"]).replace(old, new))
    assert "FAILED" in run(board, spec, tmp_path)
