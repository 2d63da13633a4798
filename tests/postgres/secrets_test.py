"""Passwords stay where they are: in the file that has Upkeep's own, and in the texts of statements of the server."""

import subprocess

import pytest

import postgres
import servers
import waiting

CANARY = "c4n4ry"  # in every secret
OWN = f"own-{CANARY}-'\\ -secret"
SET_PASSWORD = f"CREATE ROLE bob LOGIN; ALTER ROLE bob PASSWORD 'bobs-{CANARY}';"
SLOW_SECRET = f"SELECT 'literal-{CANARY}', pg_sleep(0.2);"


@pytest.fixture
def secretive(cluster, tmp_path):
    """A server full of secrets, and a configuration with one."""
    cluster.sql("CREATE EXTENSION pg_stat_statements;")
    cluster.sql(SET_PASSWORD + SLOW_SECRET)
    with cluster.session("admin") as admin:
        admin.run("ALTER ROLE upkeep PASSWORD $$" + OWN + "$$;")
    texts = cluster.sql("SELECT query FROM pg_stat_statements")
    assert f"bobs-{CANARY}" in texts and OWN in texts, "the server should know them"
    return cluster, write_config(cluster, tmp_path, OWN)


def write_config(cluster, folder, password):
    file = folder / "password"
    file.write_text(password + "\n")
    file.chmod(0o600)
    return postgres.write_config(folder, cluster.item(host="127.0.0.1", password_file=str(file)))


def output(*command):
    done = subprocess.run([servers.UPKEEP, *command], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def everything_it_says(program, config):
    """{where: text}"""
    return {
        "page": program.scrape().text,
        "log": program.log(),
        "landing page": program.get("/").body.decode(),
        "collect": output("collect", "postgres", f"--config.file={config}", "--log.level=debug"),
        "check-config": output("check-config", f"--config.file={config}"),
    }


def leaks(texts):
    return {place: line for place, text in texts.items() for line in text.splitlines() if CANARY in line}


def test_secrets_are_said_nowhere(secretive, upkeep):
    _, config = secretive
    program = upkeep(f"--config.file={config}", "--log.level=debug")
    waiting.until(lambda: program.scrape().get("pg_up", server="test") == 1, 20, "a server that is up")
    waiting.until(lambda: program.scrape().select("pg_stat_statements_calls_total"), 20, "statements")
    texts = everything_it_says(program, config)
    assert "pg_stat_statements_calls_total" in texts["page"] and "pg_stat_statements_calls_total" in texts["collect"]
    assert leaks(texts) == {}


def test_nor_is_a_password_that_is_wrong(secretive, upkeep, tmp_path):
    cluster, _ = secretive
    config = write_config(cluster, tmp_path, OWN + "-of-old")
    program = upkeep(f"--config.file={config}", "--log.level=debug")
    waiting.until(lambda: program.scrape().select("upkeep_postgres_connection_failed"), 20, "a refusal")
    assert "reason=authentication" in program.log()
    assert leaks(everything_it_says(program, config)) == {}
