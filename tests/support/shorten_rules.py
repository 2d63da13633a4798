#!/usr/bin/python3
"""Copies the rules, and Alertmanager's configuration, with every wait shortened, so that an end-to-end test sees within
seconds what takes minutes in earnest. What fires, for whom and with which words stays as it is.

    shorten_rules.py rules FROM_FOLDER TO_FOLDER [--for 1s] [--factor 0.05] [--shortest-range 5s]
    shorten_rules.py alertmanager FROM_FILE TO_FILE --pagerduty-url URL --secrets FOLDER --deadman-url URL
"""

import argparse
import pathlib

import yaml

import promql


def shorten_expr(expr: str, factor: float, shortest_range: float) -> str:
    # A range must hold at least two scrapes, or rate() has nothing to go by.
    return promql.with_ranges(expr, lambda seconds: max(seconds * factor, shortest_range))


def shorten_rules(
    source: pathlib.Path, target: pathlib.Path, *, for_: str = "1s", factor: float = 0.05, shortest_range: str = "5s"
) -> list[pathlib.Path]:
    """Writes a copy of every *.yml in `source` to `target`, which is made. Returns the copies."""
    target.mkdir(parents=True, exist_ok=True)
    copies = []
    for path in sorted(source.glob("*.yml")):
        content = yaml.safe_load(path.read_text())
        for group in content["groups"]:
            group.pop("interval", None)  # then the server's evaluation_interval holds
            for rule in group["rules"]:
                rule["expr"] = shorten_expr(rule["expr"], factor, promql.seconds(shortest_range))
                for wait in ("for", "keep_firing_for"):
                    if wait in rule:
                        rule[wait] = for_
        copies.append(target / path.name)
        copies[-1].write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000))
    if not copies:
        raise FileNotFoundError(f"no rules in {source}")
    return copies


def shorten_alertmanager(
    source: pathlib.Path,
    target: pathlib.Path,
    *,
    pagerduty_url: str,
    secrets: pathlib.Path,
    deadman_url: str,
    wait: str = "1s",
    repeat: str = "1h",
) -> pathlib.Path:
    """Writes a copy that sends to other addresses, reads the routing keys below `secrets` and groups for `wait`."""
    content = yaml.safe_load(source.read_text())
    content["global"]["pagerduty_url"] = pagerduty_url
    routes = [content["route"]]
    while routes:
        route = routes.pop()
        routes += route.get("routes", [])
        for key in ("group_wait", "group_interval"):
            if key in route:
                route[key] = wait
        if "repeat_interval" in route:
            route["repeat_interval"] = wait if route["receiver"] == "deadman" else repeat
    for receiver in content["receivers"]:
        for pagerduty in receiver.get("pagerduty_configs", []):
            pagerduty["routing_key_file"] = str(secrets / pathlib.Path(pagerduty["routing_key_file"]).name)
        for webhook in receiver.get("webhook_configs", []):
            webhook["url"] = deadman_url
    target.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000))
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    rules = commands.add_parser("rules")
    rules.add_argument("source", type=pathlib.Path)
    rules.add_argument("target", type=pathlib.Path)
    rules.add_argument("--for", dest="for_", default="1s")
    rules.add_argument("--factor", type=float, default=0.05)
    rules.add_argument("--shortest-range", default="5s")
    alertmanager = commands.add_parser("alertmanager")
    alertmanager.add_argument("source", type=pathlib.Path)
    alertmanager.add_argument("target", type=pathlib.Path)
    alertmanager.add_argument("--pagerduty-url", required=True)
    alertmanager.add_argument("--secrets", type=pathlib.Path, required=True)
    alertmanager.add_argument("--deadman-url", required=True)
    options = vars(parser.parse_args())
    if options.pop("command") == "rules":
        shorten_rules(options.pop("source"), options.pop("target"), **options)
    else:
        shorten_alertmanager(options.pop("source"), options.pop("target"), **options)


if __name__ == "__main__":
    main()
