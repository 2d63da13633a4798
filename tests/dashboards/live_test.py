"""In a world in which everything is watched, every panel has data; and a panel without is found."""

import json
import subprocess

import boards
import pytest
import servers
import waiting
import world

# Queries that may have no data, and why: {dashboard: {"panel" query: why}}.
EMPTY = {}


@pytest.fixture
def living(start, tmp_path):
    made = world.World(start, tmp_path)
    yield made
    made.close()


def check(url, *files):
    """What dashboards/check says of each query."""
    command = [boards.FOLDER / "check", "--json", *map(str, files), url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def missing(rows):
    return {f'{row["dashboard"]}: "{row["panel"]}" {row["target"]}': row["missing"] for row in rows if row["missing"]}


def test_every_panel_has_data(living, tmp_path):
    files = sorted(boards.FOLDER.glob("*.json"))

    def unjustified():
        return {where: why for where, why in missing(check(living.url, *files)).items() if where not in EMPTY}

    last = {}

    def full():
        last.clear()
        last.update(unjustified())
        return not last

    def lacking():
        return "data for\n" + "\n".join(f"{where}: {why}" for where, why in last.items())

    waiting.until(full, 180, lacking, every=3)
    rows = check(living.url, *files)
    assert len(rows) == sum(len(panel["targets"]) for board in boards.load().values() for panel in boards.panels(board))
    assert set(EMPTY) <= set(missing(rows)), "an exception that is none any more"
    check_that_emptiness_is_found(living.url, tmp_path)


def check_that_emptiness_is_found(url, folder):
    """As text, as a user would see it."""
    board = boards.load()["upkeep-host"]
    graph = next(panel for panel in board["panels"] if panel["type"] == "timeseries")
    graph["targets"] += [
        graph["targets"][0] | {"refId": "Y", "expr": "no_such_metric"},
        graph["targets"][0] | {"refId": "Z", "expr": "sum(up) by"},
    ]
    path = folder / "broken.json"
    path.write_text(json.dumps({"dashboard": board}))  # as Grafana's API gives it
    done = subprocess.run([boards.FOLDER / "check", path, url], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f'upkeep-host: "{graph["title"]}" Y: no series' in done.stdout
    assert f'upkeep-host: "{graph["title"]}" Z: ' in done.stdout and "parse error" in done.stdout
    assert "2 without" in done.stdout


def test_what_cannot_be_asked_is_said(tmp_path):
    board = boards.FOLDER / "host.json"
    for arguments, words in (
        ([board, f"http://127.0.0.1:{servers.free_port()}"], "ECONNREFUSED"),
        ([tmp_path / "none.json", "http://127.0.0.1:1"], "no such file"),
        ([board], "address of a Prometheus"),
        ([board, "http://127.0.0.1:1", "--range=soon"], "number of seconds"),
    ):
        command = [boards.FOLDER / "check", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2 and words in done.stderr, done.stderr
