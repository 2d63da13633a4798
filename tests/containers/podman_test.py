"""Podman's containers look the same, by its compatible API and its own cgroups."""

import pytest

import docker
import podman


@pytest.fixture
def engine():
    with podman.Podman() as made:
        yield made


def test_containers_of_podman(engine, upkeep, tmp_path):
    compose = [f"--label={docker.PROJECT}=shop", f"--label={docker.SERVICE}=api"]
    identity = engine.run("shop-api-1", flags=[*compose, "--memory=64m"])
    program = upkeep(f"--config.file={docker.write_config(tmp_path, **engine.settings())}", corner=engine.corner)
    docker.wait_for_status(program, "shop-api-1", "running")
    page = docker.wait_for_health(program, "shop-api-1", "none")
    assert docker.engine_up(page, "podman")
    (labels,) = page.select("container_memory_usage_bytes", name="shop-api-1")
    labels = dict(labels)
    assert labels["image"] == podman.IMAGE
    assert identity in labels["id"]
    assert labels["container_label_com_docker_compose_service"] == "api"
    assert docker.one(page, "container_spec_memory_limit_bytes", "shop-api-1") == 64 << 20
    assert docker.one(page, "container_cpu_usage_seconds_total", "shop-api-1", cpu="total") is not None
    assert page.get("upkeep_compose_service_running_replicas", project="shop", service="api") == 1

    engine.run("failed", "sh", "-c", "exit 3")
    page = docker.wait_for_status(program, "failed", "exited")
    assert docker.one(page, "container_exitcode", "failed") == 3
    engine.podman("kill", "shop-api-1")
    page = docker.wait_for_status(program, "shop-api-1", "exited")
    assert docker.one(page, "container_exitcode", "shop-api-1") == 137
    engine.podman("rm", "shop-api-1")
    docker.wait_for_status(program, "shop-api-1", None)
