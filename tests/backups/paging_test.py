"""From a fault of a real backup to a page at PagerDuty, and to its end after the repair."""

import subprocess

import backups
import servers
import waiting


def details(page):
    return page["payload"]["summary"] + page["payload"]["custom_details"]["firing"]


def drill(running, name):
    """By hand, as the runbook says."""
    command = [servers.UPKEEP, "drill", name, f"--config.file={running.upkeep_config}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)


def test_faults_page_whom_they_should_until_they_are_mended(cluster, folder, state, make_stack):
    def make(name, day, **options):
        return backups.dump(cluster, folder / f"{name}_backup_{day}.sql.gz", **options)

    def item(name, **settings):
        return backups.item(name, folder / f"{name}_backup_*.sql.gz", **settings)

    for name, days in (("stopped", 4), ("damaged", 1), ("shrunk", 1)):
        backups.age(make(name, 1), days * backups.DAY)
    stopped, damaged, shrunk = (make(name, 2) for name in ("stopped", "damaged", "shrunk"))
    forgetful = make("forgetful", 1, flags=["--exclude-table=orders"])
    check = backups.drill(checks=["SELECT count(*) = 20000 FROM orders"])
    running = make_stack(
        upkeep_config=backups.config(
            state, item("stopped"), item("damaged"), item("shrunk"), item("forgetful", drill=check)
        )
    )

    def query(expression):
        return running.prometheus.query(expression)

    waiting.until(lambda: len(query("upkeep_backup_verified == 1")) == 4, 60, "four backups to be verified")
    assert query('ALERTS{alertname=~"Backup.*", backup!="forgetful"}') == []

    # The job of one has not run for three days. Of another one a bit has changed, a third has lost most of its rows.
    backups.age(stopped, 3 * backups.DAY)
    backups.flip_bit(damaged, at=-6)  # of the checksum: nothing else is as certain to be called corrupt
    shrunk.unlink()
    shrunk = make("shrunk", 3, flags=["--exclude-table-data=orders"])

    def expect(text, alert, severity, seconds=60):
        page = running.wait_for_trigger(alert, "maintenance", severity, seconds=seconds)
        assert text in details(page)
        return page

    pages = [
        expect("stopped", "BackupTooOld", "critical"),
        expect("damaged", "BackupVerificationFailed", "critical"),
        expect("shrunk", "BackupShrank", "warning"),
        expect("forgetful", "BackupRestoreFailed", "critical", 120),
    ]
    assert "(corrupt)" in details(pages[1])
    assert "(check)" in details(pages[3])

    # The job runs again, the damaged one and the small one are replaced.
    make("stopped", 4)
    damaged.unlink()
    make("damaged", 4)
    shrunk.unlink()
    make("shrunk", 4)
    forgetful.unlink()
    made = make("forgetful", 2).stat().st_mtime
    waiting.until(
        lambda: query(f'upkeep_backup_last_timestamp_seconds{{backup="forgetful"}} > {made - 0.1}'), 30, "the new one"
    )
    done = drill(running, "forgetful")
    assert done.returncode == 0, done.stdout + done.stderr
    for page in pages:
        running.wait_for_resolve(page, 60)
        running.check_one_incident(page)


def test_a_directory_that_is_gone_pages_as_what_it_is(cluster, folder, state, make_stack):
    """Not as a backup that is missing, which is paged where there is none to be seen."""
    made = backups.dump(cluster, folder / "shop.sql.gz")
    running = make_stack(upkeep_config=backups.config(state, backups.item("shop", folder / "*.sql.gz")))
    waiting.until(lambda: running.prometheus.query("upkeep_backup_verified == 1"), 30, "the backup to be known")
    away = folder.rename(folder.with_name("away"))
    page = running.wait_for_trigger("BackupSourceUnreadable", "devops", "critical")
    assert "(missing)" in details(page)
    away.rename(folder)
    running.wait_for_resolve(page)
    running.check_one_incident(page)
    assert running.events("BackupMissing") == []

    made.unlink()
    page = running.wait_for_trigger("BackupMissing", "maintenance", "critical")
    backups.dump(cluster, folder / "shop.sql.gz")
    running.wait_for_resolve(page)
    running.check_one_incident(page)
