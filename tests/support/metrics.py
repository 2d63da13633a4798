"""Reads the text exposition format, strictly enough to notice a broken page."""

import re

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
ESCAPES = {'\\"': '"', "\\\\": "\\", "\\n": "\n"}


class Page:
    """The samples of a page: {(name, ((label, value), ...)): number}, labels sorted."""

    def __init__(self, body):
        self.text = body.decode("utf-8")
        self.samples = {}
        self.types = {}
        assert self.text.endswith("\n"), "the page does not end with a newline"
        for line in self.text.split("\n")[:-1]:
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name not in self.types, f"a second TYPE of {name}"
                self.types[name] = kind
            elif not line.startswith("# HELP "):
                self._add(line)

    def _add(self, line):
        match = SAMPLE.fullmatch(line)
        assert match, f"no sample: {line[:300]!r}"
        labels, at = [], 0
        text = match[2] or ""
        while at < len(text):
            label = LABEL.match(text, at)
            assert label, f"bad labels: {line[:300]!r}"
            labels.append((label[1], re.sub(r'\\["\\n]', lambda m: ESCAPES[m[0]], label[2])))
            at = label.end()
        key = (match[1], tuple(sorted(labels)))
        assert key not in self.samples, f"a second sample of {line[:300]!r}"
        self.samples[key] = float(match[3])

    def get(self, name, /, **labels):
        """The value of the one series with that name and those labels exactly; None without it."""
        return self.samples.get((name, tuple(sorted(labels.items()))))

    def select(self, name, /, **labels):
        """{labels: value} of the series with that name and at least those labels."""
        wanted = set(labels.items())
        return {dict_key: v for (n, dict_key), v in self.samples.items() if n == name and wanted <= set(dict_key)}

    def label_values(self, name, label):
        return {dict(labels)[label] for (n, labels) in self.samples if n == name and label in dict(labels)}

    def families(self):
        return set(self.types)
