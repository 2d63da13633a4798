"""Grafana's own schema takes the dashboards; and finds what is wrong with broken ones."""

import copy
import json

import boards
import pytest


def find(board, kind):
    return next(panel for panel in board["panels"] if panel["type"] == kind)


def graph(board):
    return find(board, "timeseries")


def defaults(board):
    return graph(board)["fieldConfig"]["defaults"]


MUTATIONS = {
    "an unknown kind of panel": lambda board: graph(board).update(type="graf"),
    "an unknown way to draw": lambda board: defaults(board)["custom"].update(drawStyle="lines"),
    "a misspelt setting of fields": lambda board: defaults(board)["custom"].update(lineWidht=2),
    "a place that legends do not have": lambda board: graph(board)["options"]["legend"].update(placement="left"),
    "a misspelt option": lambda board: graph(board)["options"].update(toolip={}),
    "a threshold without a colour": lambda board: defaults(board)["thresholds"]["steps"][0].pop("color"),
    "no place": lambda board: graph(board).pop("gridPos"),
    "a query without an expression": lambda board: graph(board)["targets"][0].pop("expr"),
    "calculations that are no list": lambda board: find(board, "stat")["options"]["reduceOptions"].update(calcs="last"),
    "a refresh of another type": lambda board: board.update(refresh=60),
    "no panels": lambda board: board.pop("panels"),
    "a variable of another kind": lambda board: boards.variables(board)["job"].update(type="request"),
    "bars in an unknown mode": lambda board: find(board, "bargauge")["options"].update(displayMode="solid"),
    "a table with cells of an unknown height": lambda board: find(board, "table")["options"].update(cellHeight="huge"),
    "states with a wrong option": lambda board: find(board, "state-timeline")["options"].update(showValue=1),
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory, all_boards, validate):
    """{fault: findings}, of one run for all."""
    folder = tmp_path_factory.mktemp("broken")
    files = {}
    for number, (fault, change) in enumerate(MUTATIONS.items()):
        # It has panels of every kind.
        board = copy.deepcopy(all_boards["upkeep-containers"])
        change(board)
        files[fault] = folder / f"{number}.json"
        files[fault].write_text(json.dumps(board))
    found = validate(*files.values())["findings"]
    return {fault: found[str(path)] for fault, path in files.items()}


def test_dashboards_are_valid(validate):
    files = sorted(boards.FOLDER.glob("*.json"))
    found = validate(*files)["findings"]
    assert len(files) >= 8
    assert found == {str(path): [] for path in files}


@pytest.mark.parametrize("fault", MUTATIONS)
def test_a_fault_is_found(broken, fault):
    assert broken[fault]
