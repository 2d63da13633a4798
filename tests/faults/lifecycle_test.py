"""Starting and stopping, and what systemd is told of it."""

import os
import signal
import socket
import time

import pytest

import servers
import waiting


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_with_0(upkeep, number):
    program = upkeep()
    program.scrape()
    program.signal(number)
    assert program.wait_exit(2) == 0


def test_ends_with_clients_connected(upkeep):
    program = upkeep()
    port = int(program.url.rpartition(":")[2])
    clients = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(10)]
    clients[0].sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    assert clients[0].recv(12) == b"HTTP/1.1 200"
    program.signal(signal.SIGTERM)
    assert program.wait_exit(2) == 0
    for client in clients:
        client.close()


def test_a_port_in_use_is_an_error(upkeep):
    first = upkeep()
    port = int(first.url.rpartition(":")[2])
    second = upkeep(port=port, wait=False, name="second")
    assert second.wait_exit(5) == 1
    assert f"127.0.0.1:{port}" in second.log()
    assert first.scrape().samples


def test_a_bad_file_is_an_error(upkeep, tmp_path):
    (tmp_path / "upkeep.yml").write_text("mistake: 1\n")
    program = upkeep(f"--config.file={tmp_path}/upkeep.yml", wait=False)
    assert program.wait_exit(5) == 1
    assert "upkeep.yml:1:1" in program.log()


class NotifySocket:
    """What systemd listens on."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.messages = []  # (time, text)

    def read(self):
        while True:
            try:
                self.messages.append((time.monotonic(), self.socket.recv(4096).decode()))
            except BlockingIOError:
                return self.messages

    def times(self, line):
        return [when for when, text in self.read() if line in text.split("\n")]

    def wait(self, line, seconds):
        waiting.until(lambda: self.times(line), seconds, lambda: f"{line} among {self.messages}")


@pytest.fixture
def notify(tmp_path):
    listener = NotifySocket(tmp_path / "notify")
    yield listener
    listener.socket.close()


def test_says_ready_and_stopping(upkeep, notify):
    started = time.monotonic()
    program = upkeep(env={"NOTIFY_SOCKET": notify.path})
    notify.wait("READY=1", 5)
    assert time.monotonic() - started < 1
    assert not notify.times("STOPPING=1")
    program.signal(signal.SIGTERM)
    assert program.wait_exit(2) == 0
    assert notify.times("STOPPING=1")
    assert not notify.times("WATCHDOG=1"), "feeds a watchdog that nobody set"


def test_says_reloading(upkeep, notify):
    program = upkeep(env={"NOTIFY_SOCKET": notify.path})
    notify.wait("READY=1", 5)
    program.signal(signal.SIGHUP)
    notify.wait("RELOADING=1", 5)
    waiting.until(lambda: len(notify.times("READY=1")) == 2, 5, "ready again")


def test_feeds_the_watchdog(upkeep, notify):
    program = upkeep(env={"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "1000000"})
    waiting.until(lambda: len(notify.times("WATCHDOG=1")) >= 4, 10, "four meals")
    meals = notify.times("WATCHDOG=1")
    assert max(later - earlier for earlier, later in zip(meals, meals[1:])) < 1
    # A process that hangs is restarted: it does not feed.
    os.kill(program.pid, signal.SIGSTOP)
    meals = len(notify.times("WATCHDOG=1"))
    with pytest.raises(AssertionError):
        waiting.until(lambda: len(notify.times("WATCHDOG=1")) > meals + 1, 2, "a meal of a stopped process")
    os.kill(program.pid, signal.SIGCONT)


def test_does_not_feed_the_watchdog_when_nothing_can_be_scraped(upkeep, notify, make_sandbox, tmp_path):
    """The meals stop while every scrape hangs, and come again with the scrapes."""
    corner = make_sandbox()
    (tmp_path / "proc").mkdir()
    for name in ("loadavg", "meminfo", "stat"):
        (tmp_path / "proc" / name).write_bytes(open(f"/proc/{name}", "rb").read())
    server = corner.mount_fuse(tmp_path / "proc", tmp_path / "remote")
    upkeep(
        f"--path.procfs={tmp_path}/remote",
        corner=corner,
        env={"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "1000000"},
    )
    waiting.until(lambda: len(notify.times("WATCHDOG=1")) >= 2, 10, "meals")
    os.kill(server, signal.SIGSTOP)
    quiet_since = time.monotonic()

    def quiet():
        meals = [meal for meal in notify.times("WATCHDOG=1") if meal > quiet_since + 1]
        assert not meals, "fed without a scrape"
        return time.monotonic() - quiet_since > 3

    waiting.until(quiet, 10, "three seconds without a meal")
    os.kill(server, signal.SIGCONT)
    fed = len(notify.times("WATCHDOG=1"))
    waiting.until(lambda: len(notify.times("WATCHDOG=1")) > fed, 20, "meals again")
