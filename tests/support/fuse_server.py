"""A small read-only FUSE file system that speaks the kernel's protocol itself: one folder of regular files.

`fuse_server.py FOLDER MOUNTPOINT` shows the files of FOLDER at MOUNTPOINT, prints "mounted", and serves until it is
killed. Stop it with SIGSTOP and whoever touches the mount hangs, as with an NFS server that went away; SIGCONT heals.

The protocol: https://www.kernel.org/doc/html/latest/filesystems/fuse.html and linux/fuse.h.
"""

import ctypes
import errno
import os
import stat
import struct
import sys

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE = 1, 2, 3, 14, 15, 17, 18
FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, INTERRUPT, BATCH_FORGET = 25, 26, 27, 28, 29, 36, 42
IN_HEADER = struct.Struct("<IIQQIIII")
OUT_HEADER = struct.Struct("<IiQ")
ROOT = 1
BLOCK = 4096
DIRECT_IO = 1  # FOPEN_DIRECT_IO: the kernel asks again for each read


class FileSystem:
    def __init__(self, folder):
        self.folder = folder

    def names(self):
        return sorted(os.listdir(self.folder))

    def path(self, node):
        return self.folder if node == ROOT else os.path.join(self.folder, self.names()[node - ROOT - 1])

    def attributes(self, node):
        status = os.stat(self.path(node))
        kind = stat.S_IFDIR | 0o755 if node == ROOT else stat.S_IFREG | 0o644
        times = (int(status.st_mtime),) * 3
        return struct.pack(
            "<6Q10I", node, status.st_size, 1, *times, 0, 0, 0, kind, 1, status.st_uid, status.st_gid, 0, BLOCK, 0
        )

    # One method for each request: the body of the answer. OSError is an answer too.

    def lookup(self, _, body):
        name = body.rstrip(b"\0").decode()
        if name not in self.names():
            raise OSError(errno.ENOENT, name)
        node = ROOT + 1 + self.names().index(name)
        return struct.pack("<4Q2I", node, 0, 0, 0, 0, 0) + self.attributes(node)

    def getattr(self, node, _):
        return struct.pack("<QII", 0, 0, 0) + self.attributes(node)

    def open(self, *_):
        return struct.pack("<QII", 0, DIRECT_IO, 0)

    def read(self, node, body):
        _, offset, size = struct.unpack_from("<QQI", body)
        with open(self.path(node), "rb") as file:
            file.seek(offset)
            return file.read(size)

    def readdir(self, _, body):
        _, offset, size = struct.unpack_from("<QQI", body)
        entries = [(ROOT, "."), (ROOT, "..")] + [(ROOT + 1 + i, name) for i, name in enumerate(self.names())]
        answer = b""
        for position, (node, name) in enumerate(entries[offset:], offset + 1):
            text = name.encode()
            entry = struct.pack("<QQII", node, position, len(text), 0) + text
            entry += b"\0" * (-len(entry) % 8)
            if len(answer) + len(entry) > size:
                break
            answer += entry
        return answer

    def statfs(self, *_):
        return struct.pack("<5Q4I24x", 1000, 600, 500, 100, 50, BLOCK, 255, BLOCK, 0)

    def nothing(self, *_):
        return b""

    def init(self, *_):
        return struct.pack("<4IHHIIHHI28x", 7, 31, 0, 0, 12, 9, 128 * 1024, 1, 32, 0, 0)

    HANDLERS = {
        LOOKUP: lookup, GETATTR: getattr, OPEN: open, READ: read, STATFS: statfs, RELEASE: nothing, FLUSH: nothing,
        INIT: init, OPENDIR: open, READDIR: readdir, RELEASEDIR: nothing,
    }

    def answer(self, opcode, node, body):
        """(error, answer) of one request."""
        handler = self.HANDLERS.get(opcode)
        if handler is None:
            return -errno.ENOSYS, b""
        try:
            return 0, handler(self, node, body)
        except OSError as error:
            return -(error.errno or errno.EIO), b""
        except IndexError:  # a file that has gone
            return -errno.ESTALE, b""


def mount(device, mountpoint):
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    if libc.mount(b"upkeep-test", os.fsencode(mountpoint), b"fuse.upkeep", 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), mountpoint)


def serve(device, file_system):
    while True:
        try:
            message = os.read(device, 1 << 20)
        except OSError as error:
            if error.errno in (errno.EINTR, errno.ENOENT):  # the asker gave up
                continue
            raise
        _, opcode, unique, node, *_ = IN_HEADER.unpack_from(message)
        if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
            continue
        code, body = file_system.answer(opcode, node, message[IN_HEADER.size :])
        try:
            os.write(device, OUT_HEADER.pack(OUT_HEADER.size + len(body), code, unique) + body)
        except FileNotFoundError:  # the asker gave up
            pass


def main():
    folder, mountpoint = sys.argv[1:]
    device = os.open("/dev/fuse", os.O_RDWR)
    mount(device, mountpoint)
    print("mounted", flush=True)
    serve(device, FileSystem(folder))


if __name__ == "__main__":
    main()
