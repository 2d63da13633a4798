#include "collectors/backups/verification.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "collectors/backups/crc32c.h"
#include "tests/support/backup_bytes.h"
#include "tests/support/fakes.h"
#include "tests/support/temporary_directory.h"

namespace upkeep::backups {
namespace {

using testing::ArchiveSpec;
using testing::pg_dump_script;
using testing::stored_gzip;
using testing::tar_end;
using testing::tar_member;

class Steady final : public Pace {
 public:
  std::function<bool()> before = [] { return true; };
  bool go_on(std::size_t) override { return before(); }
};

struct VerificationTest : ::testing::Test {
  testing::FakeFileSystem fs;
  testing::FakeClock clock;
  Steady pace;
  std::uint64_t max_expanded_bytes = std::uint64_t{1} << 40;

  Verification check(const std::string& path, bool is_directory = false) {
    BackupFile file{.path = path, .is_directory = is_directory};
    if (const auto status = fs.status(path)) {
      file.device = status->device;
      file.inode = status->inode;
      file.size_bytes = status->size_bytes;
      file.modified_ns = status->modified_ns;
    }
    return verify(fs, clock, file, max_expanded_bytes, pace);
  }
  // Format, reason and message of a file with this content.
  std::string f(const std::string& name, const std::string& content) {
    fs.put("srv/" + name, content);
    return said(check("srv/" + name));
  }
  static std::string said(const Verification& result) {
    return fmt::format("{}|{}|{}", result.format, to_string(result.reason), result.message);
  }
};

const std::string kScript = pg_dump_script("COPY t FROM stdin;\n1\n\\.\n", "kEy");
const std::string kRows = "1\n2\n\\.\n\n\n";

TEST_F(VerificationTest, ScriptsEndWithTheirLastLine) {
  EXPECT_EQ(f("a.sql", kScript), "sql||");
  EXPECT_EQ(f("a.sql", pg_dump_script("x")), "sql||");
  const std::string cluster = "--\n-- PostgreSQL database cluster dump\n--\n\nCREATE ROLE x;\n\n";
  const std::string cluster_end = "--\n-- PostgreSQL database cluster dump complete\n--\n\n";
  EXPECT_EQ(f("a.sql", cluster + pg_dump_script("x", "a") + kScript + cluster_end), "sql||");
  EXPECT_EQ(f("a.sql", cluster + cluster_end + kScript), "sql||");  // roles, then a database
  const std::string no_end = "sql|incomplete|srv/a.sql: does not end as a complete dump does (at byte ";
  for (std::size_t size = 40; size < kScript.size(); ++size) {
    EXPECT_TRUE(f("a.sql", kScript.substr(0, size)).starts_with(no_end)) << size;
  }
  EXPECT_EQ(f("a.sql", cluster + kScript),
            fmt::format("sql|incomplete|srv/a.sql: 2 dumps begin in it and 1 are complete (at byte {})",
                        (cluster + kScript).size()));
  EXPECT_EQ(f("a.sql", cluster + kScript.substr(0, 100) + kScript + cluster_end).substr(0, 50),
            "sql|incomplete|srv/a.sql: 3 dumps begin in it and ");
  EXPECT_EQ(f("a.sql", kScript + "x"), no_end + fmt::format("{})", kScript.size() + 1));
  std::string zero = kScript;
  zero[60] = '\0';
  EXPECT_TRUE(f("a.sql", zero).starts_with("sql|corrupt|srv/a.sql: a zero byte in a text"));
}

TEST_F(VerificationTest, LongScriptsAreJudgedWhereverTheirPiecesEnd) {
  for (const std::size_t filler :
       {limits::kStreamBlockBytes - 200, limits::kStreamBlockBytes - 100, limits::kStreamBlockBytes - 60,
        limits::kStreamBlockBytes - 20, limits::kStreamBlockBytes}) {
    const std::string script = pg_dump_script(std::string(filler, 'x'), "kEy");
    EXPECT_EQ(f("a.sql", script + kScript), "sql||") << filler;
    EXPECT_TRUE(f("a.sql", script.substr(0, script.size() - 120) + kScript).starts_with("sql|incomplete|")) << filler;
  }
}

TEST_F(VerificationTest, OtherDumpsOfText) {
  EXPECT_EQ(f("a.sql", "-- MySQL dump 10.13\n\nx\n-- Dump completed on 2026-01-01  1:00:00\n"), "sql||");
  EXPECT_EQ(f("a.sql", "-- MariaDB dump 10.19\n\nx\n").substr(0, 15), "sql|incomplete|");
  EXPECT_EQ(f("a.sql", "pg_dump: error: no\n"),
            "unknown|unknown_format|srv/a.sql: neither a dump nor a checksum of it is known (at byte 0)");
  EXPECT_EQ(f("a.sql.gz", stored_gzip("pg_dump: error: no\n")).substr(0, 27), "gzip unknown|unknown_format");
  EXPECT_EQ(f("etcd.gz", stored_gzip("anything")), "gzip data||");
}

TEST_F(VerificationTest, GzipInMembersAndWithPadding) {
  const std::string whole = stored_gzip(kScript);
  const std::string two = stored_gzip(kScript.substr(0, 50)) + stored_gzip(kScript.substr(50));
  EXPECT_EQ(f("a.sql.gz", whole), "gzip sql||");
  EXPECT_EQ(f("a.sql.gz", two), "gzip sql||");
  EXPECT_EQ(f("a.sql.gz", whole + std::string(1000, '\0')), "gzip sql||");
  EXPECT_EQ(f("a.sql.gz", whole + std::string(100'000, '\0')).substr(0, 13), "gzip|corrupt|");
  EXPECT_EQ(f("a.sql.gz", whole + "x").substr(0, 71),
            "gzip|corrupt|srv/a.sql.gz: bytes after the end of the compressed stream");
  EXPECT_EQ(f("a.sql.gz", whole + '\x1f').substr(0, 15), "gzip|truncated|");
  EXPECT_EQ(f("a.sql.gz", stored_gzip("")), "gzip|empty|srv/a.sql.gz: nothing is in it");
  EXPECT_EQ(f("a.sql.gz", ""), "|empty|srv/a.sql.gz: empty");
  EXPECT_EQ(f("a.sql.gz", kScript), "|corrupt|srv/a.sql.gz: does not begin as its name says");
  for (std::size_t size = 3; size < two.size(); ++size) {
    if (size == stored_gzip(kScript.substr(0, 50)).size()) continue;  // a whole member: its text is incomplete
    EXPECT_NE(f("a.sql.gz", two.substr(0, size)).find("|truncated|"), std::string::npos) << size;
  }
}

TEST_F(VerificationTest, MembersOfGzipMayComeApartAnywhere) {
  const std::string filler(limits::kStreamBlockBytes - 100, 'x');
  for (std::size_t more = 0; more < 100; ++more) {
    const std::string first = stored_gzip("--\n-- PostgreSQL database dump\n--\n" + filler + std::string(more, 'y'));
    const std::string last = stored_gzip("\n--\n-- PostgreSQL database dump complete\n--\n\n");
    ASSERT_EQ(f("a.sql.gz", first + last), "gzip sql||") << more;
  }
}

TEST_F(VerificationTest, Tar) {
  const std::string tar = tar_member("a", "text") + tar_member("b", std::string(512, 'x')) + tar_member("c", "");
  EXPECT_EQ(f("a.tar", tar + tar_end()), "tar||");
  EXPECT_EQ(f("a.tar", tar), fmt::format("tar|truncated|srv/a.tar: ends without the blocks that end a tar archive (at "
                                         "byte {})",
                                         tar.size()));
  EXPECT_EQ(f("a.tar", tar.substr(0, 700)), "tar|truncated|srv/a.tar: ends in the middle (at byte 700)");
  EXPECT_EQ(f("a.tar", tar + tar_end() + "x").substr(0, 12), "tar|corrupt|");
  EXPECT_EQ(f("a.tar", tar + std::string(2'000'000, '\0')).substr(0, 12), "tar|corrupt|");
  std::string spoilt = tar + tar_end();
  spoilt[1024 + 3] = 'x';  // in the name of the second file
  EXPECT_EQ(f("a.tar", spoilt), "tar|corrupt|srv/a.tar: the header of a file is not sound (at byte 1024)");
  EXPECT_EQ(f("a.tgz", stored_gzip(tar + tar_end())), "gzip tar||");
  EXPECT_EQ(f("a.tgz", stored_gzip("x")), "gzip|corrupt|srv/a.tgz: does not begin as its name says (at byte 0)");
}

ArchiveSpec archive(int minor_version, bool compressed) {
  ArchiveSpec spec{.minor_version = minor_version};
  spec.compression = compressed ? '\1' : '\0';
  if (compressed) spec.compress = [](const std::string& data) { return testing::stored_zlib(data); };
  spec.tables = {{.id = 7, .name = "orders", .data = kRows},
                 {.id = 9, .name = "blobs", .data = std::string(300, '\0'), .is_blobs = true},
                 {.id = 8, .name = "nothing", .data = "\\.\n\n\n"}};
  return spec;
}

TEST_F(VerificationTest, CustomArchivesOfEveryVersion) {
  for (int minor = 12; minor <= 16; ++minor) {
    for (const bool compressed : {false, true}) {
      ArchiveSpec spec = archive(minor, compressed);
      EXPECT_EQ(f("a.dump", custom_archive(spec)), "custom||") << minor << compressed;
      spec.positions = false;
      EXPECT_EQ(f("a.dump", custom_archive(spec)), "custom||") << minor << compressed;
      EXPECT_EQ(f("a.dump.gz", stored_gzip(custom_archive(spec))), "gzip custom||") << minor << compressed;
    }
  }
  EXPECT_EQ(f("a.dump", custom_archive(archive(17, false))).substr(0, 88),
            "custom|unknown_format|srv/a.dump: an archive of version 1.17, where 1.12 to 1.16 are kno");
  EXPECT_EQ(f("a.dump", custom_archive(archive(11, false))).substr(0, 22), "custom|unknown_format|");
}

TEST_F(VerificationTest, CustomArchivesThatAreDamaged) {
  ArchiveSpec spec = archive(14, true);
  const std::string whole = custom_archive(spec);
  for (std::size_t size = 5; size < whole.size(); ++size) {
    EXPECT_EQ(f("a.dump", whole.substr(0, size)).substr(0, 17), "custom|truncated|") << size;
  }
  spec.positions = false;
  const std::string toc = archive_toc(spec);
  EXPECT_EQ(f("a.dump", toc),
            fmt::format("custom|incomplete|srv/a.dump: the data of {} is missing, as that of 3 entries (at byte {})",
                        f("a.dump", toc).find("orders") != std::string::npos ? "orders" : "nothing", toc.size()));
  spec.tables[0].data = "1\n2\n";
  EXPECT_EQ(f("a.dump", custom_archive(spec)),
            "custom|incomplete|srv/a.dump: the data of orders: its rows do not end as "
            "those of a complete dump do");
  spec = archive(14, false);
  spec.tables[2].id = 7;
  EXPECT_EQ(f("a.dump", custom_archive(spec)).substr(0, 57),
            "custom|corrupt|srv/a.dump: two entries have the same numb");
  spec = archive(15, false);
  spec.compression = 9;
  EXPECT_EQ(f("a.dump", custom_archive(spec)), "custom|corrupt|srv/a.dump: the compression is not sound (at byte 12)");
  EXPECT_EQ(f("a.dump", whole + '\1').substr(0, 17), "custom|truncated|");
  EXPECT_EQ(f("a.dump", whole + std::string(6, '\0')).substr(0, 58),
            "custom|corrupt|srv/a.dump: data that belongs to no entry (");
}

TEST_F(VerificationTest, LargeObjectsThatWereCompressedToNothing) {
  ArchiveSpec spec = archive(16, true);
  spec.compress = [](const std::string& data) {
    return data.size() == 300 ? std::string() : testing::stored_zlib(data);
  };
  EXPECT_EQ(f("a.dump", custom_archive(spec)), "custom||");
}

TEST_F(VerificationTest, DumpsInTarAndInDirectories) {
  ArchiveSpec spec = archive(16, false);
  spec.kind = 3;
  const std::string head = tar_member("toc.dat", archive_toc(spec)) + tar_member("7.dat", kRows);
  const std::string blobs = tar_member("blob_16401.dat", "\1\2") + tar_member("blobs_9.toc", "16401 blob_16401.dat\n");
  const std::string rest = tar_member("8.dat", "\\.\n\n\n") + tar_end();
  EXPECT_EQ(f("a.tar", head + blobs + rest), "pg_dump tar||");
  EXPECT_EQ(f("a.tar", head + tar_member("blobs_9.toc", "16401 blob_16401.dat\n") + rest),
            "pg_dump tar|incomplete|srv/a.tar: blob_16401.dat is missing (at byte 5632)");
  EXPECT_EQ(f("a.tar", head + blobs + tar_end()),
            "pg_dump tar|incomplete|srv/a.tar: the data of nothing is missing (8.dat), as 1 files are" +
                fmt::format(" (at byte {})", (head + blobs + tar_end()).size()));

  const auto put = [&](const std::string& name, const std::string& content) { fs.put("srv/d/" + name, content); };
  const auto d = [&] { return said(check("srv/d", true)); };
  put("toc.dat", archive_toc(spec));
  put("7.dat.gz", stored_gzip(kRows));
  put("8.dat", "\\.\n\n\n");
  put("blobs_9.toc", "16401 blob_16401.dat\n");
  EXPECT_EQ(d(), "directory|incomplete|srv/d/blob_16401.dat: missing");
  put("blob_16401.dat.lz4", "");
  EXPECT_EQ(d(), "directory||");
  put("7.dat.gz", kRows);
  EXPECT_EQ(d(), "directory|corrupt|srv/d/7.dat.gz: does not begin as its name says");
  put("7.dat.gz", "");
  EXPECT_EQ(d(), "directory|truncated|srv/d/7.dat.gz: does not begin as its name says");
  put("blobs_9.toc", "16401 ../../etc/shadow\n");
  put("7.dat.gz", stored_gzip(kRows));
  EXPECT_EQ(d(), "directory|corrupt|srv/d/blobs_9.toc: a line of the list of large objects is not sound (at byte 23)");
  fs.remove("srv/d/toc.dat");
  EXPECT_EQ(d(), "unknown|unknown_format|srv/d: neither toc.dat nor backup_manifest is in it");
}

TEST_F(VerificationTest, BaseBackups) {
  EXPECT_EQ(
      [] {
        Crc32c crc;
        crc.update("123456789");
        return crc.value();
      }(),
      0xE3069283U);  // of the RFC
  const auto d = [&] { return said(check("srv/b", true)); };
  const std::string begin = "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [\n";
  const std::string file = R"({ "Path": "base/1", "Size": 9, "Last-Modified": "2026-01-01 00:00:00 GMT", )"
                           R"("Checksum-Algorithm": "CRC32C", "Checksum": "839206e3" })";
  const auto manifest = [&](const std::string& lines) {
    auto digest = make_digest(Algorithm::kSha256).value();
    const std::string text = begin + lines + "\n],\n";
    digest->update(text);
    fs.put("srv/b/backup_manifest", text + "\"Manifest-Checksum\": \"" + digest->hex() + "\"}\n");
  };
  fs.put("srv/b/base/1", "123456789");
  manifest(file);
  EXPECT_EQ(d(), "base backup||");
  EXPECT_EQ(check("srv/b", true).coverage, 1);
  fs.put("srv/b/base/1", "123456780");
  EXPECT_EQ(d(), "base backup|checksum|srv/b/base/1: not what the manifest lists");
  fs.put("srv/b/base/1", "12345678");
  EXPECT_EQ(d(), "base backup|truncated|srv/b/base/1: 8 bytes, 9 are listed");
  fs.remove("srv/b/base/1");
  EXPECT_EQ(d(), "base backup|incomplete|srv/b/base/1: No such file or directory");
  manifest(R"({ "Path": "../../etc/shadow", "Size": 9 })");
  EXPECT_EQ(d(), "base backup|corrupt|srv/b/backup_manifest: file 1 is not sound");
  manifest("");
  EXPECT_EQ(d(), "base backup|incomplete|srv/b/backup_manifest: lists no files");
  fs.put("srv/b/backup_manifest", begin);
  EXPECT_EQ(d(), "base backup|truncated|srv/b/backup_manifest: ends in the middle");
  fs.put("srv/b/backup_manifest", begin + "\"Manifest-Checksum\": \"00\"}\n");
  EXPECT_EQ(d(), "base backup|checksum|srv/b/backup_manifest: its own checksum is another");
}

TEST_F(VerificationTest, ChecksumsBesideIt) {
  auto digest = make_digest(Algorithm::kSha256).value();
  digest->update("anything");
  const std::string hex = digest->hex();
  fs.put("srv/a.bin.sha256", hex + "  /elsewhere/other-name\n");
  EXPECT_EQ(f("a.bin", "anything"), "data||");
  EXPECT_EQ(check("srv/a.bin").coverage, 1);
  EXPECT_EQ(f("a.bin", "anythin!"), "data|checksum|srv/a.bin: not what srv/a.bin.sha256 lists");
  fs.put("srv/a.bin.sha256", "");
  EXPECT_EQ(f("a.bin", "anything"), "|checksum|srv/a.bin.sha256: no SHA-256 in it");
  fs.remove("srv/a.bin.sha256");
  fs.put("srv/SHA256SUMS", "junk\n" + hex + " *a.bin\n");
  EXPECT_EQ(f("a.bin", "anything"), "data||");
  EXPECT_EQ(f("b.bin", "anything").substr(0, 23), "unknown|unknown_format|");
}

TEST_F(VerificationTest, MoreThanIsAllowedIsNotDecompressed) {
  max_expanded_bytes = 1000;
  EXPECT_EQ(f("a.gz", stored_gzip(std::string(1001, 'x'))), "gzip|too_large|srv/a.gz: over 1000 bytes decompressed");
  EXPECT_EQ(f("a.gz", stored_gzip(std::string(1000, 'x'))), "gzip data||");
}

TEST_F(VerificationTest, StopsWhenToldTo) {
  int left = 3;
  pace.before = [&] { return left-- > 0; };
  EXPECT_EQ(f("a.sql", pg_dump_script(std::string(3'000'000, 'x'))), "sql|stopped|stopped");
}

TEST_F(VerificationTest, UnreadableFilesAndOddNames) {
  EXPECT_EQ(said(check("srv/none.sql")), "|unreadable|srv/none.sql: No such file or directory");
  fs.put("srv/x.sql", "x");
  fs.fail_with("srv/x.sql", {ErrorCode::kPermission, "Permission denied"});
  EXPECT_EQ(said(check("srv/x.sql")), "|unreadable|srv/x.sql: Permission denied");
  fs.clear_failures();
  EXPECT_EQ(f("a\nb\xff.sql", ""), "|empty|srv/a?b?.sql: empty");
  BackupFile other{.path = "srv/x.sql", .inode = 77};
  EXPECT_EQ(said(verify(fs, clock, other, max_expanded_bytes, pace)),
            "|changed|srv/x.sql: not the file any more that was found");
}

// On a real file system, as the descriptor and the name part there.
TEST(Verification, WhatChangesWhileItIsReadIsNotJudged) {
  const testing::TemporaryDirectory root;
  const auto fs = make_filesystem({"/proc", "/sys", root.path()});
  const testing::FakeClock clock;
  const auto f = [&](std::string content, const std::function<void(const std::filesystem::path&)>& change) {
    root.write("a.sql", content);
    const auto status = fs->status("a.sql").value();
    Steady pace;
    int blocks = 0;
    pace.before = [&] {
      if (++blocks == 2) change(root.path() / "a.sql");
      return true;
    };
    const BackupFile file{"a.sql", false, status.device, status.inode, status.size_bytes, status.modified_ns};
    const Verification result = verify(*fs, clock, file, UINT64_MAX, pace);
    return fmt::format("{}|{}", to_string(result.reason), result.message);
  };
  const std::string script = pg_dump_script(std::string(1'000'000, 'x'));
  EXPECT_EQ(f(script, [](const auto&) {}), "|");
  EXPECT_EQ(f(script,
              [&](const auto&) {
                root.write("b.sql", script);
                std::filesystem::rename(root.path() / "b.sql", root.path() / "a.sql");
              }),
            "changed|a.sql: replaced while it was read");
  EXPECT_EQ(f(script, [](const auto& path) { std::filesystem::remove(path); }),
            "changed|a.sql: replaced while it was read");
  EXPECT_EQ(f(script, [](const auto& path) { std::filesystem::resize_file(path, 500'000); }),
            "changed|a.sql: written to while it was read");
  EXPECT_EQ(f(script, [](const auto& path) { std::ofstream(path, std::ios::app) << "more"; }),
            "changed|a.sql: written to while it was read");
}

}  // namespace
}  // namespace upkeep::backups
