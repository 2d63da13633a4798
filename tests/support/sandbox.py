"""A corner of the machine for one test: mounts, processes and (on demand) a network of its own.

What a test mounts, hangs or breaks in it is invisible outside, and gone with it.
"""

import ctypes
import os
import pathlib
import socket
import subprocess
import sys

import waiting

SUPPORT = pathlib.Path(__file__).parent
CLONE_NEWNET = 0x40000000


def children(pid):
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


class Sandbox:
    def __init__(self, folder, network=False):
        self.folder = pathlib.Path(folder)
        self.network = network
        flags = ["--net"] if network else []
        # SIGCHLD is ignored, so that the first process never keeps dead children.
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", *flags]
            + ["sh", "-c", "trap '' CHLD; exec sleep infinity"],
            stdin=subprocess.DEVNULL,
        )
        self._fuse = []
        self.pid = waiting.until(self._first_process, 10, "a sandbox")
        if network:
            self.run("ip", "link", "set", "lo", "up")
            self.run("mount", "-t", "sysfs", "sysfs", "/sys")  # /sys/class/net of this network

    def _first_process(self):
        assert self._holder.poll() is None, "unshare failed: these tests need root"
        for child in children(self._holder.pid):
            if os.readlink(f"/proc/{child}/exe").endswith(("sleep", "coreutils", "busybox")):
                return child
        return None

    @property
    def command(self):
        """What to put before a command to run it here."""
        return ["nsenter", f"--target={self.pid}", "--mount", "--pid"] + (["--net"] if self.network else []) + ["--"]

    def process_in(self, wrapper):
        """The process that `command` started, which is a child of nsenter."""

        def find():
            assert wrapper.poll() is None, f"nsenter ended with {wrapper.returncode}"
            return next(iter(children(wrapper.pid)), None)

        return waiting.until(find, 10, "a process in the sandbox")

    def run(self, *command, check=True, **options):
        return subprocess.run([*self.command, *map(str, command)], check=check, timeout=60, **options)

    def connect(self, address, timeout):
        """A connection made in the network of the sandbox. A socket stays in the network it was made in."""
        libc = ctypes.CDLL(None, use_errno=True)
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY)
        try:
            assert libc.setns(there, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            try:
                return socket.create_connection(address, timeout)
            finally:
                assert libc.setns(home, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        finally:
            os.close(home)
            os.close(there)

    def mount_tmpfs(self, mountpoint, size):
        pathlib.Path(mountpoint).mkdir(parents=True, exist_ok=True)
        self.run("mount", "-t", "tmpfs", "-o", f"size={size}", "upkeep-test", mountpoint)

    def mount_fuse(self, folder, mountpoint):
        """Mounts the files of `folder`. The server is a process whose SIGSTOP hangs the mount."""
        pathlib.Path(mountpoint).mkdir(parents=True, exist_ok=True)
        wrapper = subprocess.Popen(
            [*self.command, "/usr/bin/python3", str(SUPPORT / "fuse_server.py"), str(folder), str(mountpoint)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=sys.stderr,
        )
        self._fuse.append(wrapper)
        assert wrapper.stdout.readline() == b"mounted\n", "the FUSE server did not start"
        return self.process_in(wrapper)

    def close(self):
        """Kills every process in it; its mounts go with them, hung or not."""
        self._holder.kill()
        self._holder.wait(20)
        for wrapper in self._fuse:
            wrapper.kill()  # nsenter stops when what it runs is stopped
            wrapper.wait(20)
            wrapper.stdout.close()
