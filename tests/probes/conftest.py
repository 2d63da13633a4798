"""Fixtures for tests of probes with real servers."""

import pytest

pytest.register_assert_rewrite("endpoints")

import endpoints


@pytest.fixture
def serve(request):
    """serve(behaviour): a server that does that, until the end of the test."""
    made = []

    def begin(behave, **options):
        made.append(endpoints.Rogue(behave, **options))
        return made[-1]

    yield begin
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return endpoints.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def nginx(start):
    """nginx(sites): a real one."""
    return lambda *sites: start(endpoints.Nginx, sites)


@pytest.fixture
def watch(upkeep, tmp_path):
    """watch(targets..., settings...): Upkeep, asking these."""

    def begin(*targets, flags=(), env=None, **section):
        path = tmp_path / "upkeep.yml"
        path.write_text(endpoints.config(*targets, **section))
        return upkeep(f"--config.file={path}", *flags, env=env)

    return begin
