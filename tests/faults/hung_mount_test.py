"""A mount whose server stopped answering: that mount says so, everything else goes on."""

import os
import signal
import time

import invariants
import waiting

CONFIG = "collectors:\n  host: {interval: 1s}\n"


def errors_of(page, mountpoint):
    """The device_error labels of a mount: {''} is a healthy one."""
    found = page.select("node_filesystem_device_error", mountpoint=str(mountpoint))
    return {dict(labels)["device_error"] for labels in found}


def available(page, mountpoint):
    return next(iter(page.select("node_filesystem_avail_bytes", mountpoint=str(mountpoint)).values()), None)


def start_beside_mounts(upkeep, corner, tmp_path, count=1):
    """Upkeep beside `count` FUSE mounts and a tmpfs; the mounts, and the process that serves each."""
    (tmp_path / "source").mkdir()
    (tmp_path / "upkeep.yml").write_text(CONFIG)
    corner.mount_tmpfs(tmp_path / "healthy", "16m")
    mounts = [tmp_path / f"remote-{number}" for number in range(count)]
    servers = [corner.mount_fuse(tmp_path / "source", mount) for mount in mounts]
    program = upkeep(f"--config.file={tmp_path}/upkeep.yml", corner=corner)
    for mount in mounts:
        wait_for_error(program, mount, "", 10)
    return program, mounts, servers


def wait_for_error(program, mount, error, seconds):
    """Waits for the state of a mount. The scrapes that wait for it are in time too."""
    waiting.until(
        lambda: errors_of(program.scrape(timeout=2), mount) == {error}, seconds, f"{mount} with device_error {error!r}"
    )


def test_says_timeout_and_the_others_stay_fresh(upkeep, make_sandbox, tmp_path):
    corner = make_sandbox()
    program, [mount], [server] = start_beside_mounts(upkeep, corner, tmp_path)
    assert available(program.scrape(), mount) == 500 * 4096

    os.kill(server, signal.SIGSTOP)
    wait_for_error(program, mount, "timeout", 10)
    page = program.scrape()
    invariants.check_healthy(page)
    assert available(page, mount) is None, "a size that nobody could read"

    before = available(page, tmp_path / "healthy")
    corner.run("dd", "if=/dev/zero", f"of={tmp_path}/healthy/file", "bs=1M", "count=4", "status=none")
    waiting.until(
        lambda: available(program.scrape(), tmp_path / "healthy") == before - 4 * 1024 * 1024,
        5,
        "the news of a healthy mount",
    )
    invariants.check_nothing_grows(program)

    os.kill(server, signal.SIGCONT)
    healed = time.monotonic()
    wait_for_error(program, mount, "", 10)
    assert time.monotonic() - healed < 3, "recovery takes more than one run"
    assert available(program.scrape(), mount) == 500 * 4096


def test_each_hung_mount_costs_at_most_one_thread(upkeep, make_sandbox, tmp_path):
    program, mounts, servers = start_beside_mounts(upkeep, make_sandbox(), tmp_path, count=4)
    invariants.check_healthy(program.scrape())
    threads = program.threads()

    for server in servers:
        os.kill(server, signal.SIGSTOP)
    for mount in mounts:
        wait_for_error(program, mount, "timeout", 30)
    for _ in range(3):  # runs of the collector after it has met them all
        successes = invariants_runs(program.scrape())
        waiting.until(lambda: invariants_runs(program.scrape()) > successes, 10, "another run")
    assert program.threads() <= threads + len(mounts)
    invariants.check_healthy(program.scrape())

    for server in servers:
        os.kill(server, signal.SIGCONT)
    for mount in mounts:
        wait_for_error(program, mount, "", 10)
    waiting.until(lambda: program.threads() <= threads + 1, 10, "the end of the threads that hung")


def invariants_runs(page):
    return page.get("upkeep_collector_runs_total", collector="filesystem", outcome="success")


def test_a_mount_that_hangs_from_the_start(upkeep, make_sandbox, tmp_path):
    corner = make_sandbox()
    (tmp_path / "source").mkdir()
    (tmp_path / "upkeep.yml").write_text(CONFIG)
    server = corner.mount_fuse(tmp_path / "source", tmp_path / "remote")
    os.kill(server, signal.SIGSTOP)
    started = time.monotonic()
    program = upkeep(f"--config.file={tmp_path}/upkeep.yml", corner=corner)
    invariants.check_healthy(program.scrape(timeout=2), but=["filesystem"])
    assert time.monotonic() - started < 2, "waited for the mount before it served"
    wait_for_error(program, tmp_path / "remote", "timeout", 10)
    os.kill(server, signal.SIGCONT)
    wait_for_error(program, tmp_path / "remote", "", 10)


def test_stops_in_time_beside_a_hung_mount(upkeep, make_sandbox, tmp_path):
    program, [mount], [server] = start_beside_mounts(upkeep, make_sandbox(), tmp_path)
    os.kill(server, signal.SIGSTOP)
    wait_for_error(program, mount, "timeout", 10)
    program.signal(signal.SIGTERM)
    assert program.wait_exit(2) == 0
