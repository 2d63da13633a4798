"""What processes cost, as the kernel accounts for it."""

import contextlib
import pathlib

CGROUPS = pathlib.Path("/sys/fs/cgroup")


class Account:
    """Counts the CPU of the processes put into it, and of their children, the ended ones too. Needs root."""

    def __init__(self, name):
        old = CGROUPS / "cpuacct"
        self.folder = (old if old.is_dir() else CGROUPS) / f"upkeep-bench-{name}"
        self.folder.mkdir(exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.rmdir()

    def hold(self, *pids):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                (self.folder / "cgroup.procs").write_text(str(pid))

    def milliseconds(self):
        old = self.folder / "cpuacct.usage"
        if old.exists():
            return int(old.read_text()) / 1e6
        return int((self.folder / "cpu.stat").read_text().split()[1]) / 1e3


def own_milliseconds(pid):
    """To the nanosecond, of the threads that are there."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e6


def resident_kb(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(dict(line.split(":", 1) for line in lines)["VmRSS"].split()[0])
