"""What containers use: the same as the kernel's files, `docker stats` and `docker inspect` say of them."""

import pathlib

import pytest

import docker
import waiting

MIB = 1 << 20
V1 = not docker.UNIFIED


def number(path):
    return int(pathlib.Path(path).read_text(encoding="ascii"))


def table(path):
    """{name: number} of a file like memory.stat."""
    lines = pathlib.Path(path).read_text(encoding="ascii").splitlines()
    return {name: int(value) for name, value in (line.split() for line in lines)}


@pytest.fixture(scope="module")
def engine():
    with docker.Daemon() as daemon:
        # It has worked, and is idle now: its numbers stand still.
        work = "seq 1000000 | md5sum; head -c 5000000 /dev/zero > /file; cat /file > /dev/null; echo ready"
        limits = ["--cpus=0.5", "--memory=64m", "--memory-reservation=32m", "--cpu-shares=512", "--pids-limit=50"]
        daemon.run("limited", "sh", "-c", f"{work}; exec sleep 1000000", flags=limits)
        daemon.run("free", "sh", "-c", "echo ready; exec sleep 1000000")
        for name in ("limited", "free"):
            waiting.until(lambda n=name: "ready" in daemon.docker("logs", n), 60, f"{name} to have worked")
        yield daemon


@pytest.fixture
def page(engine, watch):
    program = watch(engine)
    return docker.wait_for_status(program, "free", "running")


def files(engine, name, controller):
    return engine.cgroup(name, controller)


def test_cpu(engine, page):
    for name in ("limited", "free"):
        usage = docker.one(page, "container_cpu_usage_seconds_total", name, cpu="total")
        assert usage == pytest.approx(engine.stats(name)["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9, abs=0.002)
        parts = [docker.one(page, f"container_cpu_{part}_seconds_total", name) for part in ("user", "system")]
        assert sum(parts) == pytest.approx(usage, abs=0.05)
        if V1:
            counted = number(files(engine, name, "cpuacct") / "cpuacct.usage") / 1e9
            assert usage == pytest.approx(counted, abs=0.002)
    assert docker.one(page, "container_cpu_usage_seconds_total", "limited", cpu="total") > 0.1


def test_throttling(engine, page):
    stats = engine.stats("limited")["cpu_stats"]["throttling_data"]
    assert docker.one(page, "container_cpu_cfs_periods_total", "limited") == pytest.approx(stats["periods"], abs=2)
    throttled = docker.one(page, "container_cpu_cfs_throttled_periods_total", "limited")
    assert throttled == stats["throttled_periods"] > 0
    seconds = docker.one(page, "container_cpu_cfs_throttled_seconds_total", "limited")
    assert seconds == pytest.approx(stats["throttled_time"] / 1e9, rel=1e-6)
    assert docker.one(page, "container_cpu_cfs_throttled_periods_total", "free") is None


def test_limits(engine, page):
    inspected = engine.inspect("limited")["HostConfig"]
    quota, period = (docker.one(page, f"container_spec_cpu_{part}", "limited") for part in ("quota", "period"))
    assert quota / period == inspected["NanoCpus"] / 1e9 == 0.5
    assert docker.one(page, "container_spec_memory_limit_bytes", "limited") == inspected["Memory"] == 64 * MIB
    assert docker.one(page, "container_spec_memory_reservation_limit_bytes", "limited") == 32 * MIB
    assert docker.one(page, "container_spec_cpu_shares", "limited") == pytest.approx(512, rel=0.02)
    assert docker.one(page, "container_threads_max", "limited") == 50
    assert docker.one(page, "container_threads", "limited") == engine.stats("limited")["pids_stats"]["current"] == 1
    # None at all.
    assert docker.one(page, "container_spec_cpu_quota", "free") is None
    assert docker.one(page, "container_spec_memory_limit_bytes", "free") == 0
    assert not docker.one(page, "container_threads_max", "free")


@pytest.mark.skipif(not V1, reason="this machine has cgroup v2; see the recorded trees for both")
def test_memory(engine, page):
    for name in ("limited", "free"):
        folder = files(engine, name, "memory")
        stat = table(folder / "memory.stat")
        usage = number(folder / "memory.usage_in_bytes")
        slack = MIB  # what the kernel does on its own, in both directions
        assert docker.one(page, "container_memory_usage_bytes", name) == pytest.approx(usage, abs=slack)
        working_set = docker.one(page, "container_memory_working_set_bytes", name)
        assert working_set == pytest.approx(max(0, usage - stat["total_inactive_file"]), abs=slack)
        assert docker.one(page, "container_memory_rss", name) == pytest.approx(stat["total_rss"], abs=slack)
        assert docker.one(page, "container_memory_cache", name) == pytest.approx(stat["total_cache"], abs=slack)
        assert docker.one(page, "container_memory_mapped_file", name) == pytest.approx(
            stat["total_mapped_file"], abs=slack
        )
        assert docker.one(page, "container_memory_max_usage_bytes", name) == pytest.approx(
            number(folder / "memory.max_usage_in_bytes"), abs=slack
        )
        assert docker.one(page, "container_memory_failcnt", name) == number(folder / "memory.failcnt")
        faults = docker.one(page, "container_memory_failures_total", name, failure_type="pgfault", scope="container")
        assert faults == pytest.approx(stat["pgfault"], rel=0.05)
    # The file that it has read.
    assert docker.one(page, "container_memory_cache", "limited") > 4 * MIB


def test_memory_is_that_of_docker_stats(engine, page):
    """Which leaves out what can be dropped at once."""
    for name in ("limited", "free"):
        stats = engine.stats(name)["memory_stats"]
        inactive = stats["stats"].get("total_inactive_file", stats["stats"].get("inactive_file", 0))
        working_set = docker.one(page, "container_memory_working_set_bytes", name)
        assert working_set == pytest.approx(stats["usage"] - inactive, abs=MIB)
    assert docker.one(page, "container_spec_memory_limit_bytes", "limited") == engine.stats("limited")["memory_stats"][
        "limit"
    ]


def test_machine(page):
    (cores,) = page.select("machine_cpu_cores").values()
    assert cores == len(list(pathlib.Path("/sys/devices/system/cpu").glob("cpu[0-9]*")))
    meminfo = pathlib.Path("/proc/meminfo").read_text(encoding="ascii").split()
    (memory,) = page.select("machine_memory_bytes").values()
    assert memory == int(meminfo[1]) * 1024


def test_network(make_daemon, watch):
    """In each container's own network, and nothing of those that have none of their own."""
    daemon = make_daemon(network=True)
    daemon.docker("network", "create", "shop")
    serve = "mkdir /files; head -c 1000000 /dev/zero > /files/million; exec httpd -f -h /files"
    daemon.run("server", "sh", "-c", serve, flags=["--network=shop"])
    daemon.run("client", flags=["--network=shop"])
    daemon.run("lodger", flags=["--network=container:server"])
    daemon.run("of-the-host", flags=["--network=host"])
    daemon.run("hermit", flags=["--network=none"])
    server = daemon.inspect("server")["NetworkSettings"]["Networks"]["shop"]["IPAddress"]
    # Names need iptables, and the wget of a static busybox a libc.
    fetch = ("exec", "client", "sh", "-c", f"printf 'GET /million HTTP/1.0\\r\\n\\r\\n' | nc -w 5 {server} 80")

    def fetched():
        daemon.docker(*fetch, check=False)
        return received(daemon) > 1e6

    waiting.until(fetched, 30, "a million bytes")
    program = watch(daemon)
    docker.wait_for_status(program, "hermit", "running")

    def same():
        before = daemon.stats("client")["networks"]["eth0"]
        page = program.scrape()
        values = {
            "rx_bytes": docker.one(page, "container_network_receive_bytes_total", "client", interface="eth0"),
            "tx_bytes": docker.one(page, "container_network_transmit_bytes_total", "client", interface="eth0"),
            "rx_packets": docker.one(page, "container_network_receive_packets_total", "client", interface="eth0"),
            "tx_dropped": docker.one(
                page, "container_network_transmit_packets_dropped_total", "client", interface="eth0"
            ),
        }
        return all(before[name] == value for name, value in values.items()) and page

    # Neighbour discovery goes on for some seconds.
    page = waiting.until(same, 30, "the numbers of docker stats")
    assert docker.one(page, "container_network_receive_bytes_total", "client", interface="eth0") > 1e6
    for name in ("lodger", "of-the-host"):
        assert page.select("container_network_receive_bytes_total", name=name) == {}
    assert set(page.label_values("container_network_receive_bytes_total", "interface")) <= {"eth0", "lo"}


def received(daemon):
    return daemon.stats("client")["networks"]["eth0"]["rx_bytes"]
