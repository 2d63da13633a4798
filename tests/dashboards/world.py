"""A small world with real servers in which every panel has something to show: Postgres with a standby, containers,
backups, a host whose disk fills up, and a recorded server for the hardware that a test's machine has not.

Most of it is well, and one thing of each kind is not.
"""

import contextlib
import json
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

import yaml

import backups
import docker
import postgres
import servers
import shorten_rules
import stack
import waiting
import web

RECORDED = servers.SOURCE / "tests/fixtures/hosts/server"

TABLES = """
CREATE TABLE items (id serial PRIMARY KEY, code text, note text);
INSERT INTO items (code, note) SELECT md5(n::text), md5((-n)::text) FROM generate_series(1, 40000) n;
CREATE INDEX items_code ON items (code);
CREATE INDEX items_code_again ON items (code);
CREATE INDEX items_note ON items (note);
CREATE INDEX items_note_code ON items (note, code);
CREATE TABLE busy (id int PRIMARY KEY, n int) WITH (autovacuum_enabled = off);
INSERT INTO busy SELECT n, 0 FROM generate_series(1, 20000) n;
CREATE TABLE repeated (x int);
INSERT INTO repeated VALUES (1), (1);
CREATE TABLE clean (id int PRIMARY KEY);
CREATE SEQUENCE nearly MAXVALUE 1000;
SELECT setval('nearly', 870);
ANALYZE;
"""
INVALID = "CREATE UNIQUE INDEX CONCURRENTLY repeated_x ON repeated (x);"
WORK = """
UPDATE busy SET n = n + 1 WHERE id % 10 = {0};
SELECT count(*) FROM items WHERE code LIKE 'a{0}%';
SELECT * FROM items WHERE id = {0} + 100;
SELECT count(*) FROM (SELECT note FROM items ORDER BY note, code) sorted;
"""
SICK = ["--health-cmd=test -e /tmp/ok", "--health-interval=1s", "--health-retries=1"]


class Stack(stack.Stack):
    """With a second Upkeep that looks at a recorded server."""

    def __init__(self, start, folder, recorded, **options):
        self._recorded = recorded
        super().__init__(start, folder, **options)

    def write_prometheus_config(self, jobs=("upkeep", "prometheus", "alertmanager")):
        super().write_prometheus_config(jobs)
        config = yaml.safe_load(self.prometheus_config.read_text())
        # Much runs at once: slower than the tests of pages.
        config["global"] |= {"scrape_interval": "5s", "scrape_timeout": "5s", "evaluation_interval": "5s"}
        for job in config["scrape_configs"]:
            if job["job_name"] == "upkeep":
                job["static_configs"][0]["targets"].append(self._recorded.url.removeprefix("http://"))
        self.prometheus_config.write_text(yaml.safe_dump(config))


    def _write_rules(self, extra):
        shorten_rules.shorten_rules(servers.SOURCE / "rules", self.folder / "rules", shortest_range="20s")


class World:
    """`start` starts servers that somebody else stops; all else ends with `close`."""

    def __init__(self, start, folder):
        self.folder = pathlib.Path(folder)
        self._start = start
        self._ends = contextlib.ExitStack()
        self._over = threading.Event()
        try:
            self._make()
        except BaseException:
            self.close()
            raise

    def close(self):
        self._over.set()
        self._ends.close()

    def _temporary(self, prefix):
        path = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
        path.chmod(0o755)
        self._ends.callback(shutil.rmtree, path, ignore_errors=True)
        return path

    def _again_and_again(self, what, seconds):
        def loop():
            turn = 0
            while not self._over.wait(seconds):
                with contextlib.suppress(OSError, AssertionError, subprocess.SubprocessError):
                    what(turn)
                turn += 1

        thread = threading.Thread(target=loop)
        thread.start()
        self._ends.callback(thread.join)

    def _make(self):
        # A world that ends joins its threads before what they work on is gone.
        self.daemon = self._ends.enter_context(docker.Daemon())
        self.primary = self._ends.enter_context(
            postgres.Cluster(archive_mode="on", archive_command="false", track_io_timing="on", work_mem="64kB")
        )
        self._fill_database()
        self.standby = self._ends.enter_context(postgres.Cluster(primary=self.primary))
        containers = self._make_containers()
        items = self._make_backups()
        collectors = {
            "containers": containers,
            "backups": items,
            "postgres": [
                self.primary.item(name="orders", standbys=2),
                self.standby.item(name="orders-standby"),
            ],
            **self._make_endpoints(),
            "textfile": {"directory": str(self._make_textfiles()), "interval": "1s"},
        }
        config = json.dumps({"state": str(self._temporary("upkeep-state-")), "collectors": collectors}, indent=2)
        self._make_disk()
        self._ends.callback(self._over.set)
        recorded = self._start(
            servers.Upkeep, f"--config.file={self._recorded_config()}", f"--path.procfs={RECORDED}/proc",
            f"--path.sysfs={RECORDED}/sys", f"--path.rootfs={RECORDED}", name="recorded",
        )
        self.stack = Stack(self._start, self.folder, recorded, upkeep_config=config, corner=self.daemon.corner)
        self._ends.callback(self.stack.close)
        self.url = self.stack.prometheus.url
        seen = 'upkeep_collector_success{collector="textfile"} and on (instance) upkeep_backup_files{backup="moved"}'
        waiting.until(lambda: self.stack.prometheus.query(seen), 60, "a look at what then breaks")
        self._moved.rename(self._moved.with_name("away"))
        (self._textfiles / "broken.prom").write_text("this is no metric\n")
        self._work()

    def _recorded_config(self):
        """What needs a kernel, or an engine, is not recorded; time that stands still would look like work."""
        config = yaml.safe_load((RECORDED / "upkeep.yml").read_text())
        config["collectors"] |= {"host": {"disable": ["filesystem", "fstab", "cpu"]}, "containers": {"docker": False}}
        path = self.folder / "recorded.yml"
        path.write_text(json.dumps(config))
        return path

    # --- Postgres ---

    def _fill_database(self):
        self.primary.create_role()
        self.primary.sql("CREATE EXTENSION pg_stat_statements; CREATE DATABASE shop;")
        self.primary.sql(TABLES, "shop")
        self.primary.psql(INVALID, "shop")
        self.primary.sql("VACUUM clean", "shop")

    def _work(self):
        holder, waiter, cleaner = (
            self._ends.enter_context(self.primary.session(name, "shop")) for name in ("importer", "web", "cleaner")
        )
        holder.run("BEGIN; LOCK TABLE repeated;")
        waiter.send("SET statement_timeout = 0; SELECT count(*) FROM repeated;")
        # Slow enough to be seen at work.
        cleaner.send("SET statement_timeout = 0; SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1; VACUUM items;")
        self._again_and_again(lambda turn: self.primary.sql(WORK.format(turn % 10), "shop"), 0.5)
        self._again_and_again(lambda turn: self.standby.sql("SELECT count(*) FROM items", "shop"), 1)

    # --- Containers ---

    def _make_containers(self):
        daemon = self.daemon
        loop = "while :; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo working; done"
        daemon.run_service("shop", "api", 1, "sh", "-c", loop, flags=["--cpus=0.1", "--memory=32m"])
        daemon.run_service("shop", "api", 2, "sh", "-c", loop, flags=["--cpus=0.2", "--memory=32m"])
        writing = "while :; do head -c 3000000 /dev/zero > /file; sync; sleep 1; done"
        daemon.run_service("shop", "db", 1, "sh", "-c", writing, flags=["--memory=64m"])
        daemon.run_service("shop", "mail", 1, flags=SICK)
        daemon.run("looping", "sh", "-c", "sleep 1; exit 3", flags=["--restart=always"])
        daemon.run("failed", "sh", "-c", "exit 5")
        too_much = "sleep 2; x=$(yes | head -c 200000000)"
        daemon.run("hungry", "sh", "-c", too_much, flags=["--memory=16m", "--restart=always"])
        self._network_of("shop-api-1")
        expected = [
            {"project": "shop", "service": "api", "replicas": 2}, {"project": "shop", "service": "db"},
            {"project": "shop", "service": "queue"},
        ]
        return daemon.settings(expected=expected)

    def _network_of(self, name):
        """Between two interfaces of one container: nothing leaves it."""
        pid = waiting.until(lambda: self.daemon.state(name)["Pid"], 20, f"a process of {name}")

        def run(*command):
            self.daemon.corner.run("nsenter", f"--target={pid}", "--net", *command)

        # The process as the sandbox sees it is the one that the engine speaks of.
        run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth1")
        for link in ("eth0", "eth1"):
            run("ip", "link", "set", link, "up")
        run("ip", "address", "add", "10.200.0.1/24", "dev", "eth0")
        run("ip", "neighbour", "add", "10.200.0.2", "lladdr", "02:00:00:00:00:02", "dev", "eth0")
        sender = "while :; do echo hello; sleep 0.05; done | nc -u 10.200.0.2 9"
        inside = ["nsenter", f"--target={pid}", "--net", servers.tool("busybox")]
        process = subprocess.Popen(
            [*self.daemon.corner.command, *inside, "sh", "-c", sender],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self._ends.callback(process.wait)
        self._ends.callback(process.kill)

    # --- Backups ---

    def _make_backups(self):
        folder = self._temporary("upkeep-backups-")
        for database in ("orders_db", "billing"):
            backups.make_database(self.primary, 3000, database)

        def dump(name, number, age, database="orders_db", **options):
            path = folder / f"{name}_backup_{number}.sql.gz"
            return backups.age(backups.dump(self.primary, path, database=database, **options), age)

        def item(name, **settings):
            files = folder / f"{name}_backup_*.sql.gz"
            return backups.item(name, files, max_age="26h", **settings)

        for number, days in enumerate((3, 2, 1, 0)):
            dump("orders", number, days * backups.DAY + 3600)
            dump("forgetful", number, days * backups.DAY + 7200, "billing")
        dump("stopped", 1, 3 * backups.DAY)
        backups.flip_bit(dump("damaged", 1, 5 * 3600), at=-6)
        archived = backups.archive(folder / "orders_archive_1.tar.gz", folder / "orders_backup_0.sql.gz")
        backups.age(archived, 10 * backups.DAY)
        self._moved = folder / "moved"
        self._moved.mkdir()
        backups.dump(self.primary, self._moved / "moved.sql.gz", database="billing")
        report = folder / "pgbackrest.json"
        report.write_text(self._report())
        return [
            item("orders", retain="2d", archive={"files": str(folder / "orders_archive_*.tar.gz"), "max_age": "32d"},
                 drill=backups.drill(every="1d"), verify={"rate": "1MiB/s"}),
            item("forgetful", drill=backups.drill(checks=["SELECT count(*) = 20000 FROM orders"])),
            item("stopped", drill=backups.drill(every="1h")),
            item("damaged"),
            backups.item("moved", self._moved / "*.sql.gz"),
            {"name": "base", "interval": "1s", "report": {"kind": "pgbackrest", "file": str(report), "name": "main"}},
        ]

    def _report(self):
        stop = int(time.time()) - 4 * 3600
        one = {"timestamp": {"start": stop - 100, "stop": stop}, "error": False, "label": "one",
               "info": {"size": 5_000_000, "delta": 5_000_000, "repository": {"size": 3_000_000, "delta": 3_000_000}}}
        return json.dumps([{"name": "main", "status": {"code": 0, "message": "ok"}, "backup": [one]}])

    # --- Certificates and probes, as far as this Upkeep knows of them ---

    def _make_endpoints(self):
        command = [servers.UPKEEP, "list-collectors"]
        known = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        collectors = {"certificates": self._certificates, "probes": self._probes}
        wanted = [name for name in collectors if name in known]
        if not wanted:
            return {}
        self._tls = self._temporary("upkeep-tls-")
        self._shop = self._ends.enter_context(web.Server(web.certificate(self._tls, "shop", 90)))
        self._legacy = self._ends.enter_context(web.Server(web.certificate(self._tls, "legacy", 5)))
        self._plain = self._ends.enter_context(web.Server())
        self._closed = servers.free_port()
        return {name: collectors[name]() for name in wanted}

    def _certificates(self):
        def endpoint(name, port, **settings):
            return {"name": name, "address": f"127.0.0.1:{port}", "server_name": "localhost"} | settings

        trusted = str(self._tls / "shop.pem")
        return {
            "interval": "2s",
            "files": [str(self._tls / "*.pem")],
            "endpoints": [
                endpoint("shop", self._shop.port, ca_file=trusted, file=trusted),
                endpoint("legacy", self._legacy.port, file=trusted),
                endpoint("gone", self._closed),
            ],
        }

    def _probes(self):
        def target(name, url, **settings):
            return {"name": name, "url": url} | settings

        return {
            "interval": "2s",
            "targets": [
                target("shop", f"https://localhost:{self._shop.port}/", tls={"ca_file": str(self._tls / "shop.pem")}),
                target("legacy", f"https://localhost:{self._legacy.port}/", tls={"insecure": True}),
                target("slow", f"http://127.0.0.1:{self._plain.port}/", slow_after="1ms"),
                target("broken", f"http://127.0.0.1:{self._plain.port}/missing"),
                target("gone", f"http://127.0.0.1:{self._closed}/"),
            ],
        }

    # --- The host ---

    def _make_textfiles(self):
        self._textfiles = self._temporary("upkeep-textfiles-")
        (self._textfiles / "batch.prom").write_text("batch_duration_seconds 12\n")
        return self._textfiles

    def _make_disk(self):
        """A file system that fills up, in the sandbox in which Upkeep runs."""
        place = self._temporary("upkeep-disk-")
        self.daemon.corner.run("mount", "-t", "tmpfs", "-o", "size=64m", "data", place)
        script = f"head -c 50000000 /dev/zero > {place}/data; "
        script += f"while head -c 10000 /dev/zero >> {place}/log; do sleep 1; done"
        process = subprocess.Popen([*self.daemon.corner.command, "sh", "-c", script], stderr=subprocess.DEVNULL)
        self._ends.callback(process.wait)
        self._ends.callback(process.kill)
