"""A real Docker engine for tests: a daemon with its own data, socket and containers, and what it and the kernel say.

It runs in a sandbox (sandbox.py): its mounts and processes, those of its containers included, are gone with that.
Images are made of a busybox; nothing is pulled. Upkeep has to run in the sandbox too, where it sees the processes.
"""

import contextlib
import datetime
import fcntl
import functools
import http.client
import io
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile

import sandbox
import servers
import waiting

CGROUPS = pathlib.Path("/sys/fs/cgroup")
UNIFIED = (CGROUPS / "cgroup.controllers").exists()
PARENT = "docker"
PODMAN_PARENT = "libpod_parent"
IMAGE = "busybox:one"
FOREVER = ("sleep", "1000000")

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"


@functools.cache
def program(name):
    """dockerd, or another one that comes with it."""
    dockerd = servers.tool("dockerd")
    return dockerd if name == "dockerd" else shutil.which(name, path=environment().get("PATH"))


@functools.cache
def environment():
    """Where the daemon finds containerd, runc and its libraries, beside itself or where the system has them."""
    tools = pathlib.Path(servers.tool("dockerd")).parents[2]  # of usr/sbin/dockerd
    if tools == pathlib.Path("/"):
        return {}
    folders = [f"{tools}/{folder}" for folder in ("usr/sbin", "usr/bin", "sbin", "bin")]
    libraries = [f"{tools}/{folder}/x86_64-linux-gnu" for folder in ("usr/lib", "lib")]
    return {"PATH": ":".join([*folders, os.environ["PATH"]]), "LD_LIBRARY_PATH": ":".join(libraries)}


def busybox_root():
    """An image: a busybox under all of its names, as a tar archive."""
    busybox = servers.tool("busybox")
    names = subprocess.run([busybox, "--list"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for folder in ("bin", "tmp"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o777
            archive.addfile(entry)
        archive.add(busybox, "bin/busybox")
        for name in names:
            if name != "busybox":
                entry = tarfile.TarInfo(f"bin/{name}")
                entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(entry)
    return content.getvalue()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("docker", timeout=timeout)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def unix_seconds(text):
    """2026-01-02T03:04:05.678901234Z, as the API has it; 0 for never."""
    seconds, _, fraction = text.rstrip("Z").partition(".")
    if seconds.startswith("0001-"):
        return 0
    moment = datetime.datetime.strptime(seconds, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    return moment.timestamp() + float(f"0.{fraction or 0}")


class Daemon:
    """A running dockerd with a containerd. `network`: with a network of its own, to make networks in."""

    def __init__(self, network=False, live_restore=False):
        # Not below the test's own: the path of a socket is short.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="upkeep-docker-"))
        self.socket = self.folder / "docker.sock"
        self.server = None
        self.containerd = None
        self.corner = None
        self._lock = share_parent_cgroup()
        self._live_restore = live_restore
        try:
            self.corner = sandbox.Sandbox(self.folder, network)
            if network:
                self.corner.run("umount", "/sys")  # that of its network has no cgroups
            self._start_containerd()
            self.start()
            self.make_image(IMAGE)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- The daemon ---

    def _start_containerd(self):
        """One that dockerd started would end with it, and not let a second one in."""
        configuration = self.folder / "containerd.toml"
        configuration.write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n', encoding="ascii")
        command = [program("containerd"), f"--config={configuration}", f"--address={self._containerd_socket}"]
        command += [f"--root={self.folder}/containerd", f"--state={self.folder}/containerd-run"]
        self.containerd = servers.Server("containerd", command, self.folder, corner=self.corner, env=environment())
        self.containerd.wait_for(self._containerd_socket.exists, 30, "containerd")

    @property
    def _containerd_socket(self):
        return self.folder / "containerd.sock"

    def start(self, wait=True):
        command = [program("dockerd"), f"--host=unix://{self.socket}", "--storage-driver=vfs", "--bridge=none"]
        command += [f"--containerd={self._containerd_socket}"]
        command += [f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec"]
        command += [f"--pidfile={self.folder}/pid"]
        command += ["--iptables=false", "--ip-masq=false", "--ip-forward=false"]
        command += ["--exec-opt=native.cgroupdriver=cgroupfs"]
        command += ["--live-restore"] if self._live_restore else []
        self.server = servers.Server("dockerd", command, self.folder, corner=self.corner, env=environment())
        if wait:
            self.server.wait_for(self.answers, 30, lambda: f"dockerd to answer\n{self.log()[-3000:]}")

    def answers(self):
        try:
            return self.request("/_ping", timeout=2).status == 200
        except OSError:
            return False

    def stop(self):
        """Its containers end with it, unless it restores live ones."""
        self.resume()
        return self.server.stop()

    def kill(self):
        """Its containers and its containerd live on."""
        self.resume()
        self.server.kill()

    def freeze(self):
        """The socket still accepts, and nobody answers."""
        self.server.signal(signal.SIGSTOP)

    def resume(self):
        """nsenter too, which stops when what it runs is stopped."""
        for pid in (self.server.pid, self.server.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def log(self):
        return self.server.log() if self.server else ""

    def close(self):
        """Ends every process, takes the cgroups away, which outlive their processes, and all files."""
        ids = [path.name for path in self.folder.glob("data/containers/*")]
        if self.corner:
            self.corner.close()
        for server in filter(None, (self.server, self.containerd)):
            server.process.kill()  # nsenter, stopped or not
            server.process.wait(20)
        remove_cgroups(ids)
        leave_parent_cgroup(self._lock)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- What it is told and asked ---

    def docker(self, *arguments, check=True, input=None, seconds=60):
        """What the command line prints. Its errors are shown."""
        command = [program("docker"), "-H", f"unix://{self.socket}"]
        done = subprocess.run(
            [*command, *map(str, arguments)],
            input=input,
            capture_output=True,
            timeout=seconds,
            env=os.environ | {"DOCKER_CONFIG": str(self.folder / "client")},
            check=False,
        )
        assert not check or done.returncode == 0, f"docker {arguments}: {done.stderr.decode()}"
        return done.stdout.decode().strip()

    def request(self, path, timeout=30):
        with contextlib.closing(UnixConnection(self.socket, timeout)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return servers.Response(answer.status, answer.headers, answer.read(), 0)

    def api(self, path):
        answer = self.request(path)
        assert answer.status == 200, (path, answer.status, answer.body[:300])
        return answer.json()

    def make_image(self, name, *changes):
        """`changes` are instructions of a Dockerfile. Each image has a layer of its own."""
        flags = [flag for change in changes for flag in ("--change", change)]
        return self.docker("import", "--message", name, *flags, "-", name, input=busybox_root())

    def run(self, name, *command, image=IMAGE, flags=()):
        """Starts a container and does not wait for it. Returns its id."""
        return self.docker("run", "--detach", "--name", name, "--stop-timeout=1", *flags, image, *(command or FOREVER))

    def run_service(self, project, service, number, *command, image=IMAGE, flags=()):
        """A container as compose makes it, as far as one can tell."""
        labels = [f"--label={PROJECT}={project}", f"--label={SERVICE}={service}"]
        labels += [f"--label=com.docker.compose.container-number={number}"]
        return self.run(f"{project}-{service}-{number}", *command, image=image, flags=[*labels, *flags])

    def inspect(self, name):
        return json.loads(self.docker("inspect", name))[0]

    def state(self, name):
        return self.inspect(name)["State"]

    def wait_for_state(self, name, wanted, seconds=30):
        waiting.until(lambda: self.state(name)["Status"] == wanted, seconds, f"{name} to be {wanted}")

    def wait_for_health(self, name, wanted, seconds=30):
        waiting.until(lambda: self.state(name)["Health"]["Status"] == wanted, seconds, f"{name} to be {wanted}")

    def stats(self, name):
        """What `docker stats` reads, in its raw units."""
        return self.api(f"/containers/{name}/stats?stream=false")

    def cgroup(self, name, controller):
        """The folder of a container's cgroup."""
        found = self.inspect(name)["Id"]
        return CGROUPS / PARENT / found if UNIFIED else CGROUPS / controller / PARENT / found

    # --- Upkeep's view of it ---

    def settings(self, **more):
        """The section `containers`. What is asked for seldom is asked for each second."""
        return {"docker": f"unix://{self.socket}", "interval": "1s"} | more


def cgroup_folders(name):
    """Those of a container of Docker or Podman, in every hierarchy, the innermost first."""
    places = (f"{PARENT}/{name}", f"{PODMAN_PARENT}/libpod-{name}")
    tops = [top for place in places for pattern in (place, f"*/{place}") for top in CGROUPS.glob(pattern)]
    return [pathlib.Path(folder) for top in tops for folder, _, _ in os.walk(top, topdown=False)]


def remove_cgroups(ids):
    """Of containers whose processes have just been killed."""
    for cgroup in [path for name in ids for path in cgroup_folders(name)]:
        waiting.until(functools.partial(remove_cgroup, cgroup), 10, f"{cgroup} to be empty")


def share_parent_cgroup():
    """A lock that says that the cgroup in which all containers are is in use."""
    lock = open(pathlib.Path(tempfile.gettempdir()) / "upkeep-docker.lock", "wb")
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def leave_parent_cgroup(lock):
    """Takes it away when nobody else needs it, neither another test nor the machine's own engine."""
    with lock, contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not pathlib.Path("/run/docker.sock").exists():
            for name in (PARENT, f"{PODMAN_PARENT}/conmon", PODMAN_PARENT):
                for folder in (CGROUPS / name, *CGROUPS.glob(f"*/{name}")):
                    remove_cgroup(folder)


def remove_cgroup(folder):
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def config(**settings):
    """A configuration that watches containers and nothing else."""
    return json.dumps({"collectors": {"host": False, "containers": settings}}, indent=2)


def write_config(folder, **settings):
    path = pathlib.Path(folder) / "upkeep.yml"
    path.write_text(config(**settings), encoding="utf-8")
    return path


# --- Reading its page ---


def one(page, family, name, **labels):
    """The value of a container's one series of a family; None without it."""
    found = page.select(family, name=name, **labels)
    assert len(found) <= 1, found
    return next(iter(found.values()), None)


def status(page, name, family="container_state_status"):
    """The one status that is 1; None for a container that is not there."""
    found = {dict(labels)["status"]: value for labels, value in page.select(family, name=name).items()}
    assert set(found.values()) <= {0, 1} and sum(found.values()) == (1 if found else 0), found
    return next((word for word, value in found.items() if value), None)


def health(page, name):
    return status(page, name, "container_state_health_status")


def wait_for(program, condition, what, seconds=20):
    """Scrapes until the page is so, and returns it. Events arrive within moments."""
    seen = []

    def poll():
        seen.append(program.scrape())
        return condition(seen[-1]) and seen[-1]

    def description():
        lines = [line for line in seen[-1].text.splitlines() if "_engine_" in line or "_state_" in line]
        return what + "\n" + "\n".join(lines)[-3000:]

    return waiting.until(poll, seconds, description)


def wait_for_status(program, name, wanted, seconds=20):
    return wait_for(program, lambda page: status(page, name) == wanted, f"{name} to be {wanted}", seconds)


def wait_for_health(program, name, wanted, seconds=20):
    return wait_for(program, lambda page: health(page, name) == wanted, f"{name} to be {wanted}", seconds)



def engine_up(page, engine="docker"):
    return page.get("upkeep_container_engine_up", engine=engine) == 1


def engine_failure(page):
    """Why the engine is not known; None while it is."""
    found = [dict(labels) for labels in page.select("upkeep_container_engine_failed")]
    assert (not found) == engine_up(page), found
    return found[0]["reason"] if found else None
