#include "collectors/certificates/find.h"

#include <gtest/gtest.h>

#include "exporter/limits.h"
#include "tests/support/fakes.h"
#include "tests/support/temporary_directory.h"

namespace upkeep::certificates {
namespace {

struct World {
  testing::FakeFileSystem fs;

  std::vector<std::string> find(std::string pattern, bool is_expected = true, bool is_private = false) {
    const Source source{.pattern = std::move(pattern), .is_expected = is_expected, .is_private = is_private};
    Found found = find_files(fs, source);
    problem = found.problem;
    std::vector<std::string> paths;
    for (const FoundFile& file : found.files) paths.push_back(file.path + (file.is_named ? " named" : ""));
    return paths;
  }
  std::optional<Problem> problem;
};

using Paths = std::vector<std::string>;

TEST(FindCertificates, ByPattern) {
  World world;
  for (const char* path : {"etc/le/live/a/fullchain.pem", "etc/le/live/b/fullchain.pem", "etc/le/live/README",
                           "etc/le/live/c/other.pem", "etc/le/live/.hidden/fullchain.pem"})
    world.fs.put(path, "x");
  EXPECT_EQ(world.find("/etc/le/live/*/fullchain.pem"),
            (Paths{"/etc/le/live/a/fullchain.pem", "/etc/le/live/b/fullchain.pem"}));
  EXPECT_FALSE(world.problem);
  EXPECT_EQ(world.find("/etc/le/live/[bc]/*.pem"), (Paths{"/etc/le/live/b/fullchain.pem", "/etc/le/live/c/other.pem"}));
  EXPECT_EQ(world.find("/etc/le/live/a/fullchain.pem"), Paths{"/etc/le/live/a/fullchain.pem named"});
}

TEST(FindCertificates, ThatAreNotThere) {
  World world;
  world.fs.put("etc/other", "x");
  EXPECT_EQ(world.find("/etc/a.pem"), Paths{"/etc/a.pem named"});
  EXPECT_EQ(world.find("/etc/a.pem", false), Paths{});
  EXPECT_EQ(world.find("/etc/tls/*.pem", false), Paths{});
  EXPECT_FALSE(world.problem);
  EXPECT_EQ(world.find("/etc/tls/*.pem"), Paths{});
  ASSERT_TRUE(world.problem);
  EXPECT_EQ(world.problem->reason, Reason::kNotFound);
}

TEST(FindCertificates, InADirectory) {
  World world;
  for (const char* name : {"a.pem", "b.crt", "c.p12", "d.der", "README", ".e.pem", "f.key"})
    world.fs.put("etc/tls/" + std::string(name), "x");
  EXPECT_EQ(world.find("/etc/tls"), (Paths{"/etc/tls/a.pem", "/etc/tls/b.crt", "/etc/tls/c.p12", "/etc/tls/d.der"}));
}

TEST(FindCertificates, WhereOneMayNotLook) {
  World world;
  world.fs.put("var/lib/postgresql/15/main/server.crt", "x");
  world.fs.fail_with("var/lib/postgresql/15", {ErrorCode::kPermission, "denied"});
  EXPECT_EQ(world.find("/var/lib/postgresql/*/*/server.crt", false, true), Paths{});
  EXPECT_FALSE(world.problem);
  EXPECT_EQ(world.find("/var/lib/postgresql/*/*/server.crt", false), Paths{});
  ASSERT_TRUE(world.problem);
  EXPECT_EQ(world.problem->reason, Reason::kPermission);
}

TEST(FindCertificates, AtMostSoMany) {
  World world;
  for (std::size_t i = 0; i <= limits::kCertificateFiles; ++i)
    world.fs.put("etc/tls/" + std::to_string(10000 + i) + ".pem", "x");
  EXPECT_EQ(world.find("/etc/tls/*.pem").size(), limits::kCertificateFiles);
  ASSERT_TRUE(world.problem);
  EXPECT_EQ(world.problem->reason, Reason::kTooMany);
}

TEST(ReadCertificate, OfABoundedSize) {
  testing::FakeFileSystem fs;
  fs.put("a", std::string(limits::kCertificateFileBytes, 'x'));
  EXPECT_EQ(read_bytes(fs, "/a")->size(), limits::kCertificateFileBytes);
  fs.put("a", std::string(limits::kCertificateFileBytes + 1, 'x'));
  const auto large = read_bytes(fs, "/a");
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().reason, Reason::kTooLarge);
  EXPECT_EQ(large.error().message, "/a: larger than 1048576 bytes");
}

TEST(ReadCertificate, SaysWhyNot) {
  const testing::TemporaryDirectory directory;
  std::filesystem::create_symlink("gone", directory.path() / "broken");
  std::filesystem::create_directory(directory.path() / "directory");
  const auto fs = make_filesystem({.rootfs = directory.path()});
  const auto reason = [&](const std::string& path) { return read_bytes(*fs, path).error().reason; };
  EXPECT_EQ(reason("/broken"), Reason::kBrokenSymlink);
  EXPECT_EQ(reason("/nothing"), Reason::kNotFound);
  EXPECT_EQ(reason("/directory"), Reason::kReadFailed);
  EXPECT_EQ(to_string(Reason::kBrokenSymlink), "broken_symlink");
  EXPECT_EQ(to_string(Reason::kNoModule), "no_module");
}

}  // namespace
}  // namespace upkeep::certificates
