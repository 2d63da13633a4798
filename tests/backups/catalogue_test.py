"""What is said of real backups that come, grow, age and vanish."""

import os
import shutil
import signal
import subprocess
import time

import pytest

import backups
import servers
import waiting

from backups import DAY, HOUR, value

# In pg_dump's own directory format the name is that of the directory.
NAMES = {"plain": "shop.sql", "custom": "shop.dump", "directory": "shop.dir", "tar": "shop.tar"}


def at(path):
    """The time of a file, as a double shows it."""
    return pytest.approx(path.stat().st_mtime, abs=0.01)


def test_the_newest_the_one_before_and_all_of_them(cluster, folder, watch):
    small = backups.dump(cluster, folder / "shop_1.sql.gz", flags=["--exclude-table-data=orders"])
    backups.age(small, 49 * HOUR)
    large = backups.age(backups.dump(cluster, folder / "shop_2.sql.gz"), 25 * HOUR)
    newest = backups.age(backups.dump(cluster, folder / "shop_3.sql.gz"), HOUR)
    (folder / "other.sql.gz").write_bytes(b"not matched")
    program = watch(backups.item("shop", folder / "shop_*.sql.gz", retain="2d", min_size="1KiB", max_shrink="30%"))
    page = backups.wait_for_newest(program, newest)
    sizes = [path.stat().st_size for path in (small, large, newest)]
    assert value(page, "size_bytes") == sizes[2]
    assert value(page, "previous_size_bytes") == sizes[1]
    assert value(page, "next_size_bytes") == max(sizes)
    assert value(page, "files") == 3
    assert value(page, "total_bytes") == sum(sizes)
    assert value(page, "oldest_timestamp_seconds") == at(small)
    assert value(page, "expired_files") == 1
    assert value(page, "source_up") == 1
    assert value(page, "state_writable") == 1
    free = os.statvfs(folder)
    assert value(page, "free_bytes") == pytest.approx(free.f_bavail * free.f_frsize, rel=0.2)
    thresholds = {
        "max_age_seconds": 26 * HOUR, "interval_seconds": DAY, "min_size_bytes": 1024, "max_shrink_ratio": 0.3,
        "retention_seconds": 2 * DAY, "verify_within_seconds": 12 * HOUR,
    }
    assert {name: value(page, name) for name in thresholds} == thresholds
    # Nobody asked for these.
    assert value(page, "archive_last_timestamp_seconds") is None
    assert value(page, "restore_interval_seconds") is None
    small.unlink()
    page = backups.wait_for(program, lambda page: value(page, "files") == 2, "the old one to be gone")
    assert value(page, "expired_files") == 0


def test_series_stay_when_there_is_nothing_to_see(cluster, folder, watch):
    program = watch(backups.item("shop", folder / "*.sql.gz"))
    page = backups.wait_for(program, lambda page: value(page, "source_up") == 1, "a first look")
    assert value(page, "last_timestamp_seconds") == 0
    assert value(page, "files") == 0
    made = backups.dump(cluster, folder / "shop.sql.gz")
    backups.wait_for_newest(program, made)
    away = folder.rename(folder.with_name("away"))
    page = backups.wait_for(program, lambda page: value(page, "source_up") == 0, "the directory to be gone")
    assert backups.reasons(page, "source_failed") == {"missing"}
    assert value(page, "last_timestamp_seconds") is not None
    assert value(page, "max_age_seconds") == 26 * HOUR
    away.rename(folder)
    page = backups.wait_for_newest(program, made)
    assert value(page, "source_up") == 1
    assert backups.reasons(page, "source_failed") == set()


def test_what_is_still_written_is_no_backup(cluster, folder, watch):
    content = backups.dump(cluster, folder / "shop_1.sql.gz").read_bytes()
    done = backups.age(folder / "shop_1.sql.gz", HOUR)
    program = watch(backups.item("shop", folder / "shop_*.sql.gz", settle="3s"))
    backups.wait_for_newest(program, done)
    growing = folder / "shop_2.sql.gz"
    with open(growing, "wb", buffering=0) as file:
        step = len(content) // 20 + 1
        for begin in range(0, len(content), step):
            file.write(content[begin : begin + step])
            page = backups.wait_for(program, lambda page: value(page, "in_progress_files") == 1, "one in progress")
            assert value(page, "last_timestamp_seconds") == at(done)
            assert value(page, "verified") in (None, 1)
    backups.wait_for_newest(program, growing)
    page = backups.wait_for(program, lambda page: value(page, "unverified_files") == 0, "both to be verified")
    assert value(page, "in_progress_files") == 0
    assert value(page, "verified") == 1
    assert value(page, "corrupt_files") == 0


def test_what_has_a_temporary_name_is_no_backup(cluster, folder, watch):
    done = backups.age(backups.dump(cluster, folder / "shop_1.sql.gz"), HOUR)
    left = backups.age(shutil.copy(done, folder / "shop_2.sql.gz.tmp"), 30 * HOUR)
    partial = backups.age(shutil.copy(done, folder / "shop_3.sql.gz.partial"), 60)
    program = watch(backups.item("shop", folder / "shop_*.sql.gz"))
    page = backups.wait_for(program, lambda page: value(page, "temporary_files") == 2, "two temporary files")
    assert value(page, "files") == 1
    assert value(page, "last_timestamp_seconds") == at(done)
    assert value(page, "temporary_oldest_timestamp_seconds") == at(left)
    left.unlink()
    page = backups.wait_for_newest(program, partial.rename(folder / "shop_3.sql.gz"))
    assert value(page, "temporary_files") == 0
    assert value(page, "files") == 2


def test_a_backup_of_the_future_is_not_the_newest(cluster, folder, watch):
    done = backups.age(backups.dump(cluster, folder / "shop_1.sql.gz"), HOUR)
    backups.age(backups.dump(cluster, folder / "shop_2.sql.gz"), -DAY)
    program = watch(backups.item("shop", folder / "shop_*.sql.gz"))
    page = backups.wait_for(program, lambda page: value(page, "future_files") == 1, "a file of the future")
    assert value(page, "last_timestamp_seconds") == at(done)


def test_archives(cluster, folder, watch):
    made = backups.dump(cluster, folder / "shop.sql.gz")
    pattern = folder / "monthly_*.tar.gz"
    program = watch(backups.item("shop", folder / "shop*.sql.gz", archive={"files": str(pattern), "max_age": "32d"}))
    page = backups.wait_for_newest(program, made)
    assert value(page, "archive_last_timestamp_seconds") == 0
    assert value(page, "archive_max_age_seconds") == 32 * DAY
    kept = backups.age(backups.archive(folder / "monthly_1.tar.gz", made), 40 * DAY)
    page = backups.wait_for(program, lambda page: value(page, "archive_files") == 1, "the archive")
    assert value(page, "archive_last_timestamp_seconds") == at(kept)
    assert value(page, "files") == 1


@pytest.mark.parametrize("kind", backups.KINDS)
@pytest.mark.parametrize("ending", ["", *backups.COMPRESSORS])
def test_a_real_dump_is_verified_once(cluster, folder, state, watch, kind, ending):
    """And what was found out outlives the program."""
    if ending and kind != "plain":
        pytest.skip("these compress themselves")
    made = backups.dump(cluster, folder / (NAMES[kind] + ending), kind)
    item = backups.item("shop", made)
    program = watch(item)
    page = backups.wait_for_verdict(program, 1)
    assert value(page, "verified_backup_timestamp_seconds") == value(page, "last_timestamp_seconds")
    assert time.time() - value(page, "verified_timestamp_seconds") < 60
    has_checksums = ending or kind in ("custom", "directory")
    assert (value(page, "verify_coverage_ratio") > 0) == bool(has_checksums)
    assert value(page, "verify_read_bytes_total") > 0
    assert backups.reasons(page, "verify_failure_info") == set()
    waiting.until(lambda: (state / "backups/shop.verified").exists(), 10, "a record")
    assert program.stop() == 0
    again = watch(item, name="again")
    page = backups.wait_for_newest(again, made)
    assert value(page, "verified") == 1
    assert value(page, "verify_read_bytes_total") == 0
    assert value(page, "unverified_files") == 0


def test_a_damaged_one_is_found_and_its_successor_is_good(cluster, folder, watch):
    made = backups.age(backups.dump(cluster, folder / "shop_1.sql.gz"), 2 * HOUR)
    program = watch(backups.item("shop", folder / "shop_*.sql.gz"))
    backups.wait_for_verdict(program, 1)
    broken = backups.age(backups.truncate(backups.dump(cluster, folder / "shop_2.sql.gz")), HOUR)
    page = backups.wait_for_verdict(program, 0)
    assert backups.reasons(page, "verify_failure_info") == {"truncated"}
    assert value(page, "verified_backup_timestamp_seconds") == at(made)
    assert value(page, "last_timestamp_seconds") == at(broken)
    assert value(page, "corrupt_files") == 1
    backups.dump(cluster, folder / "shop_3.sql.gz")
    page = backups.wait_for_verdict(program, 1)
    assert backups.reasons(page, "verify_failure_info") == set()
    assert value(page, "corrupt_files") == 1


def test_without_a_state_directory_it_works_and_says_so(cluster, folder, tmp_path, upkeep):
    made = backups.dump(cluster, folder / "shop.sql.gz")
    (tmp_path / "state").write_text("a file, not a directory")
    item = backups.item("shop", made)
    program = upkeep(f"--config.file={backups.write_config(tmp_path, tmp_path / 'state', item)}")
    page = backups.wait_for_verdict(program, 1)
    assert value(page, "state_writable") == 0
    assert len([line for line in program.log().splitlines() if "state" in line and "level=info" not in line]) == 1


def test_a_fifo_in_the_way_blocks_nothing(cluster, folder, watch):
    made = backups.dump(cluster, folder / "shop_1.sql.gz")
    os.mkfifo(folder / "shop_2.sql.gz")
    os.symlink("/dev/zero", folder / "shop_3.sql.gz")
    program = watch(backups.item("shop", folder / "shop_*.sql.gz"))
    page = backups.wait_for_newest(program, made)
    assert value(page, "files") == 1
    backups.wait_for_verdict(program, 1)


def test_a_disk_that_hangs_costs_nobody_else_anything(cluster, folder, state, make_sandbox, watch, tmp_path):
    corner = make_sandbox()
    made = backups.dump(cluster, folder / "shop.sql.gz")
    server = corner.mount_fuse(folder, tmp_path / "remote")
    other = backups.dump(cluster, tmp_path / "wiki.sql.gz")
    program = watch(
        backups.item("shop", tmp_path / "remote" / made.name), backups.item("wiki", other), corner=corner
    )
    backups.wait_for_verdict(program, 1)
    os.kill(server, signal.SIGSTOP)
    try:
        newer = backups.dump(cluster, tmp_path / "wiki.sql.gz")
        backups.wait_for_newest(program, newer, "wiki")
        assert max(program.scrape().seconds for _ in range(10)) < 0.5
        threads = program.threads()
        for _ in range(20):
            program.scrape()
        assert program.threads() <= threads
        started = time.monotonic()
        assert program.stop() == 0
        assert time.monotonic() - started < 3
    finally:
        os.kill(server, signal.SIGCONT)


def test_the_example_in_the_configuration_is_sound(tmp_path):
    """deploy/upkeep.yml shows it in comments."""
    lines = (servers.SOURCE / "deploy/upkeep.yml").read_text(encoding="utf-8").splitlines()
    begin = lines.index("  # backups:")
    end = next(i for i in range(begin, len(lines)) if not lines[i].startswith("  # "))
    path = tmp_path / "upkeep.yml"
    text = "\n".join(["collectors:", *(line.replace("  # ", "  ", 1) for line in lines[begin:end])])
    path.write_text(text + "\n", encoding="utf-8")
    done = subprocess.run(
        [servers.UPKEEP, "check-config", f"--config.file={path}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
