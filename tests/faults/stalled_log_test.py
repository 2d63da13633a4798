"""Whoever reads the log stopped reading: nothing waits for it."""

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
    (tmp_path / "upkeep.yml").write_text("mistake: " + "x" * 200 + "\n")
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
    program.seconds = [program.scrape(timeout=2).seconds for _ in range(50)]
    assert max(program.seconds) < 0.5
    invariants.check_nothing_grows(program, scrapes=300)


def test_logs_again_when_someone_reads(stalled):
    program, reader = stalled
    os.set_blocking(reader, False)
    lines = bytearray()

    def read_to_end():
        try:
            lines.extend(os.read(reader, 1 << 16))
        except BlockingIOError:
            program.signal(signal.SIGHUP)
            return b"dropped" in lines.lower() or len(lines) > 1 << 20

    waiting.until(read_to_end, 20, "a word on the lines that were dropped")
    count = dropped(program)
    assert count > 0
    assert dropped(program) == count, "still dropping"


def test_stops_in_time(stalled):
    program, _ = stalled
    started = time.monotonic()
    program.signal(signal.SIGTERM)
    assert program.wait_exit(5) == 0
    assert time.monotonic() - started < 2
