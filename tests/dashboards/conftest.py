"""Fixtures for the checks of the dashboards."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

pytest.register_assert_rewrite("backups", "boards", "docker", "lint", "postgres", "web", "world")

import boards
import check_rules
import servers

HERE = pathlib.Path(__file__).parent
TOOLS = pathlib.Path(os.environ.get("UPKEEP_TOOLS", servers.SOURCE / "build/tools"))
CHECKER = ("package.json", "package-lock.json", ".npmrc", "dashboard.ts", "tsconfig.json", "schema.mjs")


@pytest.fixture(scope="session")
def all_boards():
    return boards.load()


@pytest.fixture(scope="session")
def declared():
    """{metric: its labels; None: any}"""
    listing = check_rules.listed_metrics(servers.UPKEEP)
    return check_rules.declared_metrics(listing, (servers.SOURCE / "rules/external_metrics.txt").read_text())


@pytest.fixture(scope="session")
def counters():
    rows = [line.split("\t") for line in check_rules.listed_metrics(servers.UPKEEP).splitlines()]
    return {row[0] for row in rows if row[1] == "counter"}


@pytest.fixture(scope="session")
def alerts():
    """Those of the rules."""
    rules = sorted((servers.SOURCE / "rules").glob("*.yml"))
    groups = [group for path in rules for group in check_rules.read_yaml(path)["groups"]]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


@pytest.fixture(scope="session")
def runbooks(alerts):
    return {alert["annotations"]["runbook_url"] for alert in alerts}


@pytest.fixture(scope="session")
def packages():
    """A folder with Grafana's schema, of the versions that are locked; fetched when it is not there."""
    content = b"".join((HERE / name).read_bytes() for name in CHECKER)
    folder = TOOLS / f"dashboards-{hashlib.sha256(content).hexdigest()[:16]}"
    if not folder.exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=TOOLS) as scratch:
            for name in CHECKER:
                shutil.copy(HERE / name, scratch)
            done = subprocess.run(["npm", "ci"], cwd=scratch, capture_output=True, text=True, timeout=300, check=False)
            assert done.returncode == 0, f"npm ci: {done.stderr[-2000:]}"
            os.chmod(scratch, 0o755)
            shutil.copytree(scratch, folder, symlinks=True)
    return folder


@pytest.fixture(scope="session")
def validate(packages):
    """validate(file...): what Grafana's schema says of each, and which units there are."""

    def run(*files):
        command = ["node", "schema.mjs", *map(str, files)]
        done = subprocess.run(command, cwd=packages, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def units(validate):
    return set(validate()["units"])
