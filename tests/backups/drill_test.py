"""Drills: real dumps restored for real, in a Postgres of their own and on a server; what damage is found, and what is
left of a drill that ends in every way there is."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

import backups
import postgres
import servers
import waiting

# What dumps of real applications have: roles, policies, partitions, functions, views, large rows, odd names.
SCHEMA = """
CREATE ROLE shop_app;
CREATE ROLE "Shop ""Reader"" there";
CREATE TABLE items (id serial PRIMARY KEY, name text NOT NULL, price numeric CHECK (price >= 0));
CREATE TABLE "Odd ""Table"" there" (a int, "b c" text);
CREATE TABLE events (at date NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE FUNCTION total() RETURNS numeric LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT sum(price) FROM items);
END $$;
CREATE VIEW dear AS SELECT * FROM items WHERE price > 900;
CREATE MATERIALIZED VIEW names AS SELECT DISTINCT name FROM items;
INSERT INTO items (name, price) SELECT 'item ' || n || E'\\n\\\\.\\n', n FROM generate_series(1, 1000) n;
INSERT INTO "Odd ""Table"" there" SELECT n, repeat('x', 100) FROM generate_series(1, 200) n;
INSERT INTO events SELECT '2025-12-01'::date + n, 'event' FROM generate_series(1, 60) n;
SELECT lo_from_bytea(0, 'a large object');
ALTER TABLE items OWNER TO shop_app;
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON items FOR SELECT TO shop_app, "Shop ""Reader"" there" USING (price > 0);
GRANT SELECT ON items TO "Shop ""Reader"" there";
ALTER DEFAULT PRIVILEGES FOR ROLE shop_app IN SCHEMA public GRANT SELECT ON TABLES TO "Shop ""Reader"" there";
"""
TABLES = 5  # with the partitioned one and its two partitions
ROWS = 1000 + 200 + 60

# Restoring it takes longer than any test.
SLOW = "CREATE TABLE slow (a int);\nSELECT pg_sleep(600);\n"


@pytest.fixture(scope="module")
def source():
    """A server with the database that is dumped."""
    with postgres.Cluster() as made:
        made.sql(f"CREATE DATABASE {backups.DATABASE}")
        done = made.psql(SCHEMA, backups.DATABASE)
        assert done.returncode == 0, done.stderr
        yield made


@pytest.fixture
def place():
    """A folder that the user of Postgres may pass through: the scratch directories are in it."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="upkeep-drill-"))
    path.chmod(0o755)
    (path / "files").mkdir()
    yield path
    left = processes_in(path)
    shutil.rmtree(path)
    assert not left, "processes of a drill are left"


class Outcome:
    """Of `upkeep drill`: its exit status, what it printed, and the record it left."""

    def __init__(self, done, record_path):
        self.status, self.text = done.returncode, done.stdout + done.stderr
        lines = record_path.read_text(encoding="utf-8").splitlines() if record_path.exists() else []
        self.record = dict(line.partition(" ")[::2] for line in lines)

    def __repr__(self):
        return f"exit {self.status}, {self.record.get('reason')}: {self.record.get('message')}\n{self.text}"

    @property
    def reason(self):
        return self.record.get("reason")


def write_config(place, **drill):
    item = backups.item(backups.DATABASE, place / "files/*", settle="0s", drill=backups.drill(**drill))
    return backups.write_config(place, place / "state", item)


def command(config, *words):
    return [str(word) for word in [servers.UPKEEP, f"--config.file={config}", "drill", backups.DATABASE, *words]]


def drill(place, *words, seconds=120, **settings):
    """Drills the newest backup, and leaves nothing behind."""
    config = write_config(place, **settings)
    done = subprocess.run(command(config, *words), capture_output=True, text=True, timeout=seconds, check=False)
    assert not leavings(place), done.stdout + done.stderr
    return Outcome(done, place / f"state/backups/{backups.DATABASE}.drill")


def processes_in(folder):
    """{pid: program} of those that work in it."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd").startswith(f"{folder}/"):
                found[int(pid)] = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
        except OSError:
            continue
    return found


def scratch(place):
    return sorted((place / "state/drill").glob("*"))


def leavings(place):
    return list(processes_in(place).values()) + [str(path) for path in scratch(place)]


def assert_good(outcome, tables=TABLES, rows=ROWS):
    assert (outcome.status, outcome.reason) == (0, "none"), outcome
    assert (int(outcome.record["tables"]), int(outcome.record["rows"])) == (tables, rows), outcome
    assert float(outcome.record["last_success"]) == float(outcome.record["finished"]) > 0


def assert_failed(outcome, reason, *says):
    assert (outcome.status, outcome.reason) == (1, reason), outcome
    for text in says:
        assert text in outcome.record["message"], outcome


# --- Intact ones ---


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("plain", "b.sql"),
        ("plain", "b.sql.gz"),
        ("plain", "b.sql.zst"),
        ("plain", "b.sql.xz"),
        ("custom", "b.dump"),
        ("custom", "b.dump.gz"),
        ("tar", "b.tar"),
        ("tar", "b.tar.gz"),
        ("directory", "b.d"),
    ],
)
def test_every_format_is_restored_with_all_its_rows(source, place, kind, name):
    path = backups.dump(source, place / "files" / name, kind)
    outcome = drill(place, expect={"tables": TABLES, "rows": ROWS}, checks=["SELECT total() = 500500"])
    assert_good(outcome)
    assert outcome.record["backup"] == str(path)[1:]
    assert (outcome.record["checks"], outcome.record["failed_checks"]) == ("1", "0")


def test_rows_written_as_statements_are_counted(source, place):
    backups.dump(source, place / "files/b.sql.gz", flags=["--inserts"])
    assert_good(drill(place, expect={"rows": ROWS}))


def test_a_dump_that_makes_its_own_database_is_restored(source, place):
    backups.dump(source, place / "files/b.sql.gz", flags=["--create", "--clean", "--if-exists"])
    assert_good(drill(place, checks=["SELECT current_database() = 'shop'"]))


def test_a_dump_of_a_whole_server_is_restored(source, place):
    command_line = [postgres.debian_program("pg_dumpall"), "-h", source.folder, "-p", str(source.port), "-U", "postgres"]
    with open(place / "files/all.sql", "wb") as file:
        subprocess.run([str(word) for word in command_line], check=True, stdout=file, timeout=60)
    assert_good(drill(place, checks=["SELECT count(*) = 1000 FROM items"]))


def test_a_file_can_be_named(source, place):
    first = backups.age(backups.dump(source, place / "files/a.sql.gz"), 3600)
    (place / "files/b.sql").write_text("SELECT 1/0;\n", encoding="utf-8")
    assert_good(drill(place, first))
    assert_failed(drill(place), "restore", "division by zero")


# --- Others ---


def test_a_missing_table_is_found(source, place):
    backups.dump(source, place / "files/b.dump", "custom", flags=["--exclude-table=items"])
    flags = {"checks": ["SELECT count(*) > 0 FROM events", "SELECT count(*) > 0 FROM items"]}
    outcome = drill(place, **flags)
    # The view of the table that is not there is what psql stumbles over.
    assert outcome.reason in ("restore", "check"), outcome
    assert '"public.items" does not exist' in outcome.text or 'relation "items" does not exist' in outcome.text
    backups.dump(source, place / "files/c.dump", "custom", flags=["--table=events*"])
    assert_failed(drill(place, expect={"tables": TABLES}), "tables", f"3 tables are there, and at least {TABLES}")
    outcome = drill(place, **flags)
    assert_failed(outcome, "check", "items", "does not exist")
    assert (outcome.record["checks"], outcome.record["failed_checks"]) == ("2", "1")


def test_missing_rows_are_found(source, place):
    backups.dump(source, place / "files/b.sql.gz")
    assert_failed(drill(place, expect={"rows": ROWS + 1}), "rows", f"{ROWS} rows are there, and at least {ROWS + 1}")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("plain", "b.sql"),
        ("plain", "b.sql.gz"),
        ("plain", "b.sql.zst"),
        ("plain", "b.sql.xz"),
        ("custom", "b.dump"),
        ("tar", "b.tar"),
    ],
)
@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
def test_a_truncated_one_fails(source, place, kind, name, share):
    backups.truncate(backups.dump(source, place / "files" / name, kind), share)
    assert_failed(drill(place), "restore")


def test_without_the_completion_line_it_is_truncated(source, place):
    path = backups.dump(source, place / "files/b.sql")
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("-- PostgreSQL database dump complete")], encoding="utf-8")
    assert_failed(drill(place), "restore", "completion line")
    path.write_text(text[: text.index("item 500")], encoding="utf-8")
    assert_failed(drill(place), "restore", "within the rows of a table")


def test_a_directory_without_one_of_its_files_fails(source, place):
    path = backups.dump(source, place / "files/b.d", "directory")
    max(path.glob("*.dat.gz"), key=lambda file: file.stat().st_size).unlink()
    assert_failed(drill(place), "restore", "pg_restore")


@pytest.mark.parametrize("content", [b"", b"\x00" * 4096, b"not SQL at all\n", b"\x1f\x8b"])
def test_what_is_no_dump_fails(place, content):
    (place / "files/b.sql").write_bytes(content)
    assert_failed(drill(place), "restore")


def test_no_backup_at_all(place):
    assert_failed(drill(place), "no_backup")


def test_a_dump_of_a_newer_postgres_says_so(source, place):
    path = backups.dump(source, place / "files/b.sql")
    text = path.read_text(encoding="utf-8")
    newer = text.replace("-- Dumped from database version 15", "-- Dumped from database version 99")
    path.write_text(newer, encoding="utf-8")
    assert_failed(drill(place), "version", "Postgres 99", "Postgres 15")
    # A newer pg_dump of an older server sets what this server has not.
    newer = text.replace("-- Dumped by pg_dump version 15", "-- Dumped by pg_dump version 18")
    path.write_text(newer.replace("SET lock_timeout", "SET transaction_timeout = 0;\nSET lock_timeout"), encoding="utf-8")
    assert_failed(drill(place), "version", "transaction_timeout")
    path = backups.dump(source, place / "files/c.dump", "custom")
    archive = bytearray(path.read_bytes())
    archive[6] += 5  # its minor version
    path.write_bytes(archive)
    assert_failed(drill(place, path), "version", "unsupported version")


def test_what_it_takes_is_bounded(source, place):
    backups.dump(source, place / "files/b.sql.gz")
    assert_failed(drill(place, max_bytes="20MiB"), "too_large", "max_bytes")
    (place / "files/c.sql").write_text(SLOW, encoding="utf-8")
    began = time.monotonic()
    assert_failed(drill(place, timeout="8s"), "timeout", "not done within 8 s")
    assert time.monotonic() - began < 20


def test_the_disk_is_looked_at_before_it_starts(source, place, make_sandbox):
    backups.dump(source, place / "files/b.sql.gz")
    corner = make_sandbox()
    corner.mount_tmpfs(place / "small", "64M")
    config = write_config(place, scratch=str(place / "small"))
    done = corner.run(*command(config), check=False, capture_output=True, text=True)
    assert_failed(Outcome(done, place / f"state/backups/{backups.DATABASE}.drill"), "no_space", "are needed")


def test_an_error_early_in_a_long_dump_ends_it(place):
    text = "SELECT 1/0;\n" + "SELECT 'much more';\n" * 500_000
    (place / "files/b.sql").write_text(text, encoding="utf-8")
    assert_failed(drill(place), "restore", "psql: ERROR:  division by zero")


def test_without_programs_or_a_user_it_says_so(source, place):
    backups.dump(source, place / "files/b.sql.gz")
    assert_failed(drill(place, programs="/nonexistent"), "no_programs", "/nonexistent/psql")
    assert_failed(drill(place, user="nobody-of-that-name"), "no_programs", "nobody-of-that-name")
    assert_failed(drill(place, user="root"), "no_programs", "root")


def test_a_failure_keeps_when_it_was_good_last(source, place):
    path = backups.dump(source, place / "files/b.sql.gz")
    good = drill(place)
    assert_good(good)
    backups.truncate(path)
    failed = drill(place)
    assert_failed(failed, "restore")
    assert failed.record["last_success"] == good.record["finished"]


# --- On a server ---


@pytest.fixture(scope="module")
def server():
    """A server with databases that are none of a drill's business, and a role that may make others."""
    with postgres.Cluster() as made:
        made.sql("CREATE ROLE upkeep_drill LOGIN CREATEDB PASSWORD 'a secret of the drill'")
        yield made


@pytest.fixture
def on_server(server, place):
    for name in ("shop", "upkeep_drill_shop", "other"):
        server.sql(f"DROP DATABASE IF EXISTS {name}")
    for name in ("shop", "other"):
        server.sql(f"CREATE DATABASE {name} OWNER upkeep_drill")
        server.sql("CREATE TABLE precious AS SELECT generate_series(1, 10)", name)
    password = place / "password"
    password.write_text("a secret of the drill\n", encoding="ascii")
    # Over TCP, where a password is asked for.
    yield {"host": "127.0.0.1", "port": server.port, "password_file": str(password)}
    for name in ("shop", "other"):
        assert server.sql("SELECT count(*) FROM precious", name) == "10", f"{name} was touched"


def databases(server):
    return server.sql("SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1").split()


THEIRS = ["other", "postgres", "shop"]


def without_policies(source, path, kind="plain"):
    """Roles cannot be made on somebody's server: what names them is left out by who dumps."""
    flags = ["--exclude-table=items", "--exclude-table=dear", "--exclude-table=names"]
    return backups.dump(source, path, kind, flags=flags)


@pytest.mark.parametrize(("kind", "name"), [("plain", "b.sql.gz"), ("custom", "b.dump"), ("directory", "b.d")])
def test_on_a_server_a_database_is_made_and_dropped(source, server, on_server, place, kind, name):
    without_policies(source, place / "files" / name, kind)
    outcome = drill(place, server=on_server, checks=["SELECT current_database() = 'upkeep_drill_shop'"])
    assert_good(outcome, tables=TABLES - 1, rows=ROWS - 1000)
    assert databases(server) == THEIRS


def test_a_database_that_nobody_made_for_drills_is_left_alone(source, server, on_server, place):
    """Even if its name is that of one for drills, and its owner would let us."""
    without_policies(source, place / "files/b.sql.gz")
    server.sql("CREATE DATABASE upkeep_drill_shop OWNER upkeep_drill")
    server.sql("CREATE TABLE precious AS SELECT generate_series(1, 10)", "upkeep_drill_shop")
    assert_failed(drill(place, server=on_server), "marker", "upkeep_drill_shop", "left alone")
    assert server.sql("SELECT count(*) FROM precious", "upkeep_drill_shop") == "10"
    server.sql("COMMENT ON DATABASE upkeep_drill_shop IS 'Made by hand.'")
    assert_failed(drill(place, server=on_server), "marker")
    assert server.sql("SELECT count(*) FROM precious", "upkeep_drill_shop") == "10"


def test_a_name_without_the_marker_is_refused(source, on_server, place):
    without_policies(source, place / "files/b.sql.gz")
    outcome = drill(place, server=on_server | {"database_prefix": "shop"})
    assert outcome.status == 2
    assert "with 'upkeep_drill' among them" in outcome.text
    assert not outcome.record


@pytest.mark.parametrize(
    "wants",
    [
        "DROP DATABASE shop;",
        "DROP DATABASE IF EXISTS shop;",
        "ALTER DATABASE shop RENAME TO gone;",
        "CREATE DATABASE more;",
        "\\connect shop\nDROP TABLE precious;",
        "\\c other\nDROP TABLE precious;",
        "SELECT 1; \\c shop \\\\ DROP TABLE precious;",
        "SELECT 1 \\! touch /tmp/upkeep-was-here",
    ],
)
def test_a_dump_that_wants_another_database_is_refused(server, on_server, place, wants):
    (place / "files/b.sql").write_text(f"CREATE TABLE t (a int);\n{wants}\n", encoding="utf-8")
    outcome = drill(place, server=on_server)
    assert outcome.reason in ("marker", "restore"), outcome
    assert outcome.status == 1
    assert databases(server) == THEIRS
    assert not pathlib.Path("/tmp/upkeep-was-here").exists()


def test_a_dump_that_makes_its_own_database_is_refused_on_a_server(source, server, on_server, place):
    backups.dump(source, place / "files/b.sql.gz", flags=["--create", "--clean"])
    assert_failed(drill(place, server=on_server), "marker", "DROP DATABASE shop")
    assert databases(server) == THEIRS


def test_what_a_killed_drill_left_on_a_server_is_dropped_by_the_next(source, server, on_server, place):
    (place / "files/b.sql").write_text(SLOW, encoding="utf-8")
    config = write_config(place, server=on_server)
    with subprocess.Popen(command(config), stdout=subprocess.DEVNULL) as running:
        waiting.until(lambda: "upkeep_drill_shop" in databases(server), 60, "its database")
        waiting.until(lambda: server.sql(COMMENT) != "", 20, "its mark")
        running.kill()
    waiting.until(lambda: not processes_in(place), 20, "the end of what it ran")
    assert databases(server) == sorted([*THEIRS, "upkeep_drill_shop"])
    # The session that sleeps in it ends when the server notices.
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'upkeep_drill_shop'")
    without_policies(source, place / "files/c.sql.gz")
    assert_good(drill(place, server=on_server), tables=TABLES - 1, rows=ROWS - 1000)
    assert databases(server) == THEIRS


COMMENT = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'upkeep_drill_shop'"


def test_the_password_is_nowhere_to_be_seen(server, on_server, place):
    (place / "files/b.sql").write_text(SLOW, encoding="utf-8")
    config = write_config(place, server=on_server)
    with subprocess.Popen(command(config), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        waiting.until(lambda: "psql" in processes_in(place).values(), 60, "psql")
        for pid in processes_in(place):
            assert b"secret" not in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        running.terminate()
        text = running.communicate(timeout=60)[0]
    assert "secret" not in text
    assert databases(server) == THEIRS
    outcome = drill(place, server=on_server | {"port": servers.free_port()})
    assert_failed(outcome, "server", "refused")
    assert "secret" not in outcome.text


# --- How it ends ---


def begin_slow(place):
    """A drill that has got as far as restoring."""
    (place / "files/b.sql").write_text(SLOW, encoding="utf-8")
    running = subprocess.Popen(command(write_config(place)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    waiting.until(lambda: "psql" in processes_in(place).values(), 60, "psql")
    return running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_end_it_leaves_nothing(place, number):
    with begin_slow(place) as running:
        running.send_signal(number)
        assert running.wait(60) == 3
    assert not leavings(place)
    assert not (place / "state/backups").exists(), "it says nothing of the backup"


def test_there_is_one_at_a_time(place):
    with begin_slow(place) as running:
        done = subprocess.run(command(place / "upkeep.yml"), capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (3, "another drill is under way\n")
        running.terminate()
        running.wait(60)


def test_killed_it_leaves_no_process_and_the_next_one_clears_away(source, place):
    with begin_slow(place) as running:
        running.kill()
    waiting.until(lambda: not processes_in(place), 20, lambda: processes_in(place))
    assert len(scratch(place)) == 1
    theirs = place / "state/drill/shop-theirs"  # not marked as ours
    theirs.mkdir()
    (place / "files/b.sql").unlink()
    backups.dump(source, place / "files/b.sql.gz")
    done = subprocess.run(command(place / "upkeep.yml"), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert scratch(place) == [theirs]


# --- By the daemon ---


@pytest.fixture
def watch(upkeep, place):
    """watch(settings of the drill...): Upkeep, that looks each second."""
    begun = []

    def begin(name="upkeep", **settings):
        begun.append(upkeep(f"--config.file={write_config(place, **settings)}", name=name))
        return begun[-1]

    yield begin
    for program in begun:
        program.stop()
    waiting.until(lambda: not leavings(place), 20, lambda: leavings(place))


def running_drill(program):
    """The process of the daemon's drill."""
    return next((pid for pid in children(program.pid) if "drill" in command_line(pid)), None)


def children(parent):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(pid))
    return found


def command_line(pid):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")


def wait_for_psql(program, place):
    page = backups.wait_for(program, lambda page: backups.value(page, "restore_running") == 1, "a drill", 60)
    waiting.until(lambda: "psql" in processes_in(place).values(), 60, "psql")
    return page


def test_the_daemon_drills_and_remembers(source, watch, place):
    path = backups.dump(source, place / "files/b.dump", "custom")
    program = watch(every="1h")
    page = backups.wait_for(program, lambda page: backups.value(page, "restore_success") == 1, "a good drill", 60)
    assert backups.value(page, "restore_tables") == TABLES
    assert backups.value(page, "restore_rows") == ROWS
    assert backups.value(page, "restore_failed_checks") == 0
    assert abs(backups.value(page, "restore_backup_timestamp_seconds") - path.stat().st_mtime) < 0.001
    at = backups.value(page, "restore_timestamp_seconds")
    assert at == backups.value(page, "restore_success_timestamp_seconds") > time.time() - 60
    assert 0 < backups.value(page, "restore_duration_seconds") < 60
    program.stop()
    program = watch(name="again", every="1h")
    page = backups.wait_for(program, lambda page: backups.value(page, "restore_success") == 1, "the memory of it")
    assert backups.value(page, "restore_timestamp_seconds") == at
    waiting.throughout(lambda: not running_drill(program), 3, "no other drill is due")


def test_another_backup_is_tried_after_one_that_failed(source, watch, place):
    bad = backups.dump(source, place / "files/a.sql.gz")
    backups.truncate(bad)
    program = watch(every="2s")
    backups.wait_for(program, lambda page: backups.reasons(page, "restore_failure_info") == {"restore"}, "failure", 60)
    backups.dump(source, place / "files/b.sql.gz")
    page = backups.wait_for(program, lambda page: backups.value(page, "restore_success") == 1, "success", 60)
    assert not backups.reasons(page, "restore_failure_info")


def test_kill_9_of_the_daemon_leaves_nothing_after_the_next_start(watch, place):
    (place / "files/b.sql").write_text(SLOW, encoding="utf-8")
    program = watch(every="1h")
    wait_for_psql(program, place)
    assert len(scratch(place)) == 1
    program.kill()
    waiting.until(lambda: not processes_in(place), 20, lambda: f"processes are left: {processes_in(place)}")
    (place / "files/b.sql").unlink()
    program = watch(name="again", every="1h")
    waiting.until(lambda: not leavings(place), 20, lambda: leavings(place))


def test_kill_9_of_the_daemon_and_its_drill_leaves_nothing_after_the_next_start(watch, place):
    (place / "files/b.sql").write_text(SLOW, encoding="utf-8")
    program = watch(every="1h")
    wait_for_psql(program, place)
    os.kill(running_drill(program), signal.SIGKILL)
    program.kill()
    waiting.until(lambda: not processes_in(place), 20, lambda: f"processes are left: {processes_in(place)}")
    assert len(scratch(place)) == 1
    (place / "files/b.sql").unlink()
    program = watch(name="again", every="1h")
    waiting.until(lambda: not leavings(place), 20, lambda: leavings(place))
    assert "Cleared away what a drill left" in program.log()


def test_a_drill_that_is_killed_is_reported(watch, place):
    (place / "files/b.sql").write_text(SLOW, encoding="utf-8")
    program = watch(every="1h")
    wait_for_psql(program, place)
    os.kill(running_drill(program), signal.SIGKILL)
    page = backups.wait_for(program, lambda page: backups.value(page, "restore_success") == 0, "failure", 20)
    assert backups.reasons(page, "restore_failure_info") == {"killed"}
    waiting.until(lambda: not leavings(place), 20, lambda: leavings(place))


def test_a_stop_of_the_daemon_ends_the_drill(watch, place):
    (place / "files/b.sql").write_text(SLOW, encoding="utf-8")
    program = watch(every="1h")
    wait_for_psql(program, place)
    assert program.stop() == 0
    waiting.until(lambda: not leavings(place), 20, lambda: leavings(place))


def test_a_reload_ends_the_drill_and_begins_another(watch, place):
    (place / "files/b.sql").write_text(SLOW, encoding="utf-8")
    program = watch(every="1h")
    wait_for_psql(program, place)
    before = running_drill(program)
    program.signal(signal.SIGHUP)
    waiting.until(lambda: running_drill(program) not in (None, before), 90, "another drill")
    waiting.until(lambda: len(scratch(place)) == 1, 20, "one scratch directory")
    assert before not in children(program.pid), "nobody took the dead one"
    program.stop()
    waiting.until(lambda: not leavings(place), 20, lambda: leavings(place))


def test_it_comes_last_and_scrapes_stay_quick(source, watch, place):
    """As quick as without a drill, with room for a busy machine."""
    path = place / "files/b.sql"
    backups.dump(source, path)
    busy = "SELECT count(*) FROM generate_series(1, 30000000);\n" * 20
    path.write_text(busy + path.read_text(encoding="utf-8"), encoding="utf-8")
    program = watch(every="1h")
    quiet = sorted(program.scrape().seconds for _ in range(50))
    wait_for_psql(program, place)
    for pid in [running_drill(program), *processes_in(place)]:
        assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    loud = sorted(program.scrape().seconds for _ in range(50))
    assert running_drill(program), "the drill ended too soon for a comparison"
    assert loud[25] < max(5 * quiet[25], 0.02), (quiet[25], loud[25])
    assert loud[-1] < 0.5, loud[-5:]
