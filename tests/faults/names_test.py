"""Names from outside: bytes that are no UTF-8, line ends, quotes, 64 KiB of them. The page stays sound."""

import subprocess
import textwrap

import pytest

import invariants
import servers
import waiting

ODD = {
    "latin 1": b"latin-\xe9\xff\xfe",
    "cut off": b"cut-\xe2\x82",
    "surrogate": b"surrogate-\xed\xa0\x80",
    "line end": b"line\nend",
    "quote": b'quote"and\\backslash',
    "tab": b"tab\tand space",
    "birds": "鳥🐦".encode(),
    "255 bytes": b"n" * 255,
}
ODDER = ODD | {"64 KiB": b"x" * 65536, "64 KiB of no UTF-8": b"\xff" * 65536, "zeros": b"\0" * 100}

# Run in the sandbox: a mount below so many folders that its path is 64 KiB long. No call takes such a path, so it is
# walked to.
MOUNT_DEEP = textwrap.dedent(
    """
    import ctypes, os, sys
    os.chdir(sys.argv[1])
    for _ in range(263):
        os.mkdir("d" * 250)
        os.chdir("d" * 250)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.mount(b"upkeep-test", b".", b"tmpfs", 0, b"size=1m") == 0, os.strerror(ctypes.get_errno())
    """
)


def as_kernel_writes(name):
    """In mountinfo, what would break a line or a column is escaped."""
    for byte in b"\\", b" ", b"\t", b"\n":
        name = name.replace(byte, b"\\%03o" % byte[0])
    return name


def check_with_promtool(page):
    """Prometheus's own parser takes the page. (3: only style is criticized.)"""
    command = [servers.tool("promtool"), "check", "metrics"]
    checked = subprocess.run(command, input=page.text.encode(), capture_output=True, check=False)
    assert checked.returncode in (0, 3), checked.stderr[-2000:]


def test_of_mounts(upkeep, make_sandbox, tmp_path):
    corner = make_sandbox()
    corner.mount_tmpfs(tmp_path / "odd", "64m")
    for name in ODD.values():
        target = bytes(tmp_path / "odd") + b"/" + name
        subprocess.run([*corner.command, "mkdir", target], check=True)
        subprocess.run([*corner.command, "mount", "-i", "-t", "tmpfs", "-o", "size=1m", b"dev-" + name, target], check=True)
    corner.run("/usr/bin/python3", "-c", MOUNT_DEEP, tmp_path / "odd")
    longest = corner.run("sh", "-c", "wc -L < /proc/1/mountinfo", stdout=subprocess.PIPE, text=True)
    assert int(longest.stdout) > 64 * 1024, "the mount with the long path is not there"

    program = upkeep(corner=corner)

    def odd_points():
        points = program.scrape().label_values("node_filesystem_size_bytes", "mountpoint")
        return {point for point in points if point.startswith(f"{tmp_path}/odd/")}

    waiting.until(lambda: len(odd_points()) >= len(ODD), 20, lambda: f"all of the odd mounts: {odd_points()}")
    page = program.scrape()
    invariants.check_healthy(page)
    check_with_promtool(page)
    assert f"{tmp_path}/odd/line\nend" in odd_points()
    assert f'{tmp_path}/odd/quote"and\\backslash' in odd_points()
    assert f"{tmp_path}/odd/鳥🐦" in odd_points()
    assert all("\ufffd" in point for point in odd_points() if "latin-" in point or "cut-" in point)
    assert all(len(point.encode()) <= 256 for point in odd_points())
    invariants.check_nothing_grows(program, scrapes=200)


@pytest.mark.parametrize("name", ODDER.values(), ids=ODDER.keys())
def test_in_a_proc_of_another_make(upkeep, tmp_path, name):
    """Where one file is damaged, its collector may fail; the page stays sound and the others deliver."""
    proc = tmp_path / "proc"
    for folder in ("1", "net", "sys/kernel", "self"):
        (proc / folder).mkdir(parents=True)
    for same in ("loadavg", "meminfo", "stat", "uptime", "vmstat", "self/stat", "self/limits", "net/sockstat"):
        (proc / same).symlink_to(f"/proc/{same}")
    (proc / "net/dev").write_bytes(
        b"Inter-|   Receive                                                |  Transmit\n"
        b" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
        b"    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0\n"
        + name
        + b":       7       1    0    0    0     0          0         0        7       1    0    0    0     0       0          0\n"
    )
    (proc / "diskstats").write_bytes(
        b" 254       0 vda 1 0 8 1 1 0 8 1 0 1 1 0 0 0 0 0 0\n 254      16 " + name + b" 1 0 8 1 1 0 8 1 0 1 1 0 0 0 0 0 0\n"
    )
    (proc / "1/mountinfo").write_bytes(
        b"22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n23 22 254:16 / /"
        + as_kernel_writes(name) + b" rw - ext4 " + as_kernel_writes(name) + b" rw\n"
    )
    (proc / "net/arp").write_bytes(
        b"IP address       HW type     Flags       HW address            Mask     Device\n"
        b"10.0.0.1         0x1         0x2         00:00:00:00:00:01     *        " + name + b"\n"
    )
    program = upkeep(f"--path.procfs={proc}")
    waiting.until(lambda: program.scrape().select("node_filesystem_device_error", mountpoint="/"), 20, "the root mount")
    page = program.scrape()
    assert len(page.select("node_filesystem_device_error")) == 2
    check_with_promtool(page)
    for metric in ("node_load1", "node_memory_MemTotal_bytes"):
        assert page.get(metric) is not None
    assert max(len(value.encode()) for _, labels in page.samples for _, value in labels) <= 256
