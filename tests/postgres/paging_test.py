"""From a fault of a real Postgres to a page at PagerDuty, and to its end after the repair.

All faults at once: the longest waits a minute, as its alert does.
"""

import contextlib

import postgres
import waiting


def make_invalid_index(cluster):
    """What a failed CREATE INDEX CONCURRENTLY leaves."""
    cluster.sql("CREATE TABLE twice AS SELECT 1 AS x FROM generate_series(1, 2)")
    assert cluster.psql("CREATE UNIQUE INDEX CONCURRENTLY twice_x ON twice (x)").returncode != 0


def fill(cluster, free, sessions):
    """Opens connections until only so many are free."""
    limit = int(cluster.sql("SHOW max_connections")) - int(cluster.sql("SHOW superuser_reserved_connections"))
    used = int(cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")) - 1
    for i in range(limit - used - free):
        sessions.enter_context(cluster.session(f"crowd {i}"))


def test_faults_page_whom_they_should_until_they_are_mended(make_cluster, make_stack):
    main = make_cluster()
    standby = make_cluster(primary=main)
    crowded = make_cluster(max_connections="20")
    running = make_stack(
        upkeep_config=postgres.config(
            main.item(name="main", standbys=1), standby.item(name="standby"), crowded.item(name="crowded")
        )
    )
    waiting.until(lambda: running.prometheus.query("upkeep_postgres_streaming_standbys == 1"), 30, "a standby")
    assert running.prometheus.query("pg_up == 0") == []

    main.sql("CREATE TABLE stock (n int)")
    make_invalid_index(main)
    with main.session("holder") as holder, main.session("waiter") as waiter, contextlib.ExitStack() as sessions:
        holder.run("BEGIN; LOCK TABLE stock;")
        waiter.run("SET statement_timeout = 0;")
        waiter.send("SELECT count(*) FROM stock;")
        fill(crowded, 0, sessions)
        standby.stop()

        gone = running.wait_for_trigger("PostgresDown", "devops", "critical")
        assert "standby" in gone["payload"]["summary"]
        missing = running.wait_for_trigger("PostgresStandbyMissing", "devops", "critical")
        crowd = running.wait_for_trigger("PostgresConnectionsAlmostOut", "devops", "critical")
        assert "crowded" in crowd["payload"]["summary"]
        invalid = running.wait_for_trigger("PostgresInvalidIndex", "maintenance", "warning")
        assert "twice_x" in invalid["payload"]["custom_details"]["firing"]
        blocked = running.wait_for_trigger("PostgresSessionsBlocked", "maintenance", "warning", seconds=100)

    main.sql("DROP INDEX CONCURRENTLY twice_x")
    standby.start(wait=False)
    for page in (gone, missing, crowd, invalid, blocked):
        running.wait_for_resolve(page)
        running.check_one_incident(page)
