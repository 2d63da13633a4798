"""Upkeep does no harm to a server that is in trouble, and a server in trouble does none to Upkeep."""

import os
import signal

import postgres
import waiting
from postgres import complaints, failures, wait_for_looks

TABLE = "CREATE TABLE items (id bigint PRIMARY KEY); INSERT INTO items SELECT generate_series(1, 1000);"
OWN_SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'upkeep'"
OWN_LOCK_WAITS = OWN_SESSIONS + " AND wait_event_type = 'Lock'"


def looks(page):
    """How often the server was looked into."""
    return page.get("pg_exporter_scrapes_total", server="test")


def is_up(page):
    return page.get("pg_up", server="test") == 1


def databases(page):
    """{database: whether it can be looked into}"""
    return {dict(labels)["datname"]: value for labels, value in page.select("upkeep_postgres_database_up").items()}


def reasons(page):
    """Why databases cannot be entered."""
    return {dict(labels)["reason"] for labels in page.select("upkeep_postgres_connection_failed")}


def has_answers(page):
    success = page.select("upkeep_postgres_query_success")
    return len(success) > 40 and set(success.values()) == {1}


def start_time(page):
    return page.get("pg_postmaster_start_time_seconds", server="test")


def wait_until_up(program, seconds=20):
    waiting.until(lambda: is_up(program.scrape()), seconds, "a server that is up")


# --- Locks and sessions ---


def test_waits_for_no_lock(cluster, watch):
    """A migration that waits for a long transaction has everybody else wait; not Upkeep, which gets its answers."""
    cluster.sql("CREATE DATABASE shop")
    cluster.sql(TABLE, "shop")
    with cluster.session("holder", "shop") as holder, cluster.session("migration", "shop") as migration:
        holder.run("BEGIN; LOCK TABLE items IN ACCESS EXCLUSIVE MODE;")
        migration.send("ALTER TABLE items ADD COLUMN c int;")
        migration.wait_until_blocked()
        program = watch(cluster.item())
        waiting.until(lambda: has_answers(program.scrape()), 20, lambda: f"answers: {failures(program.scrape())}")
        goal = looks(program.scrape()) + 4
        while looks(program.scrape()) < goal:
            assert cluster.sql(OWN_LOCK_WAITS) == "0"
        page = program.scrape()
        assert has_answers(page), failures(page)
        slowest = max(page.select("upkeep_postgres_query_duration_seconds").values())
        assert slowest < 1
        assert page.select("pg_stat_user_tables_n_live_tup", datname="shop", relname="items")
        holder.run("COMMIT;")
        assert migration.result() == ""
    assert complaints(program) == []


def test_holds_no_more_sessions_than_allowed(cluster, watch):
    names = [f"shop{number}" for number in range(6)]
    cluster.sql("".join(f"CREATE DATABASE {name};" for name in names))
    program = watch(cluster.item(connections=3))
    wait_for_looks(program, 1)
    with cluster.session("counting") as counting:
        page, seen, scrapes = program.scrape(), 0, 0
        while scrapes < 100 or looks(page) < 5:
            seen = max(seen, int(counting.run(OWN_SESSIONS + ";")))
            page = program.scrape()
            scrapes += 1
            assert page.get("upkeep_postgres_own_connections", server="test") <= 3
    assert 1 <= seen <= 3 + 1  # one that was closed may be on its way out when its successor is there
    assert databases(page) == {"postgres": 1} | {name: 1 for name in names}
    assert has_answers(page), failures(page)


def test_is_not_in_the_way_of_dropping_a_database(cluster, watch):
    """Which cannot be done while somebody is connected to it."""
    cluster.sql("CREATE DATABASE shop")
    program = watch(cluster.item())
    waiting.until(lambda: has_answers(program.scrape()), 20, "answers")
    cluster.sql("DROP DATABASE shop")
    waiting.until(lambda: "shop" not in databases(program.scrape()), 10, "no word of the database")
    assert complaints(program) == []


# --- Servers that hang, stop and start ---


def test_a_server_that_hangs(cluster, watch):
    """The page comes in time and says so; the server is back with the next look."""
    program = watch(cluster.item())
    waiting.until(lambda: has_answers(program.scrape()), 20, "answers")
    threads, descriptors = program.threads(), program.descriptors()
    cluster.freeze()
    waiting.until(lambda: not is_up(program.scrape(timeout=2)), 8, "a server that is down")
    assert reasons(program.scrape(timeout=2)) == {"timeout"}
    wait_for_looks(program, 2)
    page = program.scrape(timeout=2)
    assert not is_up(page) and reasons(page) == {"timeout"}
    assert page.select("pg_stat_database_xact_commit") == {}
    assert page.get("upkeep_postgres_deadlines_total", server="test") >= 1
    assert list(page.select("upkeep_collector_success", collector="postgres").values()) == [1]  # it does what it can
    cluster.thaw()
    wait_until_up(program, 5)
    waiting.until(lambda: has_answers(program.scrape()), 5, "answers")
    assert len(complaints(program)) == 1, complaints(program)
    assert program.threads() <= threads
    waiting.until(lambda: program.descriptors() <= descriptors + 1, 5, "no descriptors left over")


def test_a_server_that_restarts(cluster, watch):
    program = watch(cluster.item())
    waiting.until(lambda: has_answers(program.scrape()), 20, "answers")
    started = start_time(program.scrape())
    cluster.restart()
    waiting.until(lambda: (start_time(program.scrape()) or 0) > started, 5, "the time of the new start")
    assert has_answers(program.scrape()), failures(program.scrape())


def test_a_server_that_crashes(cluster, watch):
    program = watch(cluster.item())
    waiting.until(lambda: has_answers(program.scrape()), 20, "answers")
    cluster.postmaster.kill()
    waiting.until(lambda: reasons(program.scrape()) == {"refused"}, 5, lambda: f"{reasons(program.scrape())}")
    assert not is_up(program.scrape())
    wait_for_looks(program, 3)
    before = len(complaints(program))
    assert before <= 2, complaints(program)  # lost, then refused
    cluster.start()
    wait_until_up(program, 5)
    assert len(complaints(program)) <= before + 1  # it may be seen while it starts


STATISTICS_BEGAN = "SELECT stats_reset FROM pg_stat_bgwriter"
SECONDS_UP = "SELECT extract(epoch FROM now() - pg_postmaster_start_time())"


def test_statistics_that_a_crash_threw_away(cluster, tmp_path):
    """When one session crashes the server goes on with empty statistics: no index is unused since its start then."""
    config = postgres.write_config(tmp_path, cluster.item())
    waiting.until(lambda: float(cluster.sql(SECONDS_UP)) > 4, 10, "some seconds of statistics")
    before = cluster.sql(STATISTICS_BEGAN)
    with cluster.session("victim") as victim:
        os.kill(victim.pid, signal.SIGKILL)

        def has_recovered():
            done = cluster.psql(STATISTICS_BEGAN)
            return done.returncode == 0 and done.stdout.strip() != before

        waiting.until(has_recovered, 20, "the end of the recovery")
    page = postgres.collect(config)
    assert page.get("upkeep_postgres_statistics_age_seconds", server="test", datname="postgres") < 4


# --- Servers that do not let it in, or not everywhere ---


# {server, role and database: (reason, what closes it, what opens it again)}
CLOSED = {
    "password": ("authentication", "ALTER ROLE password PASSWORD 'another'", "ALTER ROLE password PASSWORD 'right'"),
    "no_login": ("authentication", "ALTER ROLE no_login NOLOGIN", "ALTER ROLE no_login LOGIN"),
    "no_role": ("authentication", "ALTER ROLE no_role RENAME TO other", "ALTER ROLE other RENAME TO no_role"),
    "gone": ("no_database", "ALTER DATABASE gone RENAME TO there", "ALTER DATABASE there RENAME TO gone"),
    "shut": ("no_database", "ALTER DATABASE shut ALLOW_CONNECTIONS off", "ALTER DATABASE shut ALLOW_CONNECTIONS on"),
    "denied": (
        "permission", "REVOKE CONNECT ON DATABASE denied FROM PUBLIC", "GRANT CONNECT ON DATABASE denied TO PUBLIC",
    ),
    "crowded": (
        "too_many_connections", "ALTER ROLE crowded CONNECTION LIMIT 0", "ALTER ROLE crowded CONNECTION LIMIT 9",
    ),
}


def each(page, name, label):
    """{server: [values of the label]} of a family."""
    return {server: sorted({dict(labels)[label] for labels in page.select(name, server=server)}) for server in CLOSED}


def test_says_why_it_is_not_let_in(cluster, watch, tmp_path):
    """Once in the log, however often it tries; and once that it is let in again."""
    for name in CLOSED:
        cluster.sql(f"CREATE DATABASE {name}; CREATE ROLE {name} LOGIN PASSWORD 'right' IN ROLE pg_monitor;")
    password = tmp_path / "password"
    password.write_text("right\n", encoding="ascii")
    password.chmod(0o600)
    access = {"host": "127.0.0.1", "password_file": str(password), "databases": {"include": "^$"}}
    items = [cluster.item(name=name, user=name, database=name, **access) for name in CLOSED]
    cluster.sql("".join(f"{close};" for _, close, _ in CLOSED.values()))
    program = watch(*items)
    expected = {name: [reason] for name, (reason, _, _) in CLOSED.items()}

    def said(page):
        return each(page, "upkeep_postgres_connection_failed", "reason")

    waiting.until(lambda: said(program.scrape()) == expected, 10, lambda: f"{said(program.scrape())}")
    wait_for_looks(program, 3, server="crowded")
    page = program.scrape()
    assert said(page) == expected
    assert {page.get("pg_up", server=name) for name in CLOSED} == {0}
    assert each(page, "upkeep_postgres_database_up", "datname") == {name: [name] for name in CLOSED}
    assert set(page.select("upkeep_collector_success", collector="postgres").values()) == {1}  # they do what they can
    assert sorted(line.partition(" err=")[0].partition(" server=")[2] for line in complaints(program)) == sorted(
        f"{name} datname={name} reason={reason}" for name, (reason, _, _) in CLOSED.items()
    )

    cluster.sql("".join(f"{reopen};" for _, _, reopen in CLOSED.values()))
    waiting.until(lambda: set(program.scrape().select("pg_up").values()) == {1}, 10, "all of them up")
    waiting.until(lambda: not program.scrape().select("upkeep_postgres_connection_failed"), 5, "no reason any more")
    assert len(complaints(program)) == len(CLOSED), complaints(program)
    assert program.log().count("again") == len(CLOSED)


def test_a_server_that_is_starting(cluster, watch):
    """A standby that lets nobody in."""
    cluster.stop()
    (cluster.data / "standby.signal").touch()
    cluster.settings["hot_standby"] = "off"
    cluster.start(wait=False)
    program = watch(cluster.item())
    waiting.until(lambda: reasons(program.scrape()) == {"starting"}, 10, lambda: f"{reasons(program.scrape())}")
    assert not is_up(program.scrape())


def test_one_database_that_is_closed_harms_no_other(cluster, watch):
    cluster.sql("CREATE DATABASE shop; CREATE DATABASE secret; ALTER DATABASE secret CONNECTION LIMIT 0")
    program = watch(cluster.item())
    waiting.until(lambda: databases(program.scrape()).get("secret") == 0, 20, "a database that is closed")
    wait_for_looks(program, 3)
    page = program.scrape()
    assert is_up(page)
    assert databases(page) == {"postgres": 1, "shop": 1, "secret": 0}
    success = page.select("upkeep_postgres_query_success")
    assert {value for labels, value in success.items() if ("datname", "secret") not in labels} == {1}
    assert len([line for line in complaints(program) if "cannot be looked into" in line]) == 1, complaints(program)


# --- Rights and extensions that are missing ---


def test_a_role_without_rights(cluster, watch):
    """What it may not ask fails by name; the rest is answered."""
    cluster.sql("REVOKE pg_monitor, pg_read_all_data FROM upkeep")
    program = watch(cluster.item())
    waiting.until(lambda: "wal" in failures(program.scrape()), 20, lambda: f"{failures(program.scrape())}")
    wait_for_looks(program, 3)
    page = program.scrape()
    assert is_up(page)
    assert set(failures(page).values()) == {"permission"}
    assert page.get("upkeep_postgres_right_missing", server="test", right="pg_monitor") == 1
    assert page.get("upkeep_postgres_right_missing", server="test", right="pg_read_all_data") == 1
    assert page.select("pg_stat_database_xact_commit") and page.select("pg_locks_count")
    assert len(complaints(program)) == len(failures(page)), complaints(program)
    cluster.sql("GRANT pg_monitor, pg_read_all_data TO upkeep")
    waiting.until(lambda: has_answers(program.scrape()), 10, lambda: f"{failures(program.scrape())}")
    assert program.scrape().get("upkeep_postgres_right_missing", server="test", right="pg_monitor") == 0


def test_without_the_right_to_read_tables(cluster, watch):
    """Bloat is not known, which is not the same as none."""
    cluster.sql("CREATE TABLE large AS SELECT md5(i::text) AS x FROM generate_series(1, 40000) i; ANALYZE;")
    cluster.sql("REVOKE pg_read_all_data FROM upkeep")
    program = watch(cluster.item())
    waiting.until(lambda: has_answers(program.scrape()), 20, lambda: f"{failures(program.scrape())}")
    page = program.scrape()
    labels = {"server": "test", "datname": "postgres"}
    assert page.get("upkeep_postgres_bloat_estimate_available", **labels) == 0
    assert page.get("upkeep_postgres_bloat_tables_unknown", **labels) == 1
    assert page.select("upkeep_postgres_table_bloat_bytes") == {}
    cluster.sql("GRANT pg_read_all_data TO upkeep")
    waiting.until(lambda: program.scrape().select("upkeep_postgres_table_bloat_bytes"), 10, "an estimate")
    assert program.scrape().get("upkeep_postgres_bloat_estimate_available", **labels) == 1


PRELOADED = {"server": "test", "right": "shared_preload_libraries=pg_stat_statements"}


def test_an_extension_that_was_not_created(cluster, watch):
    """Its statistics begin with the extension, wherever it is."""
    cluster.sql("CREATE DATABASE shop")
    program = watch(cluster.item())
    waiting.until(lambda: has_answers(program.scrape()), 20, lambda: f"{failures(program.scrape())}")
    page = program.scrape()
    assert page.select("pg_stat_statements_calls_total") == {}
    assert page.get("upkeep_postgres_right_missing", **PRELOADED) == 0
    assert complaints(program) == []
    cluster.sql("CREATE SCHEMA tools; CREATE EXTENSION pg_stat_statements SCHEMA tools;", "shop")
    waiting.until(lambda: program.scrape().select("pg_stat_statements_calls_total"), 10, "statistics of statements")
    cluster.sql("DROP EXTENSION pg_stat_statements", "shop")
    waiting.until(lambda: not program.scrape().select("pg_stat_statements_calls_total"), 60, "none of them")


def test_an_extension_that_is_not_loaded(make_cluster, watch):
    """Asking it is an error of its own."""
    cluster = make_cluster(shared_preload_libraries="")
    cluster.sql("CREATE EXTENSION pg_stat_statements")
    program = watch(cluster.item())
    waiting.until(lambda: failures(program.scrape()), 20, "a query that fails")
    wait_for_looks(program, 3)
    page = program.scrape()
    assert set(failures(page)) == {"stat_statements"}
    assert page.get("upkeep_postgres_right_missing", **PRELOADED) == 1
    assert len(complaints(program)) == 1, complaints(program)

