"""Fixtures for tests with real Postgres servers; the end of their logs is shown when a test failed."""

import pytest

pytest.register_assert_rewrite("comparison", "postgres")

import postgres


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if call.when == "call" and report.failed:
        for cluster in {value for value in item.funcargs.values() if isinstance(value, postgres.Cluster)}:
            report.sections.append((f"the end of the log of {cluster.folder}", cluster.log()[-3000:]))


@pytest.fixture
def make_cluster():
    """make_cluster(version, settings...): a server of this test alone, with the role `upkeep`."""
    made = []

    def make(*arguments, **options):
        made.append(postgres.Cluster(*arguments, **options))
        if not options.get("primary"):
            made[-1].create_role()
        return made[-1]

    yield make
    for cluster in reversed(made):
        cluster.close()


@pytest.fixture
def cluster(make_cluster):
    """A server of this test alone, of Debian's version."""
    return make_cluster()


@pytest.fixture
def watch(upkeep, tmp_path):
    """watch(item...): Upkeep, watching these servers."""

    def begin(*items, **options):
        return upkeep(f"--config.file={postgres.write_config(tmp_path, *items)}", **options)

    return begin
