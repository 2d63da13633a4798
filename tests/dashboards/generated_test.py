"""The dashboards are what their sources make, and the sources know every alert."""

import importlib.machinery
import importlib.util
import shutil
import subprocess

import boards
import pytest

GENERATE = boards.FOLDER / "generate"
RULES = boards.REPOSITORY / "rules"
loader = importlib.machinery.SourceFileLoader("generator", str(GENERATE))
generator = importlib.util.module_from_spec(importlib.util.spec_from_loader("generator", loader))
loader.exec_module(generator)


@pytest.fixture(scope="module")
def wanted():
    return generator.generate(boards.FOLDER / "src", RULES)


@pytest.fixture
def copy(tmp_path):
    """Dashboards and rules, to change something in."""
    (tmp_path / "dashboards").mkdir()
    shutil.copytree(boards.FOLDER / "src", tmp_path / "dashboards/src")
    for path in boards.FOLDER.glob("*.json"):
        shutil.copy(path, tmp_path / "dashboards")
    shutil.copytree(RULES, tmp_path / "rules")
    return tmp_path


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_dashboards_are_what_their_sources_make(wanted):
    assert len(wanted) >= 9
    assert generator.differences(wanted, boards.FOLDER) == []


def test_differences_are_found(wanted, copy):
    replace(copy / "dashboards/host.json", '"CPU busy"', '"CPU idle"')
    (copy / "dashboards/upkeep.json").unlink()
    shutil.copy(copy / "dashboards/host.json", copy / "dashboards/old.json")
    assert generator.differences(wanted, copy / "dashboards") == ["host.json", "old.json", "upkeep.json"]


def generate(copy, source):
    """What it says when it makes one dashboard of changed rules."""
    for path in (copy / "dashboards/src").glob("*.jsonnet"):
        if path.name != source:
            path.unlink()
    command = [GENERATE, "--folder", copy / "dashboards", "--rules", copy / "rules", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    return done.stdout + done.stderr


def test_a_change_is_said(copy):
    replace(copy / "rules/upkeep.yml", "upkeep.md#upkeepmemoryhigh", "upkeep.md#memory")
    assert "dashboards/upkeep.json is not what dashboards/generate makes\n" in generate(copy, "upkeep.jsonnet")


def test_a_link_to_an_alert_that_is_gone_is_found(copy):
    rules = copy / "rules/upkeep.yml"
    replace(rules, "alert: UpkeepMemoryHigh", "alert: UpkeepLarge")
    assert "no alert is called UpkeepMemoryHigh" in generate(copy, "upkeep.jsonnet")


def test_an_item_of_the_checklist_without_its_alert_is_found(copy):
    replace(copy / "rules/host.yml", "alert: HostOomKill", "alert: HostKills")
    assert 'daily, Memory: no such alerts: ["HostOomKill"]' in generate(copy, "overview.jsonnet")


def test_an_alert_on_no_item_is_found(copy):
    replace(copy / "rules/containers.yml", "schedule: daily", "schedule: yearly")
    assert "alerts on no item of the checklist" in generate(copy, "overview.jsonnet")


def test_dashboards_wait_for_their_rules(copy):
    (copy / "dashboards/src/orders.jsonnet").write_text("// needs rules/orders.yml\n{ uid: 'orders' }\n")
    source, rules = copy / "dashboards/src/orders.jsonnet", copy / "rules"
    assert not generator.has_what_it_needs(source, rules)
    (rules / "orders.yml").write_text("groups: []\n")
    assert generator.has_what_it_needs(source, rules)
