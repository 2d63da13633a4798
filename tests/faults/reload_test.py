"""Bad configurations and many reloads: the old configuration stays, and no scrape is lost."""

import os
import signal
import threading
import time

import pytest

import invariants
import waiting

GOOD = "collectors:\n  host: {disable: [entropy]}\n"


def reload_successful(program):
    return program.scrape().get("upkeep_config_last_reload_successful")


@pytest.fixture
def program(upkeep, tmp_path):
    (tmp_path / "upkeep.yml").write_text(GOOD)
    return upkeep(f"--config.file={tmp_path}/upkeep.yml", "--web.enable-lifecycle")


@pytest.mark.parametrize(
    "content, words",
    [
        ("collectors: {host: {intervall: 1s}}\n", "upkeep.yml:1:"),
        ("collectors:\n  host: {interval: 1s, interval: 2s}\n", "upkeep.yml:2:"),
        ("collectors: [\n", "upkeep.yml:"),
        ("collectors: {host: {interval: fast}}\n", "upkeep.yml:1:"),
        (None, "upkeep.yml"),
        ("a folder", "upkeep.yml"),
    ],
    ids=["unknown key", "repeated key", "cut off", "no duration", "missing", "a folder"],
)
def test_a_bad_file_keeps_the_old_one(program, tmp_path, content, words):
    path = tmp_path / "upkeep.yml"
    collectors = program.scrape().label_values("upkeep_collector_success", "collector")
    path.unlink()
    if content == "a folder":
        path.mkdir()
    elif content is not None:
        path.write_text(content)
    logged = len(program.log())
    program.signal(signal.SIGHUP)
    waiting.until(lambda: reload_successful(program) == 0, 5, "a failed reload in the metrics")
    page = program.scrape()
    assert page.label_values("upkeep_collector_success", "collector") == collectors
    invariants.check_healthy(page)
    waiting.until(lambda: words in program.log()[logged:], 5, f"{words!r} in the log")
    answer = program.get("/-/reload", method="POST", body=b"")
    assert answer.status == 500
    assert words.encode() in answer.body

    if path.is_dir():
        path.rmdir()
    path.write_text(GOOD)
    assert program.get("/-/reload", method="POST", body=b"").status == 200
    assert reload_successful(program) == 1


def test_a_reload_takes_effect(program, tmp_path):
    def collectors():
        return program.scrape().label_values("upkeep_collector_success", "collector")

    assert "entropy" not in collectors()
    (tmp_path / "upkeep.yml").write_text("collectors:\n  host: {disable: [filefd]}\n")
    program.signal(signal.SIGHUP)
    waiting.until(lambda: "entropy" in collectors() and "filefd" not in collectors(), 5, "other collectors")


def test_no_scrape_is_lost_in_a_storm(program, tmp_path):
    """A hundred reloads a second, good and bad, under four scrapers."""
    path, end = tmp_path / "upkeep.yml", threading.Event()
    lost, made = [], []

    def scrape_on():
        while not end.is_set():
            try:
                page = program.scrape(timeout=5)
                invariants.check_healthy(page)
                made.append(page.seconds)
            except Exception as error:  # whatever it is, it is a lost scrape
                lost.append(error)

    threads, descriptors = program.threads(), program.descriptors()
    scrapers = [threading.Thread(target=scrape_on) for _ in range(4)]
    for scraper in scrapers:
        scraper.start()
    started = time.monotonic()
    for number in range(500):
        temporary = path.with_suffix(".new")
        temporary.write_text(GOOD if number % 2 else "mistake: 1\n")
        os.replace(temporary, path)
        program.signal(signal.SIGHUP)
        # The pace of the storm, not a wait for anything.
        time.sleep(max(0.0, started + number / 100 - time.monotonic()))
    end.set()
    for scraper in scrapers:
        scraper.join()
    assert lost == []
    assert len(made) > 100
    path.write_text(GOOD)
    program.signal(signal.SIGHUP)
    waiting.until(lambda: reload_successful(program) == 1, 10, "a good reload at last")
    waiting.until(lambda: program.threads() <= threads + 1, 10, "as many threads as before")
    waiting.until(lambda: program.descriptors() <= descriptors + 4, 10, "as many descriptors as before")
