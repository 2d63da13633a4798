"""Our page beside that of Debian's prometheus-postgres-exporter, on the same server at the same moment.

What differs on purpose stands in intended_differences.txt with its reason; an entry that matches nothing is a mistake.
"""

import pathlib

import comparison
import waiting

OWN = ("go_", "process_", "promhttp_", "postgres_exporter_build_info", "pg_exporter_", "pg_scrape_collector_")
SHOP = """
CREATE TABLE items (id bigint PRIMARY KEY, b text);
INSERT INTO items SELECT i, md5(i::text) FROM generate_series(1, 5000) i;
SELECT count(*) FROM items;
DELETE FROM items WHERE id % 3 = 0;
"""


def test_same_server_same_moment(cluster, watch, start):
    cluster.sql("CREATE DATABASE shop; SELECT pg_create_physical_replication_slot('spare', true);")
    cluster.sql(SHOP, "shop")
    source = f"host={cluster.folder} port={cluster.port} user=upkeep dbname=postgres sslmode=disable"
    other = start(comparison.Exporter, "prometheus-postgres-exporter", env={"DATA_SOURCE_NAME": source})
    # Named as there.
    program = watch(cluster.item(name=f"{cluster.folder}:{cluster.port}"))
    waiting.until(lambda: program.scrape().select("pg_stat_database_xact_commit"), 20, "a first look")
    intended = comparison.Intended(pathlib.Path(__file__).parent / "intended_differences.txt")
    comparison.compare(program, other, intended, OWN, 250)
    assert intended.unused() == []
