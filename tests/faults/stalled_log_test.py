"""Whoever reads the log stopped reading: nothing waits for it."""

import contextlib
import fcntl
import os
import signal
import time

import pytest

import invariants
import servers
import waiting


@pytest.fixture
def stalled(upkeep, tmp_path):
    """Upkeep with a full pipe as stderr, and the end to read it from."""
    (tmp_path / "upkeep.yml").write_text("log: {level: debug}\n")
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    port = servers.free_port()
    program = upkeep(
        f"--config.file={tmp_path}/upkeep.yml", "--log.level=debug", port=port, stderr=writer, wait=False
    )
    os.close(writer)
    program.url = f"http://127.0.0.1:{port}"
    program.wait_ready(program.url + "/-/healthy")
    # Each reload says hundreds of things.
    (tmp_path / "upkeep.yml").write_text("".join(f"mistake_{number}: 1\n" for number in range(400)))
    waiting.until(lambda: reload_drops(program), 20, "log lines dropped")
    yield program, reader
    os.close(reader)


def dropped(program):
    return program.scrape(timeout=2).get("upkeep_log_dropped_total")


def reload_drops(program):
    program.signal(signal.SIGHUP)
    return dropped(program) > 0


def test_scrapes_go_on(stalled):
    program, _ = stalled
    for _ in range(50):
        reload_drops(program)
    invariants.check_nothing_grows(program, scrapes=300)


def test_logs_again_when_someone_reads(stalled, tmp_path):
    program, reader = stalled
    os.set_blocking(reader, False)
    lines = bytearray()

    def has_read(words):
        with contextlib.suppress(BlockingIOError):
            lines.extend(os.read(reader, 1 << 16))
        return words in lines

    # The newest of what was to be said is there, not the oldest.
    waiting.until(lambda: has_read(b"the old one stays in force"), 20, "the end of what was kept", every=0.001)
    (tmp_path / "upkeep.yml").write_text("log: {level: debug}\n")
    program.signal(signal.SIGHUP)
    waiting.until(lambda: has_read(b"Configuration reloaded"), 20, "a new line", every=0.001)
    count = dropped(program)
    assert count > 0
    for _ in range(10):
        program.signal(signal.SIGHUP)
        has_read(b"")
        assert dropped(program) == count, "still dropping"


def test_stops_in_time(stalled):
    program, _ = stalled
    started = time.monotonic()
    program.signal(signal.SIGTERM)
    assert program.wait_exit(5) == 0
    assert time.monotonic() - started < 2
