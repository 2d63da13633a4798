"""A collector that never comes back from a read: it is named, its old samples are withdrawn, the rest goes on."""

import os
import signal

import pytest

import invariants
import waiting

CONFIG = "collectors:\n  textfile: {{directory: {folder}, interval: 1s, timeout: 1s}}\n"


@pytest.fixture
def stuck(upkeep, make_sandbox, tmp_path):
    """Upkeep, and the process that serves its folder of textfiles."""
    source, remote = tmp_path / "source", tmp_path / "remote"
    source.mkdir()
    (source / "job.prom").write_text("# TYPE job_runs_total counter\njob_runs_total 1\n")
    (tmp_path / "upkeep.yml").write_text(CONFIG.format(folder=remote))
    corner = make_sandbox()
    server = corner.mount_fuse(source, remote)
    program = upkeep(f"--config.file={tmp_path}/upkeep.yml", corner=corner)
    waiting.until(lambda: program.scrape().get("job_runs_total") == 1, 10, "the textfile's sample")
    os.kill(server, signal.SIGSTOP)
    waiting.until(lambda: running(program.scrape(timeout=2)) > 1, 10, "a run that is late")
    return program, server


def running(page):
    return page.get("upkeep_collector_running_seconds", collector="textfile")


def test_is_named_and_withdrawn(stuck):
    program, server = stuck
    page = program.scrape()
    assert invariants.failing(page) == {"textfile"}
    late = running(page)
    waiting.until(lambda: running(program.scrape()) > late + 1, 5, "a growing age of the run")
    waiting.until(lambda: program.scrape().get("job_runs_total") is None, 15, "the withdrawal of old samples")
    assert program.scrape().get("upkeep_collector_stale", collector="textfile") == 1
    invariants.check_nothing_grows(program, but=["textfile"])

    os.kill(server, signal.SIGCONT)
    waiting.until(lambda: program.scrape().get("job_runs_total") == 1, 3, "recovery within one run")
    invariants.check_healthy(program.scrape())


def test_its_error_is_logged_once_per_change(stuck):
    program, server = stuck
    os.kill(server, signal.SIGCONT)
    waiting.until(lambda: not invariants.failing(program.scrape()), 5, "recovery")
    for _ in range(100):
        program.scrape()
    assert program.log().count("collector=textfile") <= 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_does_not_keep_the_program_from_stopping(stuck, number):
    program, _ = stuck
    program.signal(number)
    assert program.wait_exit(2) == 0


def test_nor_does_a_reload_that_waits_for_it(stuck):
    program, _ = stuck
    for _ in range(3):
        program.signal(signal.SIGHUP)
        waiting.throughout(program.alive, 0.3, "Upkeep alive")  # so that the reload is under way
    program.signal(signal.SIGTERM)
    assert program.wait_exit(2) == 0


def test_a_reload_leaves_it_behind(stuck, tmp_path):
    program, server = stuck
    (tmp_path / "upkeep.yml").write_text("collectors:\n  textfile: false\n")
    program.signal(signal.SIGHUP)
    waiting.until(lambda: running(program.scrape(timeout=2)) is None, 10, "a configuration without the stuck one")
    invariants.check_healthy(program.scrape())
    threads = program.threads()
    os.kill(server, signal.SIGCONT)
    waiting.until(lambda: program.threads() < threads, 10, "the end of the thread that was left behind")
