"""What is read of PromQL."""

import pytest

import promql


def names(expr):
    return [selector.name for selector in promql.selectors(expr)]


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("up", ["up"]),
        ("up == 0", ["up"]),
        ("vector(1)", []),
        ("1 + 0x1f * 1e3 - .5 > bool inf or nan", []),
        ("rate(a_total[5m])", ["a_total"]),
        ("a:b:rate5m / b", ["a:b:rate5m", "b"]),
        ("sum by (device, on) (a) / sum(b) by (device)", ["a", "b"]),
        ("count without (cpu) (a) and max(b)", ["a", "b"]),
        ("a * on (chip, sensor) group_left (label) b unless ignoring (state) c", ["a", "b", "c"]),
        ("a offset 5m + b @ 1609746000 + c @ end()", ["a", "b", "c"]),
        ("max_over_time(rate(a[5m])[1h:1m]) > 3", ["a"]),
        ("topk(3, a) or quantile(0.9, b)", ["a", "b"]),
        ('{__name__="a", x="1"}', ["a"]),
        ('label_replace(a, "b", "c", "", "") # d', ["a"]),
        ("a{b=\"c{d}\", e='f(g)', h=~`i`,} + j", ["a", "j"]),
        ("time() - a", ["a"]),
        ("avg(a)\n  and\nb", ["a", "b"]),
    ],
)
def test_names(expr, expected):
    assert names(expr) == expected


def test_matchers():
    (selector,) = promql.selectors('a{b="c", d!~"e|f"}')
    assert selector.matchers == (("b", "=", "c"), ("d", "!~", "e|f"))
    (selector,) = promql.selectors('{__name__="a", b="c"}')
    assert selector == ("a", (("b", "=", "c"),))


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        ('{__name__=~"a.*"}', "metrics selected by a pattern of their names cannot be checked"),
        ("a{b}", "matcher expected, not b } "),
        ("a ? b", "cannot read '? b'"),
    ],
)
def test_what_cannot_be_read(expr, message):
    with pytest.raises(promql.PromqlError, match="^" + message.replace("?", r"\?") + "$"):
        promql.selectors(expr)


def test_ranges():
    def sixtieth(expr):
        return promql.with_ranges(expr, lambda seconds: seconds / 60)

    assert sixtieth("rate(a[5m]) > 5") == "rate(a[5s]) > 5"
    assert sixtieth("max_over_time(rate(a[1h30m])[1d:1m]) offset 5m") == (
        "max_over_time(rate(a[90s])[1440s:1s]) offset 5m"
    )
    assert sixtieth("max_over_time(a[1h:])") == "max_over_time(a[60s:])"
    assert sixtieth('rate(a{b="[5m]"}[30s]) # [5m]') == 'rate(a{b="[5m]"}[500ms]) # [5m]'
    assert promql.has_range("rate(a[5m])") and not promql.has_range('a{b="[5m]"}')


def test_durations():
    assert [promql.seconds(d) for d in ("0", "5m", "1h30m", "500ms", "1d", "1w", "1y")] == [
        0, 300, 5400, 0.5, 86400, 604800, 31536000,
    ]
    for bad in ("", "5", "5 m", "m", "5m!"):
        with pytest.raises(promql.PromqlError, match="^not a duration: "):
            promql.seconds(bad)
    assert [promql.duration(s) for s in (1, 0.5, 90)] == ["1s", "500ms", "90s"]
