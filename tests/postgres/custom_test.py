"""Queries of users' own: their rows become metrics; one that is bad or does harm fails alone."""

import pytest

import waiting
from postgres import complaints, failures, wait_for_looks

ORDERS = """
CREATE TABLE orders (state text, total numeric);
INSERT INTO orders VALUES ('open', 10), ('open', 20.5), ('paid', 5), (NULL, NULL);
CREATE SEQUENCE tickets;
GRANT ALL ON orders, tickets TO upkeep;
CREATE FUNCTION place_order() RETURNS int LANGUAGE sql AS 'INSERT INTO orders VALUES (''new'', 1); SELECT 1';
"""
GOOD = {
    "name": "orders",
    "database": "shop",
    "interval": "1s",
    "sql": "SELECT state, count(*) AS number, sum(total) AS revenue FROM orders GROUP BY state -- all of them",
    "labels": ["state"],
    "values": {"number": "gauge", "revenue": "counter"},
}


@pytest.fixture
def shop(cluster):
    cluster.sql("CREATE DATABASE shop")
    cluster.sql(ORDERS, "shop")
    return cluster


def query(name, sql, **settings):
    return {"name": name, "database": "shop", "interval": "1s", "sql": sql, "values": {"x": "gauge"}} | settings


def custom_families(page):
    prefix = "upkeep_postgres_custom_"
    return {name.removeprefix(prefix) for name in page.families() if name.startswith(prefix)}


def check_the_good_one(page):
    prefix = "upkeep_postgres_custom_orders_"
    numbers = {dict(labels)["state"]: value for labels, value in page.select(prefix + "number").items()}
    assert numbers == {"open": 2, "paid": 1, "": 1}
    revenues = {dict(labels)["state"]: value for labels, value in page.select(prefix + "revenue_total").items()}
    assert revenues == {"open": 30.5, "paid": 5}
    assert page.types[prefix + "number"] == "gauge" and page.types[prefix + "revenue_total"] == "counter"


def is_answered(page, name):
    return page.get("upkeep_postgres_query_success", server="test", datname="shop", query=f"custom_{name}") == 1


def test_rows_become_metrics(shop, watch):
    program = watch(shop.item(queries=[GOOD]))
    waiting.until(lambda: is_answered(program.scrape(), "orders"), 20, "an answer")
    page = program.scrape()
    check_the_good_one(page)
    assert page.get("upkeep_postgres_query_rows", server="test", datname="shop", query="custom_orders") == 3
    shop.sql("DELETE FROM orders WHERE state = 'paid'", "shop")
    name = "upkeep_postgres_custom_orders_number"
    waiting.until(lambda: not program.scrape().select(name, state="paid"), 10, "the end of a series")


BAD = {
    "too_many": ("other", query("too_many", "SELECT x FROM generate_series(1, 11) x", rows=10)),
    "function_that_writes": ("read_only", query("function_that_writes", "SELECT place_order() AS x")),
    "sequence": ("read_only", query("sequence", "SELECT nextval('tickets') AS x")),
    "statement_that_writes": ("other", query("statement_that_writes", "DELETE FROM orders RETURNING 1 AS x")),
    "hidden_write": ("other", query("hidden_write", "WITH d AS (DELETE FROM orders RETURNING 1) SELECT 1 AS x FROM d")),
    "no_table": ("missing", query("no_table", "SELECT 1 AS x FROM nowhere")),
    "no_column": ("missing", query("no_column", "SELECT 1 AS y")),
    "no_label": ("missing", query("no_label", "SELECT 1 AS x", labels=["state"])),
    "no_sql": ("other", query("no_sql", "SELEC 1 AS x")),
    "no_right": ("permission", query("no_right", "SELECT pg_read_file('PG_VERSION')::int AS x")),
    "no_database": ("no_database", query("no_database", "SELECT 1 AS x", database="nowhere")),
    "slow": ("timeout", query("slow", "SELECT 1 AS x FROM pg_sleep(5)")),
}


def test_bad_ones_fail_alone(shop, watch):
    """Each by its own reason; nothing is written, and all else is there."""
    queries = [bad for _, bad in BAD.values()]
    program = watch(shop.item(queries=[*queries, GOOD], statement_timeout="500ms"))
    expected = {f"custom_{name}": reason for name, (reason, _) in BAD.items()}
    waiting.until(lambda: failures(program.scrape()) == expected, 20, lambda: f"{failures(program.scrape())}")
    waiting.until(lambda: is_answered(program.scrape(), "orders"), 20, "an answer to the good one")
    page = program.scrape()
    check_the_good_one(page)
    assert custom_families(page) == {"orders_number", "orders_revenue_total"}
    assert page.get("pg_up", server="test") == 1
    assert page.select("pg_stat_user_tables_n_live_tup", datname="shop", relname="orders")
    wait_for_looks(program, 3)
    said = [line.partition(" level=")[2] for line in complaints(program)]
    assert len(said) == len(set(said)), "one line a change"
    assert shop.sql("SELECT count(*) FROM orders", "shop") == "4"
    assert shop.sql("SELECT is_called FROM tickets", "shop") == "f"


def test_is_logged_once(shop, watch):
    program = watch(shop.item(queries=[BAD["no_table"][1], GOOD]))
    waiting.until(lambda: failures(program.scrape()), 20, "a failure")
    wait_for_looks(program, 4)
    assert program.log().count("query=custom_no_table") == 1
    shop.sql("CREATE TABLE nowhere AS SELECT 1", "shop")
    waiting.until(lambda: is_answered(program.scrape(), "no_table"), 10, "an answer")
    assert program.log().count("query=custom_no_table") == 2


def test_one_may_be_called_as_one_of_ours(shop, watch):
    """And both are answered."""
    program = watch(shop.item(queries=[query("tables", "SELECT 42 AS x"), GOOD]))
    name = "upkeep_postgres_custom_tables_x"
    waiting.until(lambda: program.scrape().get(name, server="test") == 42, 10, "the user's own")
    assert program.scrape().get("upkeep_postgres_tables", server="test", datname="shop") == 1


def test_two_with_one_name_are_a_mistake(shop, watch):
    """Their metrics would be mixed."""
    program = watch(shop.item(queries=[GOOD, query("orders", "SELECT 1 AS x")]), wait=False)
    assert program.wait_exit(10) == 1
    assert "orders" in program.log()
