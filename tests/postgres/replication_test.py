"""A primary and its standby, while they are connected and while they are not."""

import pytest

import waiting

WRITE = """
CREATE TABLE IF NOT EXISTS written (x text);
INSERT INTO written SELECT md5(i::text) FROM generate_series(1, {}) i;
"""
SLOT = {"server": "primary", "slot_name": "standby", "slot_type": "physical"}


@pytest.fixture
def pair(make_cluster, watch):
    """The two, and Upkeep watching both."""
    primary = make_cluster()
    standby = make_cluster(primary=primary)
    program = watch(primary.item(name="primary", standbys=1), standby.item(name="standby"))
    primary.sql(WRITE.format(100))
    waiting.until(lambda: is_streaming(program.scrape()), 20, "a standby that streams")
    return primary, standby, program


def is_streaming(page):
    """As both ends say."""
    return (
        page.get("upkeep_postgres_wal_receiver_streaming", server="standby") == 1
        and page.get("upkeep_postgres_streaming_standbys", server="primary") == 1
        and page.select("pg_stat_replication_pg_wal_lsn_diff", server="primary", state="streaming") != {}
    )


def test_connected(pair):
    _, _, program = pair
    page = program.scrape()
    assert page.get("pg_replication_is_replica", server="primary") == 0
    assert page.get("pg_replication_is_replica", server="standby") == 1
    assert page.get("upkeep_postgres_expected_standbys", server="primary") == 1
    waiting.until(
        lambda: program.scrape().get("pg_replication_lag_seconds", server="standby") == 0, 10, "a standby without lag"
    )
    page = program.scrape()
    assert page.get("pg_replication_lag_seconds", server="primary") == 0
    assert page.get("upkeep_postgres_wal_receiver_streaming", server="primary") is None
    assert page.get("upkeep_postgres_replay_backlog_bytes", server="standby") == 0
    assert page.get("upkeep_postgres_upstream_message_age_seconds", server="standby") < 30
    behind = page.select("pg_stat_replication_pg_wal_lsn_diff", server="primary", application_name="standby")
    assert [value < 1 << 20 for value in behind.values()] == [True]
    assert page.get("pg_replication_slots_slot_is_active", **SLOT) == 1
    assert page.get("upkeep_postgres_slot_retained_bytes", **SLOT) < 1 << 20
    received = page.select("pg_stat_wal_receiver_received_tli", server="standby", status="streaming")
    assert list(received.values()) == [1]


def test_the_primary_keeps_wal_for_a_standby_that_is_gone(pair):
    primary, standby, program = pair
    standby.stop()
    primary.sql(WRITE.format(50_000))

    def retained():
        return program.scrape().get("upkeep_postgres_slot_retained_bytes", **SLOT)

    waiting.until(lambda: retained() > 2 << 20, 10, lambda: f"bytes kept for the slot: {retained()}")
    page = program.scrape()
    assert page.get("pg_replication_slots_slot_is_active", **SLOT) == 0
    assert page.get("upkeep_postgres_streaming_standbys", server="primary") == 0
    assert page.get("pg_up", server="standby") == 0
    standby.start()
    waiting.until(lambda: is_streaming(program.scrape()), 30, "streaming again")
    waiting.until(lambda: retained() < 2 << 20, 30, "nothing kept any more")


def lag(page):
    return page.get("pg_replication_lag_seconds", server="standby")


def is_cut(page):
    return page.get("upkeep_postgres_wal_receiver_streaming", server="standby") == 0


def test_a_standby_without_its_primary_is_not_without_lag(pair):
    """It has replayed all that it received, which is not all there is."""
    primary, _, program = pair
    primary.stop()
    waiting.until(lambda: is_cut(program.scrape()), 20, "a stream that is cut")
    page = program.scrape()
    assert lag(page) > 0
    waiting.until(lambda: lag(program.scrape()) > lag(page) + 1, 10, "lag that grows")
    assert page.get("upkeep_postgres_upstream_message_age_seconds", server="standby") is None
    primary.start()
    waiting.until(lambda: is_streaming(program.scrape()) and lag(program.scrape()) == 0, 30, "no lag again")


def test_nor_is_one_that_has_replayed_nothing_since_its_start(pair):
    """How far it is behind is not known then."""
    primary, standby, program = pair
    primary.sql("CHECKPOINT")
    standby.sql("CHECKPOINT")
    primary.stop()
    standby.restart()
    waiting.until(lambda: is_cut(program.scrape()), 20, "a stream that is cut")
    assert standby.sql("SELECT pg_last_xact_replay_timestamp() IS NULL") == "t"
    assert lag(program.scrape()) != 0
    assert program.scrape().get("pg_replication_last_replay_seconds", server="standby") is None


def test_the_standby_takes_over(make_cluster, watch, tmp_path):
    """The address moves to it, as it does in a high-availability pair. Upkeep goes on within one interval."""
    primary = make_cluster()
    standby = make_cluster(primary=primary)
    address = tmp_path / ".s.PGSQL.5432"
    address.symlink_to(primary.folder / f".s.PGSQL.{primary.port}")
    program = watch(primary.item(name="shop", host=str(tmp_path), port=5432))
    waiting.until(lambda: program.scrape().get("pg_replication_is_replica", server="shop") == 0, 20, "the primary")
    before = started(program.scrape())

    primary.postmaster.kill()
    standby.sql("SELECT pg_promote()")
    moved = tmp_path / "moved"
    moved.symlink_to(standby.folder / f".s.PGSQL.{standby.port}")
    moved.rename(address)
    looks = program.scrape().get("pg_exporter_scrapes_total", server="shop")

    waiting.until(lambda: (started(program.scrape()) or 0) > before, 10, "the time when the new primary started")
    page = program.scrape()
    assert page.get("pg_exporter_scrapes_total", server="shop") - looks <= 2  # the look under way, and the next one
    assert page.get("pg_up", server="shop") == 1
    assert page.get("pg_replication_is_replica", server="shop") == 0
    assert set(page.select("upkeep_postgres_query_success", server="shop").values()) == {1}


def started(page):
    return page.get("pg_postmaster_start_time_seconds", server="shop")
