"""Fixtures for tests with real dumps of a real Postgres."""

import pathlib
import shutil
import tempfile

import pytest

pytest.register_assert_rewrite("backups", "postgres")

import backups
import postgres


@pytest.fixture(scope="module")
def cluster():
    """A server with a database to dump."""
    with postgres.Cluster() as made:
        backups.make_database(made)
        yield made


@pytest.fixture
def folder(tmp_path):
    """Where the backups lie."""
    path = tmp_path / "backups"
    path.mkdir()
    return path


@pytest.fixture
def state():
    """Not below the folder of the test: who runs Postgres in a drill may not enter that."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="upkeep-state-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def watch(upkeep, tmp_path, state):
    """watch(item...): Upkeep, watching these backups."""

    def begin(*items, **options):
        return upkeep(f"--config.file={backups.write_config(tmp_path, state, *items)}", **options)

    return begin
