"""Every supported version answers every question there is for it, and the log says nothing of errors."""

import pytest

import postgres
import waiting

EXTENSIONS = "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION pg_buffercache; CREATE DATABASE shop;"
TABLE = """
CREATE TABLE items (id bigserial PRIMARY KEY, a int, b text);
INSERT INTO items (a, b) SELECT i, md5(i::text) FROM generate_series(1, 30000) i;
CREATE INDEX items_b ON items (b);
ANALYZE;
"""

EVERYWHERE = {
    "pg_stat_database_xact_commit", "pg_stat_user_tables_n_dead_tup", "pg_stat_statements_seconds_total",
    "pg_stat_bgwriter_buffers_alloc_total", "upkeep_postgres_checkpoints_total", "upkeep_postgres_table_bloat_bytes",
    "upkeep_postgres_unused_index_bytes", "upkeep_postgres_sequence_used_ratio", "pg_settings_max_connections",
    "pg_static", "pg_wal_size_bytes", "upkeep_postgres_lock_waiters",
}
SINCE = {
    14: {"pg_stat_database_active_time_seconds_total"},
    16: {"pg_buffercache_summary_buffers_used", "pg_stat_database_conflicts_confl_active_logicalslot"},
    17: {"pg_stat_checkpointer_num_timed_total"},
}
UNTIL = {16: {"pg_stat_bgwriter_checkpoints_timed_total"}}
# Without rights to read tables, which there is no role for.
NOT_IN_13 = {"upkeep_postgres_table_bloat_bytes", "upkeep_postgres_sequence_used_ratio"}


def expected(version):
    names = set(EVERYWHERE - NOT_IN_13 if version == 13 else EVERYWHERE)
    names.update(*(since for first, since in SINCE.items() if version >= first))
    names.update(*(until for last, until in UNTIL.items() if version <= last))
    return names


def unexpected(version):
    names = set().union(*(since for first, since in SINCE.items() if version < first))
    return names.union(*(until for last, until in UNTIL.items() if version > last))


def names_of(page):
    return {name for name, _ in page.samples}


def check_answers(program, names):
    """All of these families come, and no query fails."""
    waiting.until(
        lambda: names <= names_of(program.scrape()),
        20,
        lambda: f"{names - names_of(program.scrape())}; {postgres.failures(program.scrape())}",
    )
    page = program.scrape()
    assert page.get("pg_up", server="test") == 1
    assert set(page.select("upkeep_postgres_query_success").values()) == {1}, postgres.failures(page)
    return page


@pytest.mark.parametrize("version", postgres.VERSIONS)
def test_every_query_is_answered(make_cluster, watch, version):
    """By a primary, and then by a standby."""
    cluster = make_cluster(version)
    cluster.create_role()  # once more, which changes nothing
    cluster.sql(EXTENSIONS)
    cluster.sql(TABLE, "shop")
    program = watch(cluster.item())
    page = check_answers(program, expected(version))
    assert not unexpected(version) & names_of(page)
    (static,) = page.select("pg_static")
    assert dict(static)["version"].startswith(f"PostgreSQL {version}.")
    assert postgres.complaints(program) == []

    cluster.stop()
    (cluster.data / "standby.signal").touch()
    cluster.start()
    is_standby = {"server": "test", "datname": "", "query": "stat_wal_receiver"}
    waiting.until(
        lambda: program.scrape().get("upkeep_postgres_query_success", **is_standby) == 1, 20, "what standbys are asked"
    )
    check_answers(program, expected(version) | {"upkeep_postgres_wal_receiver_streaming"})
    assert "ERROR" not in cluster.log()
