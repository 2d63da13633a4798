"""Our page beside that of another exporter which looks at the same thing at the same moment.

Every family of the other one must be ours with the same type, label names and series. A value must lie between two
reads of the other one's that enclose ours, so what does not move is equal. A gauge that wavers gets more than one
chance. What differs on purpose stands in a file with its reason.
"""

import math
import re
import subprocess
import time

import metrics
import servers

SECONDS = 60
LATE = 2.5


class Exporter(servers.Server):
    """The other one: a server whose command ends with the address to listen on."""

    def __init__(self, folder, name, *flags, **popen):
        port = servers.free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(name, [servers.tool(name), *flags, f"--web.listen-address=127.0.0.1:{port}"], folder, **popen)
        self.wait_ready(self.url + "/")

    def scrape(self):
        return metrics.Page(servers.request(self.url + "/metrics").body)


class Intended:
    """A file of lines KIND PATTERN: REASON. A pattern is a regular expression of a whole item.

    label    FAMILY.LABEL that only we have        missing, extra    a series that only the other, only we have
    family   one that we lack                      type, value       of a family, of a series: another one here
    """

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


def ask_upkeep(*command):
    return subprocess.run([servers.UPKEEP, *command], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def families_sampled_ahead():
    """Those of collectors with an interval: what the page says of them is up to LATE seconds old."""
    on_scrape = {line.split()[0] for line in ask_upkeep("list-collectors") if " on scrape " in line}
    rows = [line.split("\t") for line in ask_upkeep("list-metrics")]
    return {name for name, _, _, collector, _ in rows if collector not in on_scrape}


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


class Comparison:
    """Of our page with two of the other one's, before and after. `own` are prefixes of what it says of itself.

    `changed_by_looking` are families of values that each of the two changes itself while it reads them, with by how much.
    """

    def __init__(self, intended, own, changed_by_looking=()):
        self.changed_by_looking = dict(changed_by_looking)
        self.intended = intended
        self.own = own
        self.differences = set()  # that stay whenever one looks
        self.open = {}  # series -> how its value differed the last time it was looked at
        self.settled = set()  # series whose value was right once
        self.families = set()
        self.ahead = families_sampled_ahead()
        self.recent = []  # (when, page of the other one's), those not older than LATE

    def look(self, before, ours, after):
        now = time.monotonic()
        self.recent = [item for item in self.recent if item[0] > now - LATE] + [(now, before), (now, after)]
        self.differences.clear()
        our_series = series_by_family(ours)
        first, last = series_by_family(before), series_by_family(after)
        for family in sorted(first.keys() | last.keys()):
            if family.startswith(self.own):
                continue
            if family not in ours.types:
                self.differ("family", family, "we do not have it")
                continue
            self.families.add(family)
            kind = before.types.get(family) or after.types[family]
            if ours.types[family] != kind:
                self.differ("type", family, f"{kind} there, {ours.types[family]} here")
            values = self.without_our_labels(our_series.get(family, ()), ours)
            at_first, at_last = first.get(family, set()), last.get(family, set())
            steady, ever = at_first & at_last, at_first | at_last
            for series in steady - values.keys():
                self.differ("missing", written(series), "only the other one has it")
            for series in values.keys() - ever:
                self.differ("extra", written(series), "only we have it")
            for series in steady & values.keys():
                pages = [page for _, page in self.recent] if family in self.ahead else [before, after]
                there = [page.samples[series] for page in pages if series in page.samples]
                self.value(series, values[series], there)

    def without_our_labels(self, all_series, page):
        """{series: value}; series that only our labels tell apart are one, with their sum."""
        values = {}
        for name, labels in all_series:
            kept = tuple(item for item in labels if not self.intended.allows("label", f"{name}.{item[0]}"))
            values[name, kept] = values.get((name, kept), 0) + page.samples[name, labels]
        return values

    def differ(self, kind, item, what):
        if not self.intended.allows(kind, item):
            self.differences.add(f"{kind} {item}: {what}")

    def value(self, series, ours, there):
        low, high = min(there), max(there)
        slack = max(1e-9 * max(abs(low), abs(high)), self.changed_by_looking.get(series[0], 0))
        same_nan = math.isnan(ours) and any(map(math.isnan, there))
        if same_nan or low - slack <= ours <= high + slack or self.intended.allows("value", written(series)):
            self.settled.add(series)
            self.open.pop(series, None)
        elif series not in self.settled:
            self.open[series] = f"value {written(series)}: {ours!r} here, {low!r} to {high!r} there"

    def all_differences(self):
        return sorted(self.differences) + sorted(self.open.values())


def compare(upkeep, other, intended, own, least, changed_by_looking=()):
    """Looks until every value was right once, for as long as it may take values that move."""
    comparison = Comparison(intended, own, changed_by_looking)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        comparison.look(other.scrape(), upkeep.scrape(), other.scrape())
        if not comparison.open and not comparison.differences:
            break
    differences = comparison.all_differences()
    assert not differences, "\n".join(["", *differences])
    assert len(comparison.families) > least, f"only {len(comparison.families)} families were compared"
