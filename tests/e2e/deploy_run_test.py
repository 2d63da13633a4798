"""The quick start: what it starts works, and when it ends nothing is left."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest
import yaml

import servers
import waiting

NOBODY = 61234


class QuickStart(servers.Server):
    """`deploy/run` in a session of its own, with the program that is built already."""

    def __init__(self, folder, *flags):
        self.port = servers.free_port()
        env = {"UPKEEP_BUILD": str(servers.UPKEEP.parent)}
        command = [servers.SOURCE / "deploy/run", "--port", self.port, *flags]
        super().__init__(f"deploy-run-{self.port}", command, folder, env=env, start_new_session=True)

    def wait_for_urls(self, count):
        """{name: URL} as it printed them, when it said that all is there."""
        self.wait_for(lambda: "Press Ctrl-C to stop." in self.log(), 120, lambda: f"the URLs\n{self.log()}")
        urls = dict(re.findall(r"^(\w+) +(http://\S+)", self.log(), re.M))
        assert len(urls) == count, urls
        return urls

    def processes(self):
        """The commands of all that it started and that still runs: {pid: command}."""
        found = {}
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                session = int((folder / "stat").read_text().rpartition(")")[2].split()[3])
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                if session == self.pid and state != "Z":
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().split(b"\0")
            except (OSError, IndexError):
                continue
        return found

    def process_of(self, binary):
        return next(
            pid for pid, command in self.processes().items() if os.path.basename(command[0]) == os.fsencode(binary)
        )

    def check_nothing_is_left(self):
        waiting.until(lambda: not self.processes(), 15, lambda: f"the end of {self.processes()}")


@pytest.fixture
def quick_start(start):
    return lambda *flags: start(QuickStart, *flags)


def scraped_by(prometheus_url):
    query = prometheus_url + "/api/v1/query?query=up"
    result = servers.request(query).json()["data"]["result"]
    return {item["metric"]["job"]: item["value"][1] for item in result}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_upkeep_alone(quick_start, number):
    run = quick_start()
    url = run.wait_for_urls(1)["Upkeep"]
    assert url == f"http://127.0.0.1:{run.port}"
    assert servers.request(url).status == 200
    assert servers.request(url + "/metrics").status == 200
    os.killpg(run.pid, number)  # what a terminal does on Ctrl-C
    assert run.wait_exit(15) == 0
    run.check_nothing_is_left()


def test_flags_of_upkeep_are_handed_on(quick_start):
    run = quick_start("--", "--no-collector.loadavg")
    url = run.wait_for_urls(1)["Upkeep"]
    assert b"node_load1" not in servers.request(url + "/metrics").body


def test_the_stack(quick_start, tmp_path):
    run = quick_start("--stack", "--data", tmp_path / "data")
    urls = run.wait_for_urls(3)
    assert servers.request(urls["Upkeep"]).status == 200
    for page in ("/", "/-/ready"):
        assert servers.request(urls["Alertmanager"] + page).status == 200
    for page in ("/classic/graph", "/classic/static/jquery/jquery.min.js", "/-/ready"):
        assert servers.request(urls["Prometheus"] + page).status == 200
    waiting.until(
        lambda: scraped_by(urls["Prometheus"]) == {"upkeep": "1", "prometheus": "1", "alertmanager": "1"},
        60,
        "Prometheus to scrape all three",
    )
    groups = servers.request(urls["Prometheus"] + "/api/v1/rules").json()["data"]["groups"]
    files = {pathlib.Path(group["file"]).name for group in groups}
    assert files == {path.name for path in (servers.SOURCE / "rules").glob("*.yml")}

    # Alerts reach Alertmanager, are routed as deployed, and leave it for nowhere.
    status = servers.request(urls["Alertmanager"] + "/api/v2/status").json()
    assert "inhibit_rules" in status["config"]["original"]
    assert "pagerduty_configs" not in status["config"]["original"]
    receivers = {item["name"] for item in servers.request(urls["Alertmanager"] + "/api/v2/receivers").json()}
    assert {"maintenance", "security", "devops"} <= receivers

    run.signal(signal.SIGTERM)
    assert run.wait_exit(20) == 0
    run.check_nothing_is_left()


GRAFANA = """#!/usr/bin/python3
# Stands in for grafana-server: says that it is well, and which environment it was started in.
import http.server, json, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"environment": dict(os.environ), "arguments": sys.argv[1:]}).encode())

address = (os.environ["GF_SERVER_HTTP_ADDR"], int(os.environ["GF_SERVER_HTTP_PORT"]))
http.server.HTTPServer(address, Handler).serve_forever()
"""


def test_the_stack_with_a_grafana(quick_start, tmp_path, monkeypatch):
    """Only as far as can be seen without a real one: it is started with data source and dashboards, and stopped."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "grafana-server").write_text(GRAFANA)
    (programs / "grafana-server").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    run = quick_start("--stack", "--data", tmp_path / "data")
    urls = run.wait_for_urls(4)
    started = servers.request(urls["Grafana"] + "/api/health").json()
    assert started["arguments"] == ["--homepath=/usr/share/grafana"]
    provisioning = pathlib.Path(started["environment"]["GF_PATHS_PROVISIONING"])
    (source,) = yaml.safe_load((provisioning / "datasources/upkeep.yml").read_text())["datasources"]
    assert source["type"] == "prometheus" and source["url"] == urls["Prometheus"]
    (provider,) = yaml.safe_load((provisioning / "dashboards/upkeep.yml").read_text())["providers"]
    shown = {path.name for path in pathlib.Path(provider["options"]["path"]).iterdir()}
    assert shown == {path.name for path in (servers.SOURCE / "dashboards").glob("*.json")} and "overview.json" in shown
    assert pathlib.Path(started["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]).exists()
    run.signal(signal.SIGTERM)
    assert run.wait_exit(20) == 0
    run.check_nothing_is_left()


def test_the_stack_starts_again_in_seconds(quick_start, tmp_path):
    for _ in range(2):
        started = time.monotonic()
        run = quick_start("--stack", "--data", tmp_path / "data")
        run.wait_for_urls(3)
        seconds = time.monotonic() - started
        os.killpg(run.pid, signal.SIGINT)
        assert run.wait_exit(20) == 0
    assert seconds < 15


@pytest.mark.parametrize(
    "binary, name", [("upkeep", "Upkeep"), ("prometheus", "Prometheus"), ("prometheus-alertmanager", "Alertmanager")]
)
def test_when_one_dies_the_others_are_stopped(quick_start, tmp_path, binary, name):
    run = quick_start("--stack", "--data", tmp_path / "data")
    run.wait_for_urls(3)
    os.kill(run.process_of(binary), signal.SIGKILL)
    assert run.wait_exit(20) == 1
    run.check_nothing_is_left()
    assert f"{name} stopped by itself (exit code 137)." in run.log()
    log_name = "upkeep" if name == "Upkeep" else binary.removeprefix("prometheus-")
    assert f"The end of {tmp_path}/data/{log_name}.log:\n" in run.log()
    assert "level=" in run.log().partition("The end of")[2]


def test_when_the_script_is_killed_nothing_is_left(quick_start, tmp_path):
    run = quick_start("--stack", "--data", tmp_path / "data")
    run.wait_for_urls(3)
    run.kill()
    run.check_nothing_is_left()


def test_a_second_stack_needs_other_data(quick_start, tmp_path):
    first = quick_start("--stack", "--data", tmp_path / "data")
    first.wait_for_urls(3)
    second = quick_start("--stack", "--data", tmp_path / "data")
    assert second.wait_exit(30) == 1
    assert "Choose another folder with --data DIR." in second.log()
    third = quick_start("--stack", "--data", tmp_path / "other")
    assert set(third.wait_for_urls(3).values()).isdisjoint(first.wait_for_urls(3).values())


def run_script(*arguments, **options):
    command = [servers.SOURCE / "deploy/run", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


def test_a_port_in_use_is_said_before_anything_is_built(quick_start):
    first = quick_start()
    first.wait_for_urls(1)
    second = run_script("--port", str(first.port))
    assert second.returncode == 1
    assert f"something listens on 127.0.0.1:{first.port} already. Choose another port with --port N." in second.stderr
    assert second.stdout == ""


@pytest.mark.parametrize(
    "arguments", [["--port"], ["--port", "x"], ["--port", "0"], ["--port", "70000"], ["--data="], ["--nope"]]
)
def test_mistakes_of_the_command_line(arguments):
    done = run_script(*arguments)
    assert done.returncode == 1
    assert "run: " in done.stderr


def test_help():
    done = run_script("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: deploy/run")


def test_without_root_and_sudo_it_says_what_to_install():
    with tempfile.TemporaryDirectory() as folder:
        tree, path = pathlib.Path(folder, "deploy"), pathlib.Path(folder, "bin")
        os.chmod(folder, 0o755)
        tree.mkdir()
        path.mkdir()
        for script in ("run", "packages"):
            shutil.copy(servers.SOURCE / "deploy" / script, tree)
        for name in ("bash", "env", "dirname", "cat"):
            (path / name).symlink_to(shutil.which(name))
        # Of the packages, everything is here but cmake.
        query = path / "dpkg-query"
        query.write_text('#!/bin/bash\ncase "$*" in *" cmake"*) exit 1 ;; *) echo installed ;; esac\n')
        query.chmod(0o755)
        done = subprocess.run(
            [tree / "run", "--port", str(servers.free_port())],
            capture_output=True, text=True, check=False, env={"PATH": str(path)},
            **({"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}),
        )
        assert done.returncode == 1
        assert "apt-get install --no-install-recommends cmake" in done.stderr
        assert not (pathlib.Path(folder) / "build").exists()
