"""Real servers for tests: started on free ports of 127.0.0.1 with their data in a folder of the test, stopped by pid."""

import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time
import urllib.parse

import metrics
import waiting

SOURCE = pathlib.Path(__file__).resolve().parents[2]
UPKEEP = pathlib.Path(os.environ.get("UPKEEP_BINARY", SOURCE / "build/release/upkeep"))


def tool(name):
    """The path of a server or tool that comes from a Debian package; fetched when the machine has none."""
    found = subprocess.run([SOURCE / "deploy/packages", "tool", name], check=True, stdout=subprocess.PIPE, text=True)
    return found.stdout.strip()


def free_port():
    """Below those that the kernel gives to clients, so that nobody takes it before the server does."""
    while True:
        port = random.randrange(12_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Response:
    def __init__(self, status, headers, body, seconds):
        self.status, self.headers, self.body, self.seconds = status, headers, body, seconds

    def json(self):
        return json.loads(self.body)


def request(url, method="GET", headers=None, body=None, timeout=15, source="127.0.0.1", connect=None):
    """One request over a connection of its own. `connect(address, timeout)` makes another kind of connection."""
    parts = urllib.parse.urlsplit(url)
    started = time.monotonic()
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout, source_address=(source, 0))
    with contextlib.closing(connection):
        if connect:
            connection.sock = connect((parts.hostname, parts.port), timeout)
        target = parts.path or "/"
        connection.request(method, target + (f"?{parts.query}" if parts.query else ""), body, headers or {})
        answer = connection.getresponse()
        content = answer.read()
        return Response(answer.status, answer.headers, content, time.monotonic() - started)


class Server:
    """A process, its log, and how to end it. `corner` is the sandbox to run it in."""

    STOP_SECONDS = 15

    def __init__(self, name, command, folder, corner=None, env=None, **popen):
        self.name = name
        self.log_path = pathlib.Path(folder) / f"{name}.log"
        command = [str(part) for part in command]
        with open(self.log_path, "ab") as log:
            popen.setdefault("stderr", subprocess.STDOUT)
            self.process = subprocess.Popen(
                [*corner.command, *command] if corner else command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                env=os.environ | (env or {}),
                **popen,
            )
        self.pid = corner.process_in(self.process) if corner else self.process.pid

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    def alive(self):
        return self.process.poll() is None

    def wait_for(self, condition, seconds, what):
        """Waits for a condition, and fails at once when the process ends before."""

        def poll():
            assert self.alive(), f"{self.name} ended with {self.process.returncode}:\n{self.log()[-3000:]}"
            return condition()

        return waiting.until(poll, seconds, what)

    def wait_ready(self, url, seconds=30):
        def ready():
            try:
                return request(url, timeout=5).status == 200
            except OSError:
                return False

        self.wait_for(ready, seconds, lambda: f"{self.name} ready\n{self.log()[-3000:]}")

    def signal(self, number):
        os.kill(self.pid, number)

    def wait_exit(self, seconds):
        """The exit code; subprocess.TimeoutExpired when there is none in time."""
        return self.process.wait(seconds)

    def stop(self):
        """Ends it kindly, then by force. Returns the exit code."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                self.signal(signal.SIGTERM)
            try:
                self.process.wait(self.STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            self.signal(signal.SIGKILL)
        self.process.wait(self.STOP_SECONDS)


class Upkeep(Server):
    STOP_SECONDS = 5

    def __init__(self, folder, *flags, port=0, corner=None, name="upkeep", wait=True, binary=UPKEEP, **popen):
        self.connect = corner.connect if corner and corner.network else None
        self.url = None
        command = [binary, f"--web.listen-address=127.0.0.1:{port}", *flags]
        super().__init__(name, command, folder, corner=corner, **popen)
        if wait:
            self.wait_for(self.listening, 20, lambda: f"'Listening on'\n{self.log()[-3000:]}")

    def listening(self):
        """Its URL, as soon as it is in its log."""
        found = re.findall(r'msg="Listening on" .*?address="?(http://[^\s"]+)', self.log())
        if found:
            self.url = found[-1].rstrip("/")
        return self.url

    def get(self, path, **options):
        return request(self.url + path, connect=self.connect, **options)

    def scrape(self, path="/metrics", timeout=10, **options):
        """One scrape as Prometheus does it; fails unless it is answered with a sound page and in time."""
        headers = {"X-Prometheus-Scrape-Timeout-Seconds": str(timeout)}
        answer = self.get(path, headers=headers, timeout=timeout + 5, **options)
        assert answer.status == 200, (answer.status, answer.body[:300])
        assert answer.seconds <= timeout - 0.5, f"the scrape took {answer.seconds:.2f} s of {timeout} s"
        page = metrics.Page(answer.body)
        page.seconds = answer.seconds
        return page

    # What the kernel says of the process.

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Prometheus(Server):
    def __init__(self, folder, config_path, port, *flags):
        binary = tool("prometheus")
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            "prometheus",
            [
                binary,
                f"--config.file={config_path}",
                f"--storage.tsdb.path={folder}/prometheus",
                f"--web.listen-address=127.0.0.1:{port}",
                *flags,
            ],
            folder,
        )
        self.wait_ready(self.url + "/-/ready")

    def query(self, expression):
        """[(labels, value)] of an instant query."""
        answer = request(self.url + "/api/v1/query?" + urllib.parse.urlencode({"query": expression})).json()
        assert answer["status"] == "success", answer
        return [(item["metric"], float(item["value"][1])) for item in answer["data"]["result"]]

    def alertmanagers(self):
        """Those it hands its alerts to."""
        answer = request(self.url + "/api/v1/alertmanagers").json()
        return [item["url"] for item in answer["data"]["activeAlertmanagers"]]

    def alerts(self):
        """{(alertname, state)} of now."""
        answer = request(self.url + "/api/v1/alerts").json()
        return {(alert["labels"]["alertname"], alert["state"]) for alert in answer["data"]["alerts"]}


class Alertmanager(Server):
    def __init__(self, folder, config_path, port, *flags):
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            "alertmanager",
            [
                tool("prometheus-alertmanager"),
                f"--config.file={config_path}",
                f"--storage.path={folder}/alertmanager",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
                "--log.level=debug",
                *flags,
            ],
            folder,
        )
        self.wait_ready(self.url + "/-/ready")

    def alerts(self):
        """Every alert it knows, with its status."""
        return request(self.url + "/api/v2/alerts").json()
