"""An engine that hangs, ends, comes back or was never there costs news, and nothing else."""

import time

import docker
import waiting


def test_a_frozen_engine_costs_neither_a_scrape_nor_what_is_known(daemon, watch):
    daemon.run("steady", "sh", "-c", "while :; do sleep 0.05; done")
    program = watch(daemon)
    before = docker.wait_for_status(program, "steady", "running")
    daemon.freeze()
    page = docker.wait_for(program, lambda page: docker.engine_failure(page) == "timeout", "a timeout", 90)
    # What was known still stands; what is used goes on.
    assert docker.status(page, "steady") == "running"

    def used(page):
        return docker.one(page, "container_cpu_usage_seconds_total", "steady", cpu="total")

    docker.wait_for(program, lambda page: used(page) > used(before), "more CPU")
    assert max(program.scrape().seconds for _ in range(10)) < 0.5
    refreshed = page.get("upkeep_container_engine_refreshed_timestamp_seconds", engine="docker")
    assert time.time() - refreshed < 120
    daemon.resume()
    page = docker.wait_for(program, docker.engine_up, "the engine to be back", 60)
    assert page.get("upkeep_container_engine_refreshed_timestamp_seconds", engine="docker") > refreshed
    daemon.run("news")
    docker.wait_for_status(program, "news", "running")


def test_upkeep_starts_and_stops_beside_a_frozen_engine(daemon, upkeep, tmp_path):
    daemon.run("steady")
    daemon.freeze()
    started = time.monotonic()
    program = upkeep(f"--config.file={docker.write_config(tmp_path, **daemon.settings())}", corner=daemon.corner)
    program.scrape()
    assert time.monotonic() - started < 5
    # Once it is clear that there is nobody to ask, without names.
    identity = f"/docker/{next(daemon.folder.glob('data/containers/*')).name}"
    page = docker.wait_for(
        program, lambda page: page.select("container_memory_usage_bytes", id=identity), "what it uses", 30
    )
    assert [key for key in page.select("upkeep_container_engine_failed") if ("reason", "timeout") in key]
    started = time.monotonic()
    assert program.stop() == 0
    assert time.monotonic() - started < 3


def test_an_engine_that_restarts_is_found_again(make_daemon, watch):
    """Containers that live on are the same ones: no counter begins anew."""
    daemon = make_daemon(live_restore=True)
    daemon.run("survivor", "sh", "-c", "sleep 0.3; test -e /tmp/on && exec sleep 1000; touch /tmp/on; exit 1",
               flags=["--restart=on-failure:5"])
    program = watch(daemon)
    page = docker.wait_for(
        program,
        lambda page: docker.one(page, "container_restartcount", "survivor") == 1
        and docker.status(page, "survivor") == "running",
        "a restart",
    )
    restarts = docker.one(page, "container_restarts_total", "survivor")
    started = docker.one(page, "container_state_startedat", "survivor")
    daemon.kill()
    docker.wait_for(program, lambda page: docker.engine_failure(page) in ("refused", "not_found"), "a failure", 30)
    assert docker.status(program.scrape(), "survivor") == "running"
    daemon.start()
    page = docker.wait_for(program, docker.engine_up, "the engine to be back", 60)
    assert docker.status(page, "survivor") == "running"
    assert docker.one(page, "container_restarts_total", "survivor") == restarts
    assert docker.one(page, "container_state_startedat", "survivor") == started
    # What happened meanwhile is seen, and what happens from now on.
    daemon.stop()
    docker.wait_for(program, lambda page: not docker.engine_up(page), "a failure", 30)
    daemon.corner.run("kill", "-9", survivor_process(daemon))
    daemon.start()
    docker.wait_for(
        program,
        lambda page: docker.engine_up(page) and docker.one(page, "container_restarts_total", "survivor") > restarts,
        "what was missed",
        60,
    )
    daemon.run("news")
    docker.wait_for_status(program, "news", "running")


def survivor_process(daemon):
    """The first process of the one container; nobody can be asked."""
    identity = next(daemon.folder.glob("data/containers/*")).name
    folder = next(path for path in docker.cgroup_folders(identity))
    pids = (folder / "cgroup.procs").read_text(encoding="ascii").split()
    here = daemon.corner.run("cat", folder / "cgroup.procs", capture_output=True, text=True).stdout.split()
    assert len(here) == len(pids) == 1
    return here[0]


def test_without_an_engine_to_ask_containers_are_ids(daemon, upkeep, tmp_path):
    identity = f"/docker/{daemon.run('nameless')}"
    path = docker.write_config(tmp_path, docker=False)
    page = upkeep(f"--config.file={path}", corner=daemon.corner).scrape()
    assert page.select("container_memory_usage_bytes", id=identity)
    assert page.select("container_memory_usage_bytes", id=identity, name="nameless") == {}
    assert page.select("container_cpu_usage_seconds_total", id=identity, cpu="total")
    assert "container_state_status" not in page.families()


def test_an_engine_that_comes_after_upkeep_is_found(daemon, upkeep, tmp_path):
    daemon.stop()
    program = upkeep(f"--config.file={docker.write_config(tmp_path, **daemon.settings())}", corner=daemon.corner)
    waiting.until(lambda: program.scrape().get("upkeep_container_engine_up", engine="docker") != 1, 5, "no engine")
    daemon.start()
    daemon.run("late")
    docker.wait_for_status(program, "late", "running", 60)


def test_an_idle_engine_is_left_alone(daemon, watch):
    """Scrapes ask it nothing: what it uses does not depend on how many there are."""
    for number in range(10):
        daemon.run(f"idle-{number}")
    program = watch(daemon, interval="10m")
    docker.wait_for_status(program, "idle-9", "running")

    def cpu():
        text = open(f"/proc/{daemon.server.pid}/stat", encoding="ascii").read().rpartition(")")[2].split()
        return (int(text[11]) + int(text[12])) / 100

    before = cpu()
    for _ in range(200):
        program.scrape()
    # Ten inspections and a list each time would be two seconds.
    assert cpu() - before < 0.3
