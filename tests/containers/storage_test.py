"""What containers leave on the disk: as the engine adds it up, and as large as the files are."""

import os

import docker
import waiting

KINDS = {"images": "Images", "containers": "Containers", "volumes": "Local Volumes", "build_cache": "Build Cache"}


def test_storage(daemon, watch):
    daemon.make_image("busybox:unused")
    daemon.make_image("busybox:dangling")
    daemon.docker("rmi", "--no-prune", "busybox:dangling")
    daemon.run("writer", "sh", "-c", "head -c 3000000 /dev/zero > /file; echo ready; exec sleep 1000000")
    daemon.run("ended", "sh", "-c", "head -c 2000000 /dev/zero > /file")
    daemon.docker("volume", "create", "unused")
    daemon.run("keeper", flags=["--volume=used:/data"])
    daemon.wait_for_state("ended", "exited")
    waiting.until(lambda: daemon.docker("logs", "writer") == "ready", 20, "writer to have written")
    program = watch(daemon)

    def counted():
        page = program.scrape()
        table = [line.split("\t") for line in daemon.docker("system", "df", "--format", FORMAT).splitlines()]
        items = {kind: page.get("upkeep_container_storage_items", type=kind) for kind in KINDS}
        return items == {kind: count(table, name) for kind, name in KINDS.items()} and page

    page = waiting.until(counted, 30, "the numbers of docker system df")

    def reclaimable(kind, what):
        return page.get(f"upkeep_container_storage_reclaimable_{what}", type=kind)

    assert page.get("upkeep_container_storage_items", type="containers") == 3
    assert reclaimable("containers", "items") == 1
    assert 2_000_000 <= reclaimable("containers", "bytes") < 3_000_000
    assert page.get("upkeep_container_storage_bytes", type="containers") >= 5_000_000
    assert page.get("upkeep_container_storage_items", type="volumes") == 2
    assert reclaimable("volumes", "items") == 1
    assert reclaimable("images", "items") >= 1
    assert reclaimable("images", "bytes") > 0
    daemon.docker("container", "prune", "--force")
    daemon.docker("volume", "rm", "unused")
    docker.wait_for(
        program,
        lambda page: page.get("upkeep_container_storage_reclaimable_items", type="containers") == 0
        and page.get("upkeep_container_storage_reclaimable_items", type="volumes") == 0,
        "nothing to prune",
    )


FORMAT = "{{.Type}}\t{{.TotalCount}}"


def count(table, name):
    return int(next(total for kind, total in table if kind == name))


def log_bytes(page, name):
    return docker.one(page, "upkeep_container_log_bytes", name)


def test_logs(daemon, watch):
    """Of the one that ended, too."""
    daemon.run("chatty", "sh", "-c", "seq 1000; exec sleep 1000000")
    daemon.run("ended", "echo", "farewell")
    daemon.run("mute", flags=["--log-driver=none"])
    daemon.wait_for_state("ended", "exited")
    waiting.until(lambda: daemon.docker("logs", "chatty").count("\n") == 999, 20, "its lines")
    program = watch(daemon, log_max="5MiB")
    for name in ("chatty", "ended"):
        size = os.path.getsize(daemon.inspect(name)["LogPath"])
        docker.wait_for(program, lambda page, n=name, s=size: log_bytes(page, n) == s, f"{size} bytes of {name}")
    page = program.scrape()
    assert log_bytes(page, "mute") is None
    assert page.get("upkeep_container_log_max_bytes") == 5 << 20


def test_ages_of_images_in_use(daemon, watch):
    daemon.make_image("busybox:idle")
    daemon.run("user")
    program = watch(daemon, image_max_age="30d")
    name = "upkeep_container_image_created_timestamp_seconds"
    page = docker.wait_for(program, lambda page: page.get(name, image=docker.IMAGE), "the age of an image")
    created = docker.unix_seconds(daemon.api(f"/images/{docker.IMAGE}/json")["Created"])
    assert abs(page.get(name, image=docker.IMAGE) - created) < 1.5
    assert page.label_values(name, "image") == {docker.IMAGE}
    assert page.get("upkeep_container_image_max_age_seconds") == 30 * 86400
