"""Our page beside that of Debian's prometheus-node-exporter, on the same machine at the same moment.

Every family that node_exporter publishes from the collectors we have too must be ours with the same type, label names
and series. A value must lie between two reads of node_exporter's that enclose ours, so what does not move is equal.
A gauge that wavers gets more than one chance. The second half has both read recorded hosts, where nothing moves.

What differs on purpose stands in intended_differences.txt with its reason; an entry that matches nothing is a mistake.
"""

import math
import pathlib
import re
import subprocess
import time

import pytest

import metrics
import servers

HERE = pathlib.Path(__file__).parent
HOSTS = HERE.parent / "fixtures/hosts"

# Ask more than files; the others can be pointed at a recorded host.
LIVE_ONLY = {"arp", "filesystem", "netclass", "netdev", "tcpstat", "textfile", "time", "timex", "uname"}
SECONDS = 60
LATE = 2.5

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


class NodeExporter(servers.Server):
    def __init__(self, folder, collectors, *flags):
        port = servers.free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [servers.tool("prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{port}"]
        command += ["--web.disable-exporter-metrics", "--collector.disable-defaults", *flags]
        command += [f"--collector.{name}" for name in sorted(collectors)]
        super().__init__("node_exporter", command, folder)
        self.wait_ready(self.url + "/")

    def scrape(self):
        return metrics.Page(servers.request(self.url + "/metrics").body)


class Intended:
    """intended_differences.txt: KIND PATTERN: REASON. A pattern is a regular expression of a whole item."""

    KINDS = ("family", "type", "label", "missing", "extra", "value")

    def __init__(self, path):
        self.entries = []
        for number, line in enumerate(path.read_text(encoding="ascii").splitlines(), 1):
            if not line or line.startswith("#"):
                continue
            match = re.fullmatch(r"(\w+) (\S+): (\S.{9,})", line)
            assert match and match[1] in self.KINDS, f"{path.name}:{number}: KIND PATTERN: REASON expected"
            self.entries.append((match[1], re.compile(match[2]), line))
        self.used = set()

    def allows(self, kind, item):
        for entry_kind, pattern, line in self.entries:
            if entry_kind == kind and pattern.fullmatch(item):
                self.used.add(line)
                return True
        return False

    def unused(self):
        return [line for _, _, line in self.entries if line not in self.used]


@pytest.fixture(scope="module")
def intended():
    return Intended(HERE / "intended_differences.txt")


def ask_upkeep(*command):
    return subprocess.run([servers.UPKEEP, *command], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def our_collectors():
    return {line.split()[0] for line in ask_upkeep("list-collectors")}


def families_sampled_ahead():
    """Those of collectors with an interval: what the page says of them is up to LATE seconds old."""
    on_scrape = {line.split()[0] for line in ask_upkeep("list-collectors") if " on scrape " in line}
    rows = [line.split("\t") for line in ask_upkeep("list-metrics")]
    return {name for name, _, _, collector, _ in rows if collector not in on_scrape}


def theirs(collectors):
    """Those of `collectors` that node_exporter has."""
    found = subprocess.run([servers.tool("prometheus-node-exporter"), "--help"], capture_output=True, text=True)
    flags = set(re.findall(r"--collector\.(\w+)\b(?![.=])", found.stdout + found.stderr))
    return collectors & flags


def family_of(name, types):
    for suffix in ("", "_bucket", "_sum", "_count"):
        if name.endswith(suffix) and name[: len(name) - len(suffix)] in types:
            return name[: len(name) - len(suffix)]
    return name


def series_by_family(page):
    families = {}
    for name, labels in page.samples:
        families.setdefault(family_of(name, page.types), set()).add((name, labels))
    return families


def written(series):
    name, labels = series
    return name + ("{" + ",".join(f'{key}="{value}"' for key, value in labels) + "}" if labels else "")


def is_compared(family):
    return not family.startswith(("node_scrape_collector_", "node_exporter_build_info", "promhttp_", "go_", "process_"))


class Comparison:
    """Of our page with two of node_exporter's, one before and one after."""

    def __init__(self, intended):
        self.intended = intended
        self.differences = set()  # that stay whenever one looks
        self.open = {}  # series -> how its value differed the last time it was looked at
        self.settled = set()  # series whose value was right once
        self.families = set()
        self.ahead = families_sampled_ahead()
        self.recent = []  # (when, page of node_exporter's), those not older than LATE

    def look(self, before, ours, after):
        now = time.monotonic()
        self.recent = [item for item in self.recent if item[0] > now - LATE] + [(now, before), (now, after)]
        self.differences.clear()
        our_series = series_by_family(ours)
        first, last = series_by_family(before), series_by_family(after)
        for family in filter(is_compared, first.keys() | last.keys()):
            if family not in ours.types:
                self.differ("family", family, "we do not have it")
                continue
            self.families.add(family)
            kind = before.types.get(family) or after.types[family]
            if ours.types[family] != kind:
                self.differ("type", family, f"{kind} there, {ours.types[family]} here")
            mapped = {self.without_our_labels(series): series for series in our_series.get(family, ())}
            at_first, at_last = first.get(family, set()), last.get(family, set())
            steady, ever = at_first & at_last, at_first | at_last
            for series in steady - mapped.keys():
                self.differ("missing", written(series), "only node_exporter has it")
            for series in mapped.keys() - ever:
                self.differ("extra", written(series), "only we have it")
            for series in steady & mapped.keys():
                pages = [page for _, page in self.recent] if family in self.ahead else [before, after]
                there = [page.samples[series] for page in pages if series in page.samples]
                self.value(series, ours.samples[mapped[series]], there)

    def without_our_labels(self, series):
        name, labels = series
        return name, tuple(item for item in labels if not self.intended.allows("label", f"{name}.{item[0]}"))

    def differ(self, kind, item, what):
        if not self.intended.allows(kind, item):
            self.differences.add(f"{kind} {item}: {what}")

    def value(self, series, ours, there):
        low, high = min(there), max(there)
        slack = 1e-9 * max(abs(low), abs(high))
        same_nan = math.isnan(ours) and any(map(math.isnan, there))
        if same_nan or low - slack <= ours <= high + slack or self.intended.allows("value", written(series)):
            self.settled.add(series)
            self.open.pop(series, None)
        elif series not in self.settled:
            self.open[series] = f"value {written(series)}: {ours!r} here, {low!r} to {high!r} there"

    def all_differences(self):
        return sorted(self.differences) + sorted(self.open.values())


def compare(upkeep, node, intended, least):
    """Looks until every value was right once, for as long as it may take values that move."""
    comparison = Comparison(intended)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        comparison.look(node.scrape(), upkeep.scrape(), node.scrape())
        if not comparison.open and not comparison.differences:
            break
    differences = comparison.all_differences()
    assert not differences, "\n".join(["", *differences])
    assert len(comparison.families) > least, f"only {len(comparison.families)} families were compared"


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
    node = start(NodeExporter, names, *flags)
    compare(upkeep(f"--config.file={config}"), node, intended, 150)


@pytest.mark.parametrize("host", ["vm", "server"])
def test_same_recorded_host(start, upkeep, intended, host):
    names = theirs(our_collectors()) - LIVE_ONLY
    roots = (f"--path.procfs={HOSTS}/{host}/proc", f"--path.sysfs={HOSTS}/{host}/sys", f"--path.rootfs={HOSTS}/{host}")
    node = start(NodeExporter, names, *roots, "--collector.diskstats.device-exclude=" + DEVICES.replace("ram", "z?ram"))
    only = [f"--collector.{name}" for name in sorted(names)]
    compare(upkeep("--collector.disable-defaults", *only, *roots), node, intended, 150)


def test_every_intended_difference_was_seen(intended):
    """Runs last, over what the tests above saw."""
    assert intended.unused() == []
