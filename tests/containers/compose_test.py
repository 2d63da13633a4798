"""Services of compose projects: how many run, how many are well, of how many versions."""

import docker

PREFIX = "upkeep_compose_service"


def replicas(page, kind, service="api"):
    return page.get(f"{PREFIX}_{kind}", project="shop", service=service)


def wait_for(program, kind, number, service="api"):
    what = f"{kind} of {service} to be {number}"
    return docker.wait_for(program, lambda page: replicas(page, kind, service) == number, what)


def test_scale(daemon, watch):
    program = watch(daemon, expected=[{"project": "shop", "service": "api", "replicas": 2}])
    page = wait_for(program, "expected_replicas", 2)
    assert not replicas(page, "running_replicas")
    daemon.run_service("shop", "api", 1)
    wait_for(program, "running_replicas", 1)
    for number in (2, 3):
        daemon.run_service("shop", "api", number)
    page = wait_for(program, "running_replicas", 3)
    assert replicas(page, "expected_replicas") == 2
    assert replicas(page, "healthy_replicas") == 3
    assert replicas(page, "versions") == 1
    # Another project's are its own.
    daemon.run_service("test", "api", 1)
    docker.wait_for_status(program, "test-api-1", "running")
    assert replicas(program.scrape(), "running_replicas") == 3
    daemon.docker("stop", "shop-api-2", "shop-api-3")
    wait_for(program, "running_replicas", 1)
    daemon.docker("rm", "--force", "shop-api-1", "shop-api-2", "shop-api-3")
    docker.wait_for(program, lambda page: not replicas(page, "running_replicas"), "none")
    assert replicas(program.scrape(), "expected_replicas") == 2


def test_two_versions(daemon, watch):
    """By what was built, not by what it is called: a tag that moved on makes two of one name."""
    program = watch(daemon)
    daemon.run_service("shop", "api", 1)
    wait_for(program, "versions", 1)
    daemon.make_image(docker.IMAGE, "ENV release=2")
    daemon.run_service("shop", "api", 2)
    page = wait_for(program, "versions", 2)
    assert replicas(page, "running_replicas") == 2
    daemon.docker("kill", "shop-api-1")
    wait_for(program, "versions", 1)


def test_those_that_are_not_well_do_not_count_as_healthy(daemon, watch):
    program = watch(daemon)
    check = ["--health-cmd=test -e /tmp/ok", "--health-interval=1s", "--health-retries=1"]
    for number in (1, 2):
        daemon.run_service("shop", "api", number, flags=check)
        docker.wait_for_health(program, f"shop-api-{number}", "unhealthy")
    page = program.scrape()
    assert (replicas(page, "running_replicas"), replicas(page, "healthy_replicas")) == (2, 0)
    daemon.docker("exec", "shop-api-1", "touch", "/tmp/ok")
    wait_for(program, "healthy_replicas", 1)


def test_what_a_compose_file_expects(daemon, watch, tmp_path):
    path = tmp_path / "docker-compose.yml"
    path.write_text(
        "name: shop\n"
        "services:\n"
        "  api: {image: 'busybox:one', deploy: {replicas: 2}}\n"
        "  web: {image: 'busybox:one', scale: 3}\n"
        "  queue: {image: 'busybox:one'}\n",
        encoding="utf-8",
    )
    page = watch(daemon, compose_files=[str(path)]).scrape()
    found = {service: replicas(page, "expected_replicas", service) for service in ("api", "web", "queue")}
    assert found == {"api": 2, "web": 3, "queue": 1}
