"""Reads as much of PromQL as the checks of the rules need: which series an expression selects, and its ranges."""

import re
from typing import Callable, Iterator, NamedTuple

_TOKEN = re.compile(
    r"""(?P<skip>\s+|\#[^\n]*)
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
      | (?P<range>\[[^\]]*\])
      | (?P<number>0[xX][0-9a-fA-F]+|(?:\d+(?:ms|[smhdwy]))+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
      | (?P<operator>=~|!~|!=|==|<=|>=|[-+*/%^<>=(){},@])""",
    re.VERBOSE,
)
_DURATION = re.compile(r"(\d+)(ms|[smhdwy])")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}

# Words before a list of labels, and words that stand alone.
_BEFORE_LABELS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_WORDS = {"and", "or", "unless", "bool", "offset", "atan2", "inf", "nan"}


class Token(NamedTuple):
    kind: str
    text: str


class Matcher(NamedTuple):
    label: str
    operator: str
    value: str


class Selector(NamedTuple):
    name: str
    matchers: tuple[Matcher, ...]


class PromqlError(ValueError):
    pass


def _tokens_with_space(expr: str) -> Iterator[Token]:
    at = 0
    while at < len(expr):
        match = _TOKEN.match(expr, at)
        if not match:
            raise PromqlError(f"cannot read {expr[at:at + 20]!r}")
        yield Token(match.lastgroup, match.group())
        at = match.end()


def _matchers(tokens: list[Token], at: int) -> tuple[list[Matcher], int]:
    """Those that follow the brace at `at`, and where they end."""
    matchers = []
    at += 1
    while tokens[at].text != "}":
        label, operator, value = tokens[at : at + 3]
        if label.kind != "name" or value.kind != "string":
            raise PromqlError(f"matcher expected, not {label.text} {operator.text} {value.text}")
        matchers.append(Matcher(label.text, operator.text, value.text[1:-1]))
        at += 3
        if tokens[at].text == ",":
            at += 1
    return matchers, at + 1


def _behind_parentheses(tokens: list[Token], at: int) -> int:
    if tokens[at].text == "(":
        while tokens[at].text != ")":
            at += 1
        at += 1
    return at


def selectors(expr: str) -> list[Selector]:
    """Every selector of series in `expr`. Knows no types: promtool judges whether the expression makes sense."""
    tokens = [token for token in _tokens_with_space(expr) if token.kind != "skip"]
    tokens += [Token("end", "")] * 3
    found = []
    at = 0
    while tokens[at].kind != "end":
        token = tokens[at]
        at += 1
        following = tokens[at].text
        if token.text == "{":
            matchers, at = _matchers(tokens, at - 1)
            found.append(_selector("", matchers))
        elif token.kind != "name" or token.text.lower() in _WORDS:
            continue
        elif token.text.lower() in _BEFORE_LABELS:
            at = _behind_parentheses(tokens, at)
        elif following == "{":
            matchers, at = _matchers(tokens, at)
            found.append(_selector(token.text, matchers))
        elif following != "(" and following.lower() not in ("by", "without"):
            found.append(Selector(token.text, ()))
    return found


def _selector(name: str, matchers: list[Matcher]) -> Selector:
    for matcher in matchers:
        if matcher.label == "__name__":
            if matcher.operator != "=":
                raise PromqlError("metrics selected by a pattern of their names cannot be checked")
            name = matcher.value
    return Selector(name, tuple(matcher for matcher in matchers if matcher.label != "__name__"))


def has_range(expr: str) -> bool:
    return any(token.kind == "range" for token in _tokens_with_space(expr))


def seconds(duration: str) -> float:
    if duration == "0":
        return 0
    parts = _DURATION.findall(duration)
    if "".join(number + unit for number, unit in parts) != duration or not parts:
        raise PromqlError(f"not a duration: {duration!r}")
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)


def duration(value: float) -> str:
    """As PromQL writes it, in whole milliseconds."""
    milliseconds = round(value * 1000)
    return f"{milliseconds // 1000}s" if milliseconds % 1000 == 0 else f"{milliseconds}ms"


def with_ranges(expr: str, change: Callable[[float], float]) -> str:
    """`expr` with the seconds of every [range] (and of a subquery's step) put through `change`."""

    def changed(token: Token) -> str:
        if token.kind != "range":
            return token.text
        return "[" + ":".join(part and duration(change(seconds(part))) for part in token.text[1:-1].split(":")) + "]"

    return "".join(changed(token) for token in _tokens_with_space(expr))
