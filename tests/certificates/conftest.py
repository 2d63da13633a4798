"""Fixtures for tests with real certificates."""

import pytest

pytest.register_assert_rewrite("certificates", "postgres")

import certificates


@pytest.fixture
def root(tmp_path):
    return certificates.Authority(tmp_path / "root")


@pytest.fixture
def watch(upkeep, tmp_path):
    """watch(settings...): Upkeep, watching these certificates, after its first look."""

    def begin(**settings):
        path = tmp_path / "upkeep.yml"
        path.write_text(certificates.config(tmp_path / "state", **settings), encoding="utf-8")
        running = upkeep(f"--config.file={path}")
        certificates.wait_for(
            running,
            lambda page: sum(page.select("upkeep_collector_runs_total", collector="certificates").values()) > 0,
            "a look",
        )
        return running

    return begin
