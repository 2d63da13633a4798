"""Fixtures for tests with real programs: they are stopped after each test, and their logs shown when it failed."""

import pytest

pytest.register_assert_rewrite("invariants", "metrics", "servers", "stack")

import sandbox
import servers
import stack


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if call.when == "call" and report.failed:
        for server in getattr(item, "started_servers", []):
            report.sections.append((f"the end of the log of {server.name}", server.log()[-6000:]))


@pytest.fixture
def start(request, tmp_path):
    """start(Upkeep, flags...): a server with its data in the folder of the test."""
    request.node.started_servers = started = []

    def begin(kind, *arguments, **options):
        # Known before it is ready, so that one that fails to get ready is stopped and its log shown.
        server = kind.__new__(kind)
        started.append(server)
        server.__init__(tmp_path, *arguments, **options)
        return server

    yield begin
    for server in reversed(started):
        if hasattr(server, "process"):
            server.stop()


@pytest.fixture
def make_sandbox(tmp_path):
    made = []

    def make(**options):
        made.append(sandbox.Sandbox(tmp_path, **options))
        return made[-1]

    yield make
    for corner in made:
        corner.close()


@pytest.fixture
def upkeep(start):
    """upkeep(flags...): the program, listening."""
    return lambda *flags, **options: start(servers.Upkeep, *flags, **options)


@pytest.fixture
def make_stack(start, tmp_path):
    """make_stack(options...): Upkeep, Prometheus, Alertmanager and a stand-in for PagerDuty."""
    made = []

    def make(**options):
        made.append(stack.Stack(start, tmp_path, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
