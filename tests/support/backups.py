"""Real backups for tests: dumps of a real Postgres in every format, aged and damaged, and what is said of them."""

import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import time

import postgres
import waiting

DATABASE = "shop"
KINDS = ("plain", "custom", "directory", "tar")  # of pg_dump
COMPRESSORS = {".gz": ["gzip", "-c"], ".zst": ["zstd", "-q", "-c"], ".xz": ["xz", "-c", "-T1", "-1"]}
PREFIX = "upkeep_backup"
HOUR, DAY = 3600, 86400


def make_database(cluster, orders=20_000, database=DATABASE):
    """Two tables with rows that do not compress to nothing."""
    cluster.sql(f"CREATE DATABASE {database}")
    cluster.sql(
        "CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL);"
        "INSERT INTO customers SELECT n, md5(n::text) FROM generate_series(1, 100) n;"
        "CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers, note text);"
        "INSERT INTO orders SELECT n, n % 100 + 1, md5(n::text) || md5((-n)::text)"
        f" FROM generate_series(1, {orders}) n;",
        database,
    )


def dump(cluster, path, kind="plain", flags=(), database=DATABASE):
    """A pg_dump, compressed as its name ends; written under another name first, as a careful job does."""
    path = pathlib.Path(path)
    unfinished = path.with_name(path.name + ".tmp")
    command = [postgres.debian_program("pg_dump"), "-h", cluster.folder, "-p", cluster.port, "-U", "postgres"]
    command = [str(word) for word in [*command, f"--format={kind}", *flags, database]]
    compressor = COMPRESSORS.get(path.suffix)
    if kind == "directory":
        subprocess.run([*command, "-f", unfinished], check=True, timeout=60)
    elif compressor:
        text = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=60).stdout
        unfinished.write_bytes(subprocess.run(compressor, input=text, check=True, stdout=subprocess.PIPE).stdout)
    else:
        with open(unfinished, "wb") as file:
            subprocess.run(command, check=True, stdout=file, timeout=60)
    return unfinished.rename(path)


def archive(path, *files):
    """A tar of files, compressed as its name ends."""
    with tarfile.open(path, "w:gz" if str(path).endswith("gz") else "w") as made:
        for file in files:
            made.add(file, file.name)
    return path


def age(path, seconds):
    """So long ago was it made."""
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def flip_bit(path, at=None):
    """In the middle, unless it is said where."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if at is None else at] ^= 0x10
    path.write_bytes(content)
    return path


def truncate(path, share=0.5):
    os.truncate(path, int(path.stat().st_size * share))
    return path


# --- Upkeep's view of it ---


def item(name, files, **settings):
    """An item of `collectors: backups:`. What is looked at seldom is looked at each second."""
    return {"name": name, "files": str(files), "interval": "1s", "settle": "1s"} | settings


def drill(**settings):
    """The `drill` of an item, with the Postgres of these tests."""
    programs = str(postgres.server_folder(postgres.DEBIAN))
    return {"programs": programs, "user": postgres.USER, "timeout": "2m"} | settings


def config(state, *items):
    """A configuration that watches these backups and nothing else."""
    quiet = {"host": False, "containers": False}
    return json.dumps({"state": str(state), "collectors": quiet | {"backups": items}}, indent=2)


def write_config(folder, state, *items):
    path = pathlib.Path(folder) / "upkeep.yml"
    path.write_text(config(state, *items), encoding="utf-8")
    return path


def value(page, name, backup=DATABASE, **labels):
    return page.get(f"{PREFIX}_{name}", backup=backup, **labels)


def reasons(page, name, backup=DATABASE):
    """Those of an info metric."""
    return {dict(labels)["reason"] for labels in page.select(f"{PREFIX}_{name}", backup=backup)}


def what_it_says(page):
    return "\n".join(line for line in page.text.splitlines() if line.startswith(PREFIX))


def wait_for(program, condition, what, seconds=30):
    """Until a page fulfils the condition; returns that page."""
    pages = []

    def fulfilled():
        pages[:] = [program.scrape()]
        return condition(pages[0])

    def said():
        return f"{what}; it says\n{what_it_says(pages[0])}\n{program.log()[-2000:]}"

    waiting.until(fulfilled, seconds, said, every=0.1)
    return pages[0]


def wait_for_newest(program, path, backup=DATABASE):
    """Until that one is the newest that is complete."""
    wanted = max(part.stat().st_mtime for part in [path, *path.glob("*")])

    def is_newest(page):
        found = value(page, "last_timestamp_seconds", backup)
        return found is not None and abs(found - wanted) < 0.01

    return wait_for(program, is_newest, f"{path.name} to be the newest")


def wait_for_verdict(program, wanted, backup=DATABASE):
    return wait_for(program, lambda page: value(page, "verified", backup) == wanted, f"verified to be {wanted}")


def remove(path):
    shutil.rmtree(path) if path.is_dir() else path.unlink()
