"""Real backups, damaged in every way that is known: none is reported healthy, none holds the reader up.

Each test prints its table of damages and of what was reported: pytest -s shows it, as does a failure.
"""

import collections
import gzip
import json
import os
import pathlib
import random
import resource
import shutil
import subprocess
import tempfile
import time

import pytest

import backups
import postgres
import servers

VERIFY = servers.UPKEEP.parent / "tests/bench/verify_backup"
GIB = 1 << 30


class Reader:
    """The verification itself, in a process of its own, at full speed. It has to live through everything."""

    def __init__(self, *flags, prefix=(), program=VERIFY):
        command = [str(word) for word in [*prefix, program, *flags, "--stdin"]]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def verify(self, path):
        self.process.stdin.write(f"{path}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"it crashed over {path}"
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(20) == 0


@pytest.fixture(scope="module")
def reader():
    one = Reader()
    yield one
    one.close()


# --- Intact ---

COMPRESSORS = {
    "gz": ["gzip", "-nc"],
    "named.gz": ["gzip", "-c"],
    "zst": ["zstd", "-qc"],
    "xz": ["xz", "-c"],
    "lz4": ["lz4", "-qc"],
}
DECOMPRESSORS = {"gz": ["gzip", "-dc"], "zst": ["zstd", "-qdc"], "xz": ["xz", "-dc"], "lz4": ["lz4", "-qdc"]}


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """Every format there is, of one real database; by name."""
    folder = tmp_path_factory.mktemp("backups")
    folder.chmod(0o755)
    with postgres.Cluster() as cluster:
        cluster.psql(
            "CREATE TABLE orders (id int PRIMARY KEY, note text, data bytea);"
            "INSERT INTO orders SELECT n, md5(n::text) || ' ordered', decode(md5(n::text), 'hex')"
            " FROM generate_series(1, 5000) n;"
            "CREATE TABLE nothing (id int); CREATE VIEW v AS SELECT * FROM orders;"
            'CREATE TABLE "an odd\n name" (id int); INSERT INTO "an odd\n name" VALUES (1);'
            "SELECT lo_from_bytea(0, decode(repeat('00ff10', 3000), 'hex')); SELECT lo_from_bytea(0, '');"
        )

        def run(program, *flags, **options):
            command = [program, "-h", cluster.folder, "-p", cluster.port, "-U", "postgres", *flags]
            subprocess.run([str(word) for word in command], check=True, timeout=60, **options)

        dump = postgres.debian_program("pg_dump")
        run(dump, "-f", folder / "dump.sql")
        run(dump, "--verbose", "-f", folder / "verbose.sql", stderr=subprocess.DEVNULL)
        run(dump, "--inserts", "-f", folder / "inserts.sql")
        run(postgres.debian_program("pg_dumpall"), "-f", folder / "all.sql")
        run(dump, "-Fc", "-f", folder / "dump.custom")
        with open(folder / "piped.custom", "wb") as file:
            cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=file)
            run(dump, "-Fc", stdout=cat.stdin)
            cat.stdin.close()
            assert cat.wait() == 0
        run(dump, "-Fc", "-Z0", "-f", folder / "plain.custom")
        run(dump, "-Ft", "-f", folder / "dump.tar")
        run(dump, "-Fd", "-f", folder / "directory")
        run(dump, "-Fd", "-Z0", "-f", folder / "plain_directory")
        basebackup = postgres.debian_program("pg_basebackup")
        run(basebackup, "-c", "fast", "--no-sync", "-D", folder / "base")
        run(basebackup, "-c", "fast", "--no-sync", "-Ft", "-z", "-D", folder / "base_tar")
    script = folder / "dump.sql"
    for suffix, command in COMPRESSORS.items():
        with open(folder / f"dump.sql.{suffix}", "wb") as file:
            subprocess.run([*command, script], stdout=file, check=True)
    text = script.read_bytes()
    (folder / "members.sql.gz").write_bytes(gzip.compress(text[:70_000]) + gzip.compress(text[70_000:]))
    (folder / "both.sql.gz").write_bytes(gzip.compress((folder / "all.sql").read_bytes()) + gzip.compress(text))
    for name in ("dump.tar", "dump.custom"):
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes(), mtime=0))
    subprocess.run(["tar", "-C", folder, "-cf", folder / "files.tar", "directory"], check=True)
    subprocess.run(["zstd", "-qc", "--no-check", script], stdout=open(folder / "unchecked.sql.zst", "wb"), check=True)
    (folder / "listed.sql").write_bytes(text)
    subprocess.run(["sha256sum", "listed.sql"], cwd=folder, stdout=open(folder / "SHA256SUMS", "wb"), check=True)
    (folder / "own.bin").write_bytes(random.Random(1).randbytes(100_000))
    subprocess.run(["sha256sum", "own.bin"], cwd=folder, stdout=open(folder / "own.bin.sha256", "wb"), check=True)
    return folder


# Name: its format, and how much of it checksums cover.
INTACT = {
    "dump.sql": ("sql", 0),
    "verbose.sql": ("sql", 0),
    "inserts.sql": ("sql", 0),
    "all.sql": ("sql", 0),
    "dump.sql.gz": ("gzip sql", 1),
    "dump.sql.named.gz": ("gzip sql", 1),
    "dump.sql.zst": ("zstd sql", 1),
    "dump.sql.xz": ("xz sql", 1),
    "dump.sql.lz4": ("lz4 sql", 1),
    "unchecked.sql.zst": ("zstd sql", 0),
    "members.sql.gz": ("gzip sql", 1),
    "both.sql.gz": ("gzip sql", 1),
    "dump.custom": ("custom", 0.97),
    "piped.custom": ("custom", 0.97),
    "plain.custom": ("custom", 0),
    "dump.custom.gz": ("gzip custom", 1),
    "dump.tar": ("pg_dump tar", 0),
    "dump.tar.gz": ("gzip pg_dump tar", 1),
    "files.tar": ("tar", 0),
    "directory": ("directory", 0.97),
    "plain_directory": ("directory", 0),
    "base": ("base backup", 0.99),
    "base_tar/base.tar.gz": ("gzip tar", 1),
    "listed.sql": ("sql", 1),
    "own.bin": ("data", 1),
}


@pytest.mark.parametrize("name", INTACT)
def test_intact(originals, reader, name):
    answer = reader.verify(originals / name)
    kind, coverage = INTACT[name]
    assert (answer["reason"], answer["message"], answer["format"]) == ("", "", kind)
    assert coverage <= answer["coverage"] <= (coverage or 0.03) + 0.03


# --- Damaged ---

FILES = [name for name in INTACT if name not in ("directory", "plain_directory", "base", "verbose.sql", "both.sql.gz")]


class Table:
    """What was done to a backup, and what was reported."""

    def __init__(self, name):
        self.name = name
        self.counts = collections.defaultdict(collections.Counter)

    def note(self, damage, answer):
        self.counts[damage][answer["reason"] or "healthy"] += 1

    def show(self):
        for damage, counts in self.counts.items():
            said = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
            print(f"| {self.name:22} | {damage:34} | {said} |")


@pytest.fixture
def damaged(originals, tmp_path):
    """damaged(name, content): a damaged backup of that name, with the checksums that lie beside it."""
    tmp_path.chmod(0o755)
    for manifest in ("SHA256SUMS", "own.bin.sha256"):
        shutil.copy(originals / manifest, tmp_path)

    def write(name, content):
        path = tmp_path / pathlib.Path(name).name
        path.write_bytes(content)
        return path

    return write


def places(size, count=120):
    """Each of the first and of the last bytes, and some between."""
    ends = min(size, 100)
    some = random.Random(size).sample(range(size), min(size, count))
    return sorted({*range(ends), *range(size - ends, size), *some, *range(512, size, size // 16)})


def is_harmless(path, original):
    """Whether the tool that made it reads the same content from it."""
    suffix = path.name.rpartition(".")[2]
    done = subprocess.run([*DECOMPRESSORS[suffix], path], capture_output=True, check=False)
    return done.stdout == original


@pytest.mark.parametrize("name", FILES)
def test_truncated_at_every_kind_of_place(originals, reader, damaged, name):
    content = (originals / name).read_bytes()
    table = Table(name)
    healthy = []
    for size in places(len(content)):
        answer = reader.verify(damaged(name, content[:size]))
        table.note("emptied" if size == 0 else "truncated", answer)
        if not answer["reason"]:
            healthy.append(size)
        assert size or answer["reason"] == "empty"
    table.show()
    if name == "files.tar":  # tar fills its last record up with zeros, of which any number will do
        end = len(content.rstrip(b"\0"))
        healthy = [size for size in healthy if size < end + 2 * 512]
    assert not healthy


@pytest.mark.parametrize("name", FILES)
def test_bit_flips(originals, reader, damaged, name):
    """A flip that nothing shows is one of a byte that no checksum of the format covers; then the content is the same."""
    content = (originals / name).read_bytes()
    chance = random.Random(name)
    table = Table(name)
    healthy = tried = 0
    original = None
    for place in places(len(content), 200):
        flipped = bytearray(content)
        flipped[place] ^= 1 << chance.randrange(8)
        path = damaged(name, flipped)
        answer = reader.verify(path)
        table.note("a bit flipped", answer)
        tried += 1
        if answer["reason"]:
            continue
        healthy += 1
        if INTACT[name][1] == 1:
            if original is None:
                original = subprocess.run(
                    [*DECOMPRESSORS[name.rpartition(".")[2]], originals / name], stdout=subprocess.PIPE, check=True
                ).stdout
            assert is_harmless(path, original), f"byte {place}: reported healthy, and is not"
    table.show()
    if INTACT[name][1] == 1:
        assert healthy <= 30  # time and name in gzip's header, padding bits
    elif INTACT[name][1] > 0.9:
        # The names in a table of contents, the numbers of large objects: no checksum covers them. Both ends are full of
        # them, and each of their bytes was tried.
        assert healthy <= 0.25 * tried


@pytest.mark.parametrize("name", FILES)
def test_stretched_and_overwritten(originals, reader, damaged, name):
    content = (originals / name).read_bytes()
    middle = len(content) // 2
    table = Table(name)
    damages = {
        "a block of zeros in the middle": content[: middle - 4096] + bytes(4096) + content[middle:],
        "a block missing": content[: middle - 4096] + content[middle:],
        "a block twice": content[:middle] + content[middle - 4096 :],
        "text after its end": content + b"pg_dump: warning: there are circular foreign keys\n",
        "itself once more, half": content + content[:middle],
        "noise": random.Random(2).randbytes(len(content)),
        "zeros": bytes(len(content)),
    }
    for damage, spoilt in damages.items():
        answer = reader.verify(damaged(name, spoilt))
        table.note(damage, answer)
        # Rows of a table that are not there any more, or twice, are what only a checksum shows; and what files of a tar
        # archive hold is anybody's guess.
        unseen = INTACT[name][1] == 0 and damage in ("a block missing", "a block twice")
        unseen |= name == "files.tar" and damage == "a block of zeros in the middle"
        assert answer["reason"] or unseen, damage
    table.show()


@pytest.mark.parametrize("name", FILES)
def test_a_gibibyte_of_nothing(originals, reader, damaged, name):
    """A file that was made longer without anything written, and one in which nothing was written at all."""
    content = (originals / name).read_bytes()
    table = Table(name)
    for damage, start in (("1 GiB, the rest sparse", content), ("1 GiB, all of it sparse", b"")):
        path = damaged(name, start)
        os.truncate(path, GIB)
        began = time.monotonic()
        answer = reader.verify(path)
        table.note(damage, answer)
        assert answer["reason"] in ("corrupt", "unknown_format", "checksum"), damage
        assert time.monotonic() - began < 60
        path.unlink()
    table.show()


def test_half_written(originals, reader, damaged, tmp_path):
    """What is whole as a stream, but not the whole dump: pg_dump failed, and gzip did not hear of it."""
    table = Table("half-written")
    text = (originals / "dump.sql").read_bytes()
    everything = (originals / "all.sql").read_bytes()
    first_complete = everything.index(b"-- PostgreSQL database dump complete\n--\n\n")
    scripts = {
        "script cut, then compressed": text[:100_000],
        "only its beginning": text[:700],
        "no last line": text[: text.rindex(b"--\n-- PostgreSQL database dump complete")],
        "an error instead of a dump": b"pg_dump: error: connection to server failed: Connection refused\n",
        "nothing": b"",
        "pg_dumpall after its first database": everything[: everything.index(b"\n\n", first_complete + 60) + 2],
        "two dumps, the first one cut": text[:100_000] + text,
    }
    for damage, script in scripts.items():
        answer = reader.verify(damaged("half.sql.gz", gzip.compress(script)))
        table.note(damage, answer)
        assert answer["reason"] in ("incomplete", "empty", "unknown_format"), damage
    custom = (originals / "piped.custom").read_bytes()
    for damage, content in {"custom, its last table missing": custom[: len(custom) * 3 // 4]}.items():
        for suffix in ("", ".gz"):
            answer = reader.verify(damaged(f"half.custom{suffix}", gzip.compress(content) if suffix else content))
            table.note(damage, answer)
            assert answer["reason"] in ("truncated", "incomplete")
    table.show()


def test_directories(originals, reader, tmp_path):
    table = Table("directory")

    def attempt(source, damage, spoil, reasons):
        path = tmp_path / "directory"
        shutil.copytree(originals / source, path, symlinks=True)
        spoil(path)
        answer = reader.verify(path)
        table.note(f"{source}: {damage}", answer)
        shutil.rmtree(path)
        assert answer["reason"] in reasons, (damage, answer)

    def change(pattern, how):
        def spoil(path):
            file = max(path.glob(pattern), key=lambda found: found.stat().st_size)
            file.write_bytes(how(file.read_bytes()))

        return spoil

    def flip(content):
        return content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 1]) + content[len(content) // 2 + 1 :]

    def cut(content):
        return content[: len(content) // 2]

    def largest(pattern):
        return lambda path: max(path.glob(pattern), key=lambda found: found.stat().st_size).unlink()

    for source, data in (("directory", "[0-9]*.dat.gz"), ("plain_directory", "[0-9]*.dat")):
        attempt(source, "a table missing", largest(data), {"incomplete"})
        attempt(source, "a table cut", change(data, cut), {"truncated", "incomplete"})
        attempt(source, "a table emptied", change(data, lambda _: b""), {"truncated", "incomplete"})
        attempt(source, "toc.dat missing", largest("toc.dat"), {"unknown_format"})
        attempt(source, "toc.dat cut", change("toc.dat", cut), {"truncated"})
        attempt(source, "toc.dat emptied", change("toc.dat", lambda _: b""), {"truncated"})
        attempt(source, "large objects missing", largest("blob_*"), {"incomplete"})
        attempt(source, "their list missing", largest("blobs.toc"), {"incomplete"})
        attempt(source, "their list cut", change("blobs.toc", lambda text: text[:-3]), {"truncated"})
    attempt("directory", "a bit of a table flipped", change("[0-9]*.dat.gz", flip), {"corrupt", "truncated"})
    attempt("plain_directory", "zeros in a table", change("[0-9]*.dat", lambda text: bytes(len(text))), {"corrupt"})
    attempt("base", "a bit of a table flipped", change("base/*/*", flip), {"checksum"})
    attempt("base", "a table cut", change("base/*/*", cut), {"truncated"})
    attempt("base", "a file missing", largest("base/*/*"), {"incomplete"})
    attempt("base", "the manifest cut", change("backup_manifest", cut), {"truncated"})
    wherever = {"checksum", "corrupt", "incomplete", "truncated", "unknown_format"}
    attempt("base", "the manifest flipped", change("backup_manifest", flip), wherever)
    attempt("base", "the manifest missing", largest("backup_manifest"), {"incomplete"})
    table.show()


@pytest.fixture
def open_folder():
    """One that everybody may enter."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="upkeep-damage-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_what_is_no_file(originals, open_folder):
    """For a user who may not read everything."""
    tmp_path = open_folder / "backups"
    programs = open_folder / "build/tests/bench"
    tmp_path.mkdir()
    programs.mkdir(parents=True)
    shutil.copy(VERIFY, programs)
    shutil.copy(servers.UPKEEP.parent / "libupkeep_archives.so", open_folder / "build")
    reader = Reader(prefix=postgres.AS_USER, program=programs / VERIFY.name)
    table = Table("no file")
    os.mkfifo(tmp_path / "pipe.sql.gz")
    (tmp_path / "link.sql.gz").symlink_to("/nowhere")
    (tmp_path / "device.sql.gz").symlink_to("/dev/zero")
    (tmp_path / "folder.sql.gz").mkdir()
    shutil.copy(originals / "dump.sql.gz", tmp_path / "secret.sql.gz")
    (tmp_path / "secret.sql.gz").chmod(0)
    shutil.copytree(originals / "directory", tmp_path / "secret")
    (tmp_path / "secret").chmod(0)
    wanted = {
        "pipe.sql.gz": "unreadable",
        "link.sql.gz": "unreadable",
        "device.sql.gz": "unreadable",
        "folder.sql.gz": "empty",
        "secret.sql.gz": "unreadable",
        "secret": "unreadable",
        "gone.sql.gz": "unreadable",
    }
    for name, reason in wanted.items():
        began = time.monotonic()
        answer = reader.verify(tmp_path / name)
        table.note(name, answer)
        assert answer["reason"] == reason, answer
        assert time.monotonic() - began < 5
    reader.close()
    table.show()


def test_checksums_beside_it(originals, reader, tmp_path):
    table = Table("manifest")
    shutil.copy(originals / "dump.sql", tmp_path)
    good = subprocess.run(["sha256sum", "dump.sql"], cwd=tmp_path, stdout=subprocess.PIPE, check=True, text=True).stdout

    def attempt(damage, manifest, text, reason):
        (tmp_path / manifest).write_text(text, encoding="ascii")
        answer = reader.verify(tmp_path / "dump.sql")
        table.note(damage, answer)
        (tmp_path / manifest).unlink()
        assert answer["reason"] == reason, (damage, answer)
        return answer

    assert attempt("right", "dump.sql.sha256", good, "")["coverage"] == 1
    assert attempt("right, digest alone", "dump.sql.sha256", good.split()[0], "")["coverage"] == 1
    assert attempt("right, capitals", "dump.sql.sha256", good.split()[0].upper() + " *dump.sql\n", "")["coverage"] == 1
    assert attempt("right, as BSD", "dump.sql.sha256", f"SHA256 (dump.sql) = {good.split()[0]}\n", "")["coverage"] == 1
    assert attempt("right, in a list", "SHA256SUMS", f"{'0' * 64}  other\n{good}", "")["coverage"] == 1
    assert attempt("not in the list", "SHA256SUMS", f"{'0' * 64}  other\n", "")["coverage"] < 0.1
    attempt("of another", "dump.sql.sha256", "0" * 64 + "  dump.sql\n", "checksum")
    attempt("of another, in a list", "SHA256SUMS", "0" * 64 + "  dump.sql\n", "checksum")
    attempt("cut", "dump.sql.sha256", good[:40], "checksum")
    attempt("empty", "dump.sql.sha256", "", "checksum")
    table.show()


def bomb(path, compressor, gibibytes):
    """Zeros without end in a small file: the same stream again and again."""
    megabytes = 256
    zeros = subprocess.run(compressor, input=bytes(megabytes << 20), stdout=subprocess.PIPE, check=True).stdout
    with open(path, "wb") as file:
        for _ in range(gibibytes * 1024 // megabytes):
            file.write(zeros)
    return path


@pytest.mark.parametrize("suffix", ["gz", "zst", "xz", "lz4"])
def test_bombs(tmp_path, suffix):
    reader = Reader("--max-expanded", 2 * GIB)
    path = bomb(tmp_path / f"bomb.{suffix}", COMPRESSORS[suffix][:1] + ["-c"], 10)
    began = time.monotonic()
    answer = reader.verify(path)
    seconds = time.monotonic() - began
    print(f"{path.stat().st_size} bytes, {suffix}: {answer['message']}, {seconds:.1f} s")
    assert answer["reason"] == "too_large"
    assert answer["expanded"] < 2 * GIB + (8 << 20)  # a piece more
    assert seconds < 60
    script = path.rename(tmp_path / f"bomb.sql.{suffix}")
    assert reader.verify(script)["reason"] in ("unknown_format", "corrupt")
    reader.close()
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2 << 20  # KiB, of this test's own compressors too


def test_windows_that_take_too_much_memory(originals, reader, tmp_path):
    path = tmp_path / "long.sql.zst"
    with open(path, "wb") as file:
        text = (originals / "dump.sql").read_bytes()
        subprocess.run(["zstd", "-qc", "--long=31", "--no-content-size"], input=text, stdout=file, check=True)
    answer = reader.verify(path)
    assert (answer["reason"], "memory" in answer["message"]) == ("too_large", True)


# --- What the program says of it ---


def test_the_program_reports_them_all(originals, watch, tmp_path):
    """Each damage as a backup of its own, side by side with an intact one; a FIFO does not hold the others up."""
    gz, custom, text = (originals / name for name in ("dump.sql.gz", "dump.custom", "dump.sql"))
    half = len(gz.read_bytes()) // 2
    flipped = bytearray(gz.read_bytes())
    flipped[half] ^= 4
    cases = {  # file: content, reason
        "truncated.sql.gz": (gz.read_bytes()[:half], "truncated"),
        "flipped.sql.gz": (bytes(flipped), "corrupt"),
        "half.sql.gz": (gzip.compress(text.read_bytes()[:90_000]), "incomplete"),
        "half.sql": (text.read_bytes()[:90_000], "incomplete"),
        "cut.custom": (custom.read_bytes()[:-2000], "truncated"),
        "junk.dump": (b"nothing that is known", "unknown_format"),
        "listed.sql": (text.read_bytes(), "checksum"),
        "sparse.sql.gz": (gz.read_bytes(), "corrupt"),
        "intact.sql.gz": (gz.read_bytes(), None),
        "intact.custom": (custom.read_bytes(), None),
    }
    items = []
    for name, (content, _) in cases.items():
        folder = tmp_path / "of" / name
        folder.mkdir(parents=True)
        path = folder / name
        path.write_bytes(content)
        if name.startswith("sparse"):
            os.truncate(path, GIB)
        if name.startswith("listed"):
            (folder / f"{name}.sha256").write_text("0" * 64 + f"  {name}\n", encoding="ascii")
        backups.age(path, 60)
        items.append(backups.item(name.replace(".", "_"), folder / name, verify={"rate": "1GiB/s"}))
    pipe = tmp_path / "of/pipe"
    pipe.mkdir()
    os.mkfifo(pipe / "pipe.sql.gz")
    items.append(backups.item("pipe", pipe / "*.sql.gz"))
    program = watch(*items)

    def all_judged(page):
        return all(backups.value(page, "verified", name.replace(".", "_")) is not None for name in cases)

    page = backups.wait_for(program, all_judged, "a verdict about each", 60)
    print()
    for name, (_, reason) in cases.items():
        label = name.replace(".", "_")
        found = backups.reasons(page, "verify_failure_info", label)
        print(f"| {name:20} | {', '.join(found) or 'healthy'} |")
        assert backups.value(page, "verified", label) == (0 if reason else 1), name
        assert found == ({reason} if reason else set()), name
    assert backups.value(page, "last_timestamp_seconds", "pipe") == 0
    assert program.alive()


def test_replaced_and_appended_to_while_it_is_read(originals, watch, tmp_path):
    """Nothing is said of what was half one file and half another; the one that stays is verified."""
    folder = tmp_path / "backups"
    folder.mkdir()
    content = (originals / "dump.custom").read_bytes()
    noise = random.Random(3).randbytes(3 << 20)
    path = folder / "dump.bin"
    path.write_bytes(noise)
    backups.age(path, 60)
    program = watch(backups.item("shop", path, verify={"rate": "1MiB/s"}))
    unlisted = backups.wait_for_verdict(program, 0)  # nothing lists its checksum
    assert backups.reasons(unlisted, "verify_failure_info") == {"unknown_format"}
    large = folder / "large.tmp"
    with open(large, "wb") as file:
        file.write(gzip.compress(noise, 1))
    backups.age(large, 50)
    large.rename(path)
    backups.wait_for(program, lambda page: backups.value(page, "verifying") == 1, "reading it")
    (folder / "next.tmp").write_bytes(content)
    backups.age(folder / "next.tmp", 40)
    (folder / "next.tmp").rename(path)
    page = backups.wait_for_verdict(program, 1)
    assert backups.value(page, "verified_backup_timestamp_seconds") == pytest.approx(path.stat().st_mtime, abs=0.01)
    assert backups.value(page, "corrupt_files") == 0
    assert program.alive()
