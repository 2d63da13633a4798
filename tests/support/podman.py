"""A real Podman with its compatible API for tests, in a sandbox as Docker is (docker.py), with Docker's runc."""

import json
import os
import pathlib
import shutil
import tempfile

import docker
import sandbox
import servers

IMAGE = "localhost/" + docker.IMAGE


class Podman:
    """Its containers need no daemon; what answers on the socket is started beside them."""

    def __init__(self):
        # Not below the test's own: the path of a socket is short.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="upkeep-podman-"))
        self.socket = self.folder / "podman.sock"
        self.server = None
        self.corner = None
        self._lock = docker.share_parent_cgroup()
        self._ids = []
        try:
            self._configure()
            self.corner = sandbox.Sandbox(self.folder)
            self.podman("import", "-", docker.IMAGE, input=docker.busybox_root())
            command = [*self._command, "system", "service", "--time=0", f"unix://{self.socket}"]
            self.server = servers.Server("podman", command, self.folder, corner=self.corner, env=self._environment)
            self.server.wait_for(self.socket.exists, 30, "podman's socket")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _configure(self):
        """It reads nothing of the machine's."""
        podman = pathlib.Path(servers.tool("podman"))
        top = podman.parents[2]  # of usr/bin/podman
        configuration = self.folder / ".config/containers"
        configuration.mkdir(parents=True)
        policy = '{"default": [{"type": "insecureAcceptAnything"}]}'
        (configuration / "policy.json").write_text(policy, encoding="ascii")
        (configuration / "containers.conf").write_text(
            f'[engine]\nconmon_path = ["{top}/usr/bin/conmon"]\nevents_logger = "file"\nruntime = "runc"\n'
            f'[engine.runtimes]\nrunc = ["{docker.program("runc")}"]\n',
            encoding="ascii",
        )
        (configuration / "storage.conf").write_text(
            f'[storage]\ndriver = "vfs"\ngraphroot = "{self.folder}/data"\nrunroot = "{self.folder}/run"\n',
            encoding="ascii",
        )
        self._command = [podman, "--cgroup-manager=cgroupfs", f"--tmpdir={self.folder}/tmp"]
        self._environment = docker.environment() | {
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "CONTAINERS_CONF": str(configuration / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(configuration / "storage.conf"),
        }

    def podman(self, *arguments, check=True, input=None):
        """What the command line prints. Its errors are shown."""
        environment = os.environ | self._environment
        command = [*self._command, *arguments]
        done = self.corner.run(*command, check=False, input=input, capture_output=True, env=environment)
        assert not check or done.returncode == 0, f"podman {arguments}: {done.stderr.decode()}"
        return done.stdout.decode().strip()

    def run(self, name, *command, flags=()):
        """Starts a container and does not wait for it. Returns its id."""
        flags = ["--detach", "--name", name, "--network=none", *flags]
        self._ids.append(self.podman("run", *flags, IMAGE, *(command or docker.FOREVER)))
        return self._ids[-1]

    def inspect(self, name):
        return json.loads(self.podman("inspect", name))[0]

    def settings(self, **more):
        return {"docker": f"unix://{self.socket}", "interval": "1s"} | more

    def log(self):
        return self.server.log() if self.server else ""

    def close(self):
        if self.corner:
            self.corner.close()
        if self.server:
            self.server.process.kill()  # nsenter
            self.server.process.wait(20)
        docker.remove_cgroups(self._ids)
        docker.leave_parent_cgroup(self._lock)
        shutil.rmtree(self.folder, ignore_errors=True)
