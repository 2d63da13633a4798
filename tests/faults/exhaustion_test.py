"""No descriptors, no threads: Upkeep answers what it can, burns nothing, and recovers by itself."""

import contextlib
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

import pytest

import invariants
import servers
import waiting

NOBODY = 61234  # a user with no other process, whose limit on threads counts those of Upkeep alone


def highest_descriptor(pid):
    return max(int(number) for number in os.listdir(f"/proc/{pid}/fd"))


def set_limit(program, name, limit, **user):
    subprocess.run(["prlimit", f"--pid={program.pid}", f"--{name}={limit}:"], check=True, **user)


@contextlib.contextmanager
def limited(program, name, kind, limit, **user):
    """The program lives with a lower limit. Its own user may lower and raise it again."""
    soft, _ = [int(word) for word in limits_of(program.pid, kind)]
    set_limit(program, name, limit, **user)
    yield
    set_limit(program, name, soft, **user)


def limits_of(pid, title):
    lines = pathlib.Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines()
    words = next(line for line in lines if line.startswith(title))[len(title) :].split()
    return [word.replace("unlimited", "-1") for word in words[:2]]


def occupy(url, count):
    """Connections that ask nothing, from many addresses so that no cap per address keeps them out."""
    parts = urllib.parse.urlsplit(url)
    held = []
    for number in range(count):
        client = socket.socket()
        client.bind((f"127.0.1.{number % 200 + 1}", 0))
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            client.connect((parts.hostname, parts.port))
        held.append(client)
    return held


def status_of_scrape(program):
    """200, 503, or None when the connection was refused or closed."""
    try:
        return program.get("/metrics", timeout=10).status
    except OSError:
        return None


@pytest.mark.parametrize("idle_clients", [0, 10])
def test_no_descriptors(upkeep, idle_clients):
    program = upkeep()
    invariants.check_healthy(program.scrape())
    program.scrape()
    threads, descriptors = program.threads(), program.descriptors()
    with limited(program, "nofile", "Max open files", highest_descriptor(program.pid) + 1):
        held = occupy(program.url, idle_clients)
        # It may take a second to notice.
        waiting.until(lambda: status_of_scrape(program) in (200, 503), 5, "an answer without free descriptors")
        cpu, started = program.cpu_seconds(), time.monotonic()
        while time.monotonic() - started < 5:
            assert status_of_scrape(program) in (200, 503)
            waiting.throughout(program.alive, 0.25, "Upkeep alive")
        used = (program.cpu_seconds() - cpu) / (time.monotonic() - started)
        for client in held:
            client.close()
    assert used < 0.05, f"{used:.1%} of a processor while there are no descriptors"

    # One scrape after the fault everything is there again.
    waiting.until(lambda: status_of_scrape(program) == 200, 5, "an answer again")
    waiting.until(lambda: not invariants.failing(program.scrape()), 20, "every collector again")
    invariants.check_healthy(program.scrape())
    waiting.until(lambda: program.descriptors() <= descriptors + 1, 10, "as many descriptors as before")
    assert program.threads() <= threads


@pytest.fixture
def unprivileged():
    """How to start the program as a user whose threads can be limited, where that user may read it."""
    with tempfile.TemporaryDirectory(prefix="upkeep-test-") as folder:
        os.chmod(folder, 0o755)
        binary = shutil.copy(servers.UPKEEP, folder)
        os.chmod(binary, 0o755)
        yield {"binary": pathlib.Path(binary), "user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": "/"}


def test_no_threads_for_a_reload(upkeep, unprivileged):
    program = upkeep(**unprivileged)
    waiting.until(lambda: not invariants.failing(program.scrape()), 10, "a healthy start")
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    with limited(program, "nproc", "Max processes", 1, **user):
        program.signal(signal.SIGHUP)
        waiting.until(lambda: invariants.failing(program.scrape(timeout=2)), 10, "collectors without a thread")
        page = program.scrape()
        for name in invariants.ALWAYS_THERE:
            assert page.get(name) is not None, name
        assert program.log().count("has no thread") == len(invariants.failing(page))
        invariants.check_nothing_grows(program, but=invariants.failing(page), scrapes=200)
    waiting.until(lambda: not invariants.failing(program.scrape()), 5, "recovery without another reload")


@pytest.mark.parametrize("threads", [1, 2, 8, 30, 60])
def test_few_threads_from_the_start(upkeep, unprivileged, threads):
    """It runs with what it gets, or ends with a word on it; it never dies by a signal."""
    program = upkeep(
        wait=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NPROC, (threads, threads)),
        **unprivileged,
    )
    waiting.until(lambda: not program.alive() or program.listening(), 20, "a decision")
    if program.alive():
        for _ in range(20):
            page = program.scrape()
            for name in invariants.ALWAYS_THERE:
                assert page.get(name) is not None, name
    else:
        assert program.process.returncode == 1
        assert "thread" in program.log()
