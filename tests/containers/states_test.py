"""What a container goes through is on the page within moments: states, ends, restarts, health, and its own end."""

import signal

import docker
import waiting


COMPOSE = {"project": "shop", "service": "api"}


def restarts(page, name):
    return docker.one(page, "container_restarts_total", name)


def oom_events(page, name):
    return docker.one(page, "container_oom_events_total", name)


def streak(page, name):
    return docker.one(page, "container_health_failing_streak", name)


def test_one_that_runs(daemon, watch):
    """Both that were there before Upkeep and that came after it."""
    daemon.run_service("shop", "api", 1)
    program = watch(daemon)
    daemon.run("plain")
    docker.wait_for_status(program, "shop-api-1", "running")
    page = docker.wait_for_status(program, "plain", "running")
    for name in ("shop-api-1", "plain"):
        inspected = daemon.inspect(name)
        (labels,) = page.select("container_state_startedat", name=name)
        labels = dict(labels)
        assert labels["id"] == f"/docker/{inspected['Id']}"
        assert labels["image"] == docker.IMAGE
        assert docker.health(page, name) == "none"
        assert docker.one(page, "container_health_state", name) == -1
        assert docker.one(page, "container_exitcode", name) is None
        assert docker.one(page, "container_state_oomkilled", name) == 0
        assert restarts(page, name) == 0
        started = docker.unix_seconds(inspected["State"]["StartedAt"])
        assert abs(docker.one(page, "container_state_startedat", name) - started) < 1.5
    compose = {f"container_label_com_docker_compose_{key}": value for key, value in COMPOSE.items()}
    for family in ("container_cpu_usage_seconds_total", "container_state_startedat"):
        (labels,) = page.select(family, **compose)
        assert ("name", "shop-api-1") in labels
    # Only labels that were asked for.
    assert "container_label_com_docker_compose_container_number" not in page.text


def test_every_state(daemon, watch):
    program = watch(daemon)
    daemon.docker("create", "--name", "thing", docker.IMAGE, *docker.FOREVER)
    page = docker.wait_for_status(program, "thing", "created")
    assert docker.one(page, "container_exitcode", "thing") is None
    daemon.docker("start", "thing")
    docker.wait_for_status(program, "thing", "running")
    daemon.docker("pause", "thing")
    docker.wait_for_status(program, "thing", "paused")
    daemon.docker("unpause", "thing")
    docker.wait_for_status(program, "thing", "running")
    daemon.docker("rename", "thing", "other")
    page = docker.wait_for_status(program, "other", "running")
    assert docker.status(page, "thing") is None
    daemon.docker("kill", "other")
    docker.wait_for_status(program, "other", "exited")
    daemon.docker("rm", "other")
    docker.wait_for_status(program, "other", None)
    assert not docker.engine_failure(program.scrape())


def test_ends(daemon, watch):
    """How each ended; that one killed from outside of Docker has ended too."""
    program = watch(daemon)
    daemon.run("fine", "true")
    daemon.run("failed", "sh", "-c", "exit 3")
    daemon.run("missing", "sh", "-c", "exit 127")
    daemon.run("killed")
    waiting.until(lambda: daemon.state("killed")["Pid"], 10, "a process")
    docker.wait_for_status(program, "killed", "running")
    daemon.corner.run("kill", f"-{signal.SIGKILL.value}", daemon.state("killed")["Pid"])
    for name, code in {"fine": 0, "failed": 3, "missing": 127, "killed": 137}.items():
        page = docker.wait_for_status(program, name, "exited")
        assert docker.one(page, "container_exitcode", name) == code
        assert docker.one(page, "container_state_oomkilled", name) == 0
        finished = docker.unix_seconds(daemon.state(name)["FinishedAt"])
        assert abs(docker.one(page, "container_state_finishedat", name) - finished) < 1.5
        # Nothing is left that could be measured.
        assert not docker.one(page, "container_memory_usage_bytes", name)


def test_restart_policy(daemon, watch):
    """The counter grows with each attempt, and is there when it has given up. A start by hand takes nothing from it."""
    program = watch(daemon)
    daemon.run("stubborn", "sh", "-c", "sleep 0.3; exit 4", flags=["--restart=on-failure:3"])
    page = docker.wait_for(program, lambda page: restarts(page, "stubborn") == 3, "three restarts")
    page = docker.wait_for_status(program, "stubborn", "exited")
    assert docker.one(page, "container_exitcode", "stubborn") == 4
    assert docker.one(page, "container_restartcount", "stubborn") == daemon.inspect("stubborn")["RestartCount"] == 3
    daemon.docker("start", "stubborn")
    docker.wait_for(program, lambda page: restarts(page, "stubborn") > 3, "a restart after a start by hand", 30)
    assert "container_label_restartcount" not in page.text


def test_out_of_memory(daemon, watch):
    """Counted over the restarts that follow. Of one death the kernel (cgroup v1) may tell the engine more than once."""
    program = watch(daemon)
    eat = ["sh", "-c", "sleep 0.3; x=$(yes | head -c 200000000)"]
    daemon.run("hungry", *eat, flags=["--memory=16m"])
    page = docker.wait_for_status(program, "hungry", "exited")
    assert daemon.state("hungry")["OOMKilled"]
    assert docker.one(page, "container_state_oomkilled", "hungry") == 1
    assert docker.one(page, "container_exitcode", "hungry") == 137
    docker.wait_for(program, lambda page: oom_events(page, "hungry") == 1, "its being counted")
    daemon.docker("start", "hungry")
    docker.wait_for(program, lambda page: oom_events(page, "hungry") == 2, "a second one")


def test_health(daemon, watch):
    check = ["--health-cmd=test -e /tmp/ok", "--health-interval=1s", "--health-retries=2", "--health-start-period=2s"]
    program = watch(daemon)
    daemon.run("patient", flags=check)
    page = docker.wait_for_health(program, "patient", "starting")
    assert docker.one(page, "container_health_state", "patient") == 0
    page = docker.wait_for_health(program, "patient", "unhealthy", 30)
    assert docker.one(page, "container_health_state", "patient") == 0
    assert docker.status(page, "patient") == "running"
    # An unhealthy one has no more events; it is asked for again now and then.
    first = streak(page, "patient")
    assert first >= 2
    docker.wait_for(program, lambda page: streak(page, "patient") > first, "more failures", 30)
    daemon.docker("exec", "patient", "touch", "/tmp/ok")
    page = docker.wait_for_health(program, "patient", "healthy")
    assert docker.one(page, "container_health_state", "patient") == 1
    docker.wait_for(program, lambda page: streak(page, "patient") == 0, "no streak", 30)


def test_one_that_is_gone_is_last_seen_for_a_while(daemon, watch):
    program = watch(daemon, grace="3s")
    daemon.run("brief")
    docker.wait_for(program, lambda page: docker.one(page, "container_last_seen", "brief"), "brief to be seen")
    daemon.docker("rm", "--force", "brief")
    page = docker.wait_for_status(program, "brief", None)
    seen = docker.one(page, "container_last_seen", "brief")
    assert seen is not None
    assert docker.one(page, "container_memory_usage_bytes", "brief") is None
    docker.wait_for(program, lambda page: docker.one(page, "container_last_seen", "brief") is None, "the end of grace")


def test_many_come_and_go(daemon, watch):
    """Nothing is left of them, and no look fails while they vanish."""
    program = watch(daemon, grace="1s")
    for round_ in range(2):
        names = [f"fleeting-{round_}-{number}" for number in range(5)]
        for name in names:
            daemon.run(name, "true", flags=["--rm"])
            assert program.scrape().get("upkeep_collector_success", collector="containers") == 1
    waiting.until(lambda: not daemon.docker("ps", "--all", "--quiet"), 20, "all of them to be gone")
    docker.wait_for(program, lambda page: "fleeting" not in page.text, "the page to forget them")
