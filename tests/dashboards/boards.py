"""The dashboards as the checks see them: panels, queries, and what stands for a variable in a query."""

import json
import pathlib
import re
from typing import Iterator, NamedTuple

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "dashboards"

# Any value will do where an expression is only read.
MACROS = {
    "__rate_interval": "5m",
    "__interval": "1m",
    "__range": "1h",
    "__range_s": "3600",
}
REFERENCE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$([A-Za-z_]\w*)")  # not the $1 of a pattern


class Query(NamedTuple):
    board: str
    where: str  # the panel or the variable
    ref: str
    expr: str

    def __str__(self) -> str:
        return f'{self.board}: "{self.where}" {self.ref}'.rstrip()


def load(folder: pathlib.Path = FOLDER) -> dict:
    """{uid: dashboard}"""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return {board["uid"]: board for board in found}


def panels(board: dict) -> list:
    """Those that show something."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def variables(board: dict) -> dict:
    return {variable["name"]: variable for variable in board["templating"]["list"]}


def substituted(expr: str, values: dict) -> str:
    """With variables replaced; those that are not in `values` stay as they are."""
    return REFERENCE.sub(lambda match: values.get(match[1] or match[2], match[0]), expr)


def readable(expr: str, board: dict) -> str:
    """An expression that Prometheus takes."""
    return substituted(expr, MACROS | {name: "x" for name in variables(board)})


def panel_queries(board: dict) -> Iterator[Query]:
    for panel in panels(board):
        for target in panel.get("targets", []):
            yield Query(board["uid"], panel["title"], target.get("refId", ""), target.get("expr", ""))


def variable_queries(board: dict) -> Iterator[Query]:
    for name, variable in variables(board).items():
        if variable["type"] == "query":
            match = re.fullmatch(r"label_values\((.+),\s*\w+\)", variable["query"]["query"])
            yield Query(board["uid"], f"${name}", "", match[1] if match else "")


def queries(board: dict) -> list:
    return [*panel_queries(board), *variable_queries(board)]
