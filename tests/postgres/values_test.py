"""What a database was made to hold is what one look at it says."""

import calendar

import pytest

import postgres

MIB = 1 << 20

TABLES = """
CREATE ROLE forever LOGIN CONNECTION LIMIT 7;
CREATE ROLE expiring LOGIN VALID UNTIL '2031-02-03 04:05:06+00';
CREATE ROLE readers;

-- Large, and nobody uses the index on b.
CREATE TABLE items (id bigint PRIMARY KEY, code text UNIQUE, b text, c text, EXCLUDE USING btree (c WITH =));
INSERT INTO items SELECT i, md5(i::text), md5((-i)::text), md5(i || 'c') FROM generate_series(1, 50000) i;
CREATE INDEX items_b ON items (b);
CREATE INDEX items_replica_twin ON items (code);
CREATE UNIQUE INDEX items_replica ON items (code, id);
ALTER TABLE items ALTER code SET NOT NULL, REPLICA IDENTITY USING INDEX items_replica;

CREATE TABLE twins (x int, y int);
CREATE INDEX twins_x ON twins (x);
CREATE INDEX twins_x_again ON twins (x);
CREATE INDEX twins_x_backwards ON twins (x DESC);
CREATE INDEX twins_x_positive ON twins (x) WHERE x > 0;

CREATE TABLE prefixes (x int, y int);
CREATE INDEX prefixes_x ON prefixes (x);
CREATE INDEX prefixes_x_y ON prefixes (x, y);
CREATE UNIQUE INDEX prefixes_y ON prefixes (y);
CREATE INDEX prefixes_y_x ON prefixes (y, x);

CREATE TABLE repeated (x int);
INSERT INTO repeated VALUES (1), (1);

CREATE TABLE churned (x int) WITH (autovacuum_enabled = off);
INSERT INTO churned SELECT generate_series(1, 1000);
DELETE FROM churned WHERE x <= 300;
UPDATE churned SET x = -x WHERE x > 900;

CREATE TABLE tuned (x int) WITH (autovacuum_vacuum_threshold = 7, autovacuum_vacuum_scale_factor = 0.5,
                                 autovacuum_analyze_threshold = 3, autovacuum_analyze_scale_factor = 0.25);
INSERT INTO tuned SELECT generate_series(1, 100);
CREATE TABLE untuned (x int);
INSERT INTO untuned SELECT generate_series(1, 1000);
ANALYZE tuned, untuned;

CREATE SEQUENCE nearly MAXVALUE 1001;
SELECT setval('nearly', 901);
CREATE SEQUENCE downwards INCREMENT -1 MINVALUE -1001 MAXVALUE -1;
SELECT setval('downwards', -251);
CREATE SEQUENCE fresh;
"""
FAILS = "CREATE UNIQUE INDEX CONCURRENTLY repeated_x ON repeated (x);"
SLOW = "SELECT pg_sleep(0.2);" * 3


@pytest.fixture(scope="module")
def shop():
    """A server with the database `shop`."""
    with postgres.Cluster() as cluster:
        cluster.create_role()
        cluster.sql("CREATE EXTENSION pg_stat_statements; CREATE DATABASE shop;")
        cluster.sql(TABLES, "shop")
        assert "could not create unique index" in cluster.psql(FAILS, "shop").stderr
        cluster.sql(SLOW, "shop")
        yield cluster


@pytest.fixture(scope="module")
def page(shop, tmp_path_factory):
    """One look at it."""
    return postgres.collect(postgres.write_config(tmp_path_factory.mktemp("look"), shop.item()))


def by_label(page, label, name, **labels):
    """{value of the label: value} of the series of `shop`."""
    return {dict(key)[label]: value for key, value in page.select(name, server="test", **labels).items()}


def of_indexes(page, name):
    return by_label(page, "indexrelname", name, datname="shop")


def of_table(page, name, table):
    return page.get(name, server="test", datname="shop", schemaname="public", relname=table)


def sizes(shop, *relations):
    return {name: int(shop.sql(f"SELECT pg_relation_size('{name}')", "shop")) for name in relations}


def test_everything_was_answered(page):
    success = page.select("upkeep_postgres_query_success")
    assert len(success) > 40
    assert [key for key, value in success.items() if value != 1] == []
    assert page.get("pg_up", server="test") == 1
    assert page.get("pg_exporter_last_scrape_error", server="test") == 0
    databases = by_label(page, "datname", "upkeep_postgres_database_up")
    assert databases == {"postgres": 1, "shop": 1}


def test_unused_indexes(shop, page):
    """None that backs a constraint, is unique or is the replica identity; those are as large."""
    large = ("items_pkey", "items_code_key", "items_c_excl", "items_replica")
    assert min(sizes(shop, *large).values()) >= MIB
    unused = of_indexes(page, "upkeep_postgres_unused_index_bytes")
    assert unused == sizes(shop, "items_b", "items_replica_twin")
    assert min(unused.values()) >= MIB


def test_duplicate_indexes(shop, page):
    """Neither another direction nor a predicate makes one. The index of the constraint is the one to keep."""
    name = "upkeep_postgres_duplicate_index_bytes"
    assert of_indexes(page, name) == sizes(shop, "items_replica_twin", "twins_x_again")
    assert by_label(page, "duplicate_of", name, indexrelname="twins_x_again") == {"twins_x": 8192}
    assert list(by_label(page, "duplicate_of", name, relname="items")) == ["items_code_key"]


def test_redundant_indexes(shop, page):
    name = "upkeep_postgres_redundant_index_bytes"
    assert of_indexes(page, name) == sizes(shop, "items_replica_twin", "prefixes_x")
    assert list(by_label(page, "covered_by", name, relname="prefixes")) == ["prefixes_x_y"]


def test_invalid_indexes(shop, page):
    assert of_indexes(page, "upkeep_postgres_invalid_index_bytes") == sizes(shop, "repeated_x")


def test_indexes(shop, page):
    assert page.get("upkeep_postgres_indexes", server="test", datname="shop") == len(
        of_indexes(page, "pg_stat_user_indexes_idx_scan")
    )
    assert page.get("upkeep_postgres_indexes_left_out", server="test", datname="shop") == 0
    assert of_indexes(page, "upkeep_postgres_index_size_bytes")["items_b"] == sizes(shop, "items_b")["items_b"]


def test_dead_rows(page):
    assert of_table(page, "pg_stat_user_tables_n_dead_tup", "churned") == 300 + 100
    assert of_table(page, "pg_stat_user_tables_n_live_tup", "churned") == 1000 - 300
    assert of_table(page, "pg_stat_user_tables_n_tup_del", "churned") == 300
    assert of_table(page, "pg_stat_user_tables_n_tup_upd", "churned") == 100
    assert page.get("upkeep_postgres_tables_dead_rows", server="test", datname="shop") == 400
    assert of_table(page, "pg_stat_user_tables_last_vacuum", "churned") == 0
    assert of_table(page, "pg_stat_user_tables_last_analyze", "tuned") > 1e9


def test_thresholds_of_autovacuum(page):
    """The table's own settings, else those of the server: 50 and a fifth, 50 and a tenth."""
    vacuum, analyze = "upkeep_postgres_table_vacuum_threshold_rows", "upkeep_postgres_table_analyze_threshold_rows"
    assert of_table(page, vacuum, "tuned") == 7 + 0.5 * 100
    assert of_table(page, analyze, "tuned") == 3 + 0.25 * 100
    assert of_table(page, vacuum, "untuned") == 50 + 0.2 * 1000
    assert of_table(page, analyze, "untuned") == 50 + 0.1 * 1000


def test_sequences(page):
    """A sequence that was never used says nothing."""
    used = by_label(page, "sequencename", "upkeep_postgres_sequence_used_ratio", datname="shop")
    assert used == {"nearly": pytest.approx(0.9), "downwards": pytest.approx(0.25)}


def test_roles(page):
    expiry = by_label(page, "rolname", "upkeep_postgres_role_password_expiry_timestamp_seconds")
    assert expiry == {"expiring": calendar.timegm((2031, 2, 3, 4, 5, 6))}
    endless = by_label(page, "rolname", "upkeep_postgres_role_password_never_expires")
    assert endless == {"expiring": 0, "forever": 1, "postgres": 1, "readers": 0, "upkeep": 1}
    assert by_label(page, "rolname", "upkeep_postgres_role_superuser")["postgres"] == 1
    assert by_label(page, "rolname", "upkeep_postgres_role_can_login")["readers"] == 0
    limits = by_label(page, "rolname", "pg_roles_connection_limit")
    assert (limits["forever"], limits["upkeep"], limits["postgres"]) == (7, 10, -1)


def test_settings(page):
    """In base units."""
    for name, value in {
        "max_connections": 50,
        "shared_buffers_bytes": 16 * MIB,
        "checkpoint_timeout_seconds": 300,
        "deadlock_timeout_seconds": 1,
        "random_page_cost": 4,
        "fsync": 0,
        "autovacuum": 1,
        "wal_segment_size_bytes": MIB,
        "log_min_duration_statement_seconds": -1,
    }.items():
        assert page.get(f"pg_settings_{name}", server="test") == value, name


def test_statements(shop, page):
    queryid = shop.sql("SELECT queryid FROM pg_stat_statements WHERE query LIKE 'SELECT pg_sleep(%'")
    labels = {"server": "test", "user": "postgres", "datname": "shop", "queryid": queryid}
    assert page.get("pg_stat_statements_calls_total", **labels) == 3
    seconds = page.get("pg_stat_statements_seconds_total", **labels)
    assert 0.6 <= seconds < 3
    assert page.get("upkeep_postgres_statement_mean_seconds", **labels) == pytest.approx(seconds / 3)
    assert page.get("pg_stat_statements_rows_total", **labels) == 3


def test_nothing_is_missing(page):
    missing = by_label(page, "right", "upkeep_postgres_right_missing")
    assert missing.pop("track_io_timing") == 1  # off by default
    assert set(missing.values()) == {0}


def test_blocked_sessions(shop, tmp_path):
    """Who waits is counted in its database, who makes it wait is named."""
    with shop.session("holder", "shop") as holder, shop.session("waiter", "shop") as waiter:
        holder.run("BEGIN; LOCK TABLE tuned;")
        waiter.send("SELECT count(*) FROM tuned;")
        waiter.wait_until_blocked()
        page = postgres.collect(postgres.write_config(tmp_path, shop.item()))
        holder.run("COMMIT;")
        assert waiter.result() == "100"
    shop_labels = {"server": "test", "datname": "shop"}
    assert page.get("upkeep_postgres_lock_waiters", **shop_labels) == 1
    assert page.get("upkeep_postgres_longest_lock_wait_seconds", **shop_labels) > 0
    assert page.get("upkeep_postgres_oldest_idle_in_transaction_seconds", **shop_labels) > 0
    blocked = page.select("upkeep_postgres_blocked_sessions")
    holder_labels = shop_labels | {"usename": "postgres", "application_name": "holder", "state": "idle in transaction"}
    assert blocked == {tuple(sorted(holder_labels.items())): 1}
    assert page.get("upkeep_postgres_lock_waiters", server="test", datname="postgres") == 0
