"""Fixtures for tests with a real Docker engine; the end of its log is shown when a test failed."""

import pytest

pytest.register_assert_rewrite("docker")

import docker


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if call.when == "call" and report.failed:
        for daemon in {value for value in item.funcargs.values() if isinstance(value, docker.Daemon)}:
            report.sections.append(("the end of the log of dockerd", daemon.log()[-3000:]))


@pytest.fixture
def make_daemon():
    """make_daemon(options...): an engine of this test alone."""
    made = []

    def make(**options):
        made.append(docker.Daemon(**options))
        return made[-1]

    yield make
    for daemon in reversed(made):
        daemon.close()


@pytest.fixture
def daemon(make_daemon):
    """An engine of this test alone, whose containers have no network."""
    return make_daemon()


@pytest.fixture
def watch(upkeep, tmp_path):
    """watch(daemon, settings...): Upkeep beside an engine, once it has heard from it."""

    def begin(daemon, **settings):
        path = docker.write_config(tmp_path, **daemon.settings(**settings))
        program = upkeep(f"--config.file={path}", corner=daemon.corner)
        docker.wait_for(program, docker.engine_up, "the engine to be known")
        return program

    return begin
