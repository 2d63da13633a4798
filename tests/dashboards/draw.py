#!/usr/bin/python3
"""Draws the pictures of the dashboards, of a world that has lived for a while.

    draw.py [--minutes N] [--only NAME]... [FOLDER]

Started by dashboards/render, which installs what this needs.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/support"))
import world  # noqa: E402

DASHBOARDS = REPOSITORY / "dashboards"
TOOLS = DASHBOARDS / "tools/render"
# How much of each is shown, in rows of the grid from the top; the rest looks alike.
PICTURES = {
    "overview": 40, "host": 27, "containers": 31, "postgres": 29, "postgres-queries": 33, "postgres-tables": 32,
    "backups": 33, "certificates": 32, "probes": 32, "upkeep": 30, "monitoring": 21,
}


def draw(url, names, folder, minutes):
    bundle = pathlib.Path(tempfile.mkdtemp(prefix="upkeep-pictures-"))
    subprocess.run(["node", TOOLS / "build.mjs", bundle], check=True)
    code = 0
    for name in names:
        settings = [f"seconds={round(minutes * 60)}", f"rows={PICTURES[name]}", "width=1400"]
        command = ["node", TOOLS / "picture.mjs", bundle, DASHBOARDS / f"{name}.json", url, folder / f"{name}.png"]
        code |= subprocess.run([*command, *settings], check=False).returncode
    return code


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20, help="that the world lives before it is drawn")
    parser.add_argument("--only", action="append", choices=PICTURES)
    parser.add_argument("--url", help="of a Prometheus that has something to show, instead of a world")
    parser.add_argument("folder", type=pathlib.Path, nargs="?", default=DASHBOARDS / "pictures")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    names = options.only or [name for name in PICTURES if (DASHBOARDS / f"{name}.json").exists()]
    if options.url:
        return draw(options.url, names, options.folder, options.minutes)
    started = []

    def start(kind, *arguments, **more):
        started.append(kind(folder, *arguments, **more))
        return started[-1]

    with tempfile.TemporaryDirectory(prefix="upkeep-world-") as folder:
        os.chmod(folder, 0o755)
        try:
            living = world.World(start, folder)
            print(f"{living.url} lives for {options.minutes:g} minutes", flush=True)
            time.sleep(options.minutes * 60)
            code = draw(living.url, names, options.folder, options.minutes)
            living.close()
        finally:
            for server in reversed(started):
                server.stop()
    return code


if __name__ == "__main__":
    sys.exit(main())
