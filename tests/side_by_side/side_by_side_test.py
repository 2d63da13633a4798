"""Our page beside that of Debian's prometheus-node-exporter, on the same machine at the same moment.

Of the collectors that both have, as comparison.py compares. The second half has both read recorded hosts, where nothing
moves.

What differs on purpose stands in intended_differences.txt with its reason; an entry that matches nothing is a mistake.
"""

import pathlib
import re
import subprocess

import pytest

import comparison
import servers

HERE = pathlib.Path(__file__).parent
HOSTS = HERE.parent / "fixtures/hosts"

# Ask more than files; the others can be pointed at a recorded host.
LIVE_ONLY = {"arp", "filesystem", "netclass", "netdev", "tcpstat", "textfile", "time", "timex", "uname"}

# The patterns of this node_exporter, which are not ours, and a short interval.
DEVICES = r"^(ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$"
MOUNTS = "^/(dev|proc|run|sys|mnt|media|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"
TYPES = """
autofs binfmt_misc bpf cgroup2? configfs debugfs devpts devtmpfs fusectl hugetlbfs iso9660 mqueue nsfs overlay proc
procfs pstore rpc_pipefs securityfs selinuxfs squashfs sysfs tracefs""".split()
CONFIG = f"""
collectors:
  host:
    interval: 1s
    devices: {{exclude: '{DEVICES}'}}
    interfaces: {{exclude: '^$'}}
    mounts: {{exclude: '{MOUNTS}', fstypes_exclude: '^({"|".join(TYPES)})$'}}
  textfile: {{directory: FOLDER, interval: 1s}}
"""


OWN = ("node_scrape_collector_", "node_exporter_build_info", "promhttp_", "go_", "process_")


def node_exporter(start, collectors, *flags):
    enabled = [f"--collector.{name}" for name in sorted(collectors)]
    defaults = ["--web.disable-exporter-metrics", "--collector.disable-defaults"]
    return start(comparison.Exporter, "prometheus-node-exporter", *defaults, *flags, *enabled)


@pytest.fixture(scope="module")
def intended():
    return comparison.Intended(HERE / "intended_differences.txt")


def our_collectors():
    return {line.split()[0] for line in comparison.ask_upkeep("list-collectors")}


def theirs(collectors):
    """Those of `collectors` that node_exporter has."""
    found = subprocess.run([servers.tool("prometheus-node-exporter"), "--help"], capture_output=True, text=True)
    flags = set(re.findall(r"--collector\.(\w+)\b(?![.=])", found.stdout + found.stderr))
    return collectors & flags


def test_same_machine_same_moment(start, upkeep, intended, tmp_path):
    folder = tmp_path / "textfile"
    folder.mkdir()
    (folder / "batch.prom").write_text(
        "# HELP batch_seconds Time it took.\n# TYPE batch_seconds histogram\n"
        'batch_seconds_bucket{le="1"} 2\nbatch_seconds_bucket{le="+Inf"} 3\n'
        "batch_seconds_sum 4.5\nbatch_seconds_count 3\n"
        "# HELP batch_runs_total Runs.\n# TYPE batch_runs_total counter\n"
        'batch_runs_total{job_name="a \\"quoted\\" \\\\ name"} 12\nbatch_untyped 1e-3\n',
        encoding="ascii",
    )
    config = tmp_path / "upkeep.yml"
    config.write_text(CONFIG.replace("FOLDER", str(folder)), encoding="ascii")
    names = theirs(our_collectors())
    flags = (f"--collector.textfile.directory={folder}", "--collector.netdev.device-exclude=^$")
    node = node_exporter(start, names, *flags)
    moved = {"node_filefd_allocated": 20}  # each has its own connections and files open while it counts
    comparison.compare(upkeep(f"--config.file={config}"), node, intended, OWN, 150, moved)


@pytest.mark.parametrize("host", ["vm", "server"])
def test_same_recorded_host(start, upkeep, intended, host):
    names = theirs(our_collectors()) - LIVE_ONLY
    roots = (f"--path.procfs={HOSTS}/{host}/proc", f"--path.sysfs={HOSTS}/{host}/sys", f"--path.rootfs={HOSTS}/{host}")
    devices = "--collector.diskstats.device-exclude=" + DEVICES.replace("ram", "z?ram")
    node = node_exporter(start, names, *roots, devices)
    only = [f"--collector.{name}" for name in sorted(names)]
    comparison.compare(upkeep("--collector.disable-defaults", *only, *roots), node, intended, OWN, 150)


def test_every_intended_difference_was_seen(intended):
    """Runs last, over what the tests above saw."""
    assert intended.unused() == []
