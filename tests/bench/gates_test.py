"""What a scrape costs in figures that repeat exactly, held against ceilings.json. Times are for tests/bench/run."""

import contextlib
import json
import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import servers  # noqa: E402

CEILINGS = json.loads((HERE / "ceilings.json").read_text(encoding="utf-8"))
PROGRAMS = servers.UPKEEP.parent / "tests/bench"
HOSTS = ["vm", "server"]


@contextlib.contextmanager
def running(folder):
    server = servers.Upkeep(folder)
    try:
        yield server
    finally:
        server.stop()


def load(server, scrapes, connections=1):
    port = server.url.rpartition(":")[2]
    command = [PROGRAMS / "scrape_load", port, str(server.pid), str(scrapes), "0", str(connections), "gzip"]
    done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert done["failures"] == 0
    return done


def scrape_cost(host, scrapes, encoding="identity", under=()):
    command = [*under, PROGRAMS / "scrape_cost", host, str(scrapes), encoding]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout), done.stderr


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("host", HOSTS)
def test_a_scrape_allocates_nothing_for_its_samples(host, encoding):
    cost, _ = scrape_cost(host, 200, encoding)
    assert cost["samples"] > 400
    assert cost["allocations"] / cost["scrapes"] <= CEILINGS["allocations_per_scrape"][host]


def instructions(host, scrapes, encoding, folder):
    callgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/{host}.{scrapes}.{encoding}"]
    _, log = scrape_cost(host, scrapes, encoding, callgrind)
    return int(re.search(r"Collected : (\d+)", log).group(1))


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("host", HOSTS)
def test_instructions_of_a_scrape(host, encoding, tmp_path):
    few, many = 5, 25
    used = instructions(host, many, encoding, tmp_path) - instructions(host, few, encoding, tmp_path)
    each = used / (many - few)
    print(f"{host} {encoding}: {each:.0f} instructions a scrape")
    key = "instructions_per_scrape" + ("_gzip" if encoding == "gzip" else "")
    assert each <= CEILINGS[key][host]
    assert each > CEILINGS[key][host] * 0.5, "far below its ceiling: record the progress"


def system_calls(server, scrapes, folder):
    """Counted by strace, in all threads, while a client scrapes on one connection."""
    report = folder / f"strace.{scrapes}"
    strace = subprocess.Popen(
        ["strace", "-f", "-c", "-U", "name,calls", "-o", report, "-p", str(server.pid)],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while "attached" not in (line := strace.stderr.readline()):
            assert line, "strace could not attach"
        load(server, scrapes)
    finally:
        strace.terminate()
        strace.wait(timeout=30)
    total = re.search(r"^total\s+(\d+)|^(\d+)\s+total", report.read_text(encoding="utf-8"), re.M)
    return int(total.group(1) or total.group(2))


# The collectors with an interval run beside the scrapes: their share is measured out by two runs of different length.
def test_system_calls_of_a_scrape(tmp_path):
    with running(tmp_path) as server:
        load(server, 20)
        counts = sorted(system_calls(server, 220, tmp_path) - system_calls(server, 20, tmp_path) for _ in range(3))
    each = counts[1] / 200
    print(f"{each:.1f} system calls a scrape")
    assert 10 < each <= CEILINGS["system_calls_per_scrape"]


def test_memory_stays_flat_over_ten_thousand_scrapes(tmp_path):
    with running(tmp_path) as server:
        early = load(server, 1_000, connections=2)["rss_kib"]
        late = load(server, 9_000, connections=2)["rss_kib"]
    print(f"{late} KiB resident after 10,000 scrapes, {early} after 1,000")
    assert late <= CEILINGS["resident_kib"]
    assert late <= early * 1.05
