// os reports what os-release says, as a shell would read it.
#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

std::string samples(const std::string& text) {
  World world;
  world.fs.put("etc/os-release", text);
  return world.samples(os_release_collector) + world.error();
}

// node_os_info with these labels set and the others empty; labels in order.
std::string info(std::initializer_list<std::pair<std::string_view, std::string_view>> set) {
  std::string out = "node_os_info{";
  for (const std::string_view label : {"build_id", "id", "id_like", "image_id", "image_version", "name", "pretty_name",
                                       "variant", "variant_id", "version", "version_codename", "version_id"}) {
    if (!out.ends_with('{')) out += ',';
    out.append(label).append("=\"");
    for (const auto& [name, value] : set) {
      if (name == label) out += value;
    }
    out += '"';
  }
  return out + "} 1\n";
}

TEST(OsRelease, Debian) {
  EXPECT_EQ(samples("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"
                    "NAME=\"Debian GNU/Linux\"\n"
                    "VERSION_ID=\"12\"\n"
                    "VERSION=\"12 (bookworm)\"\n"
                    "VERSION_CODENAME=bookworm\n"
                    "ID=debian\n"
                    "HOME_URL=\"https://www.debian.org/\"\n"),
            info({{"id", "debian"},
                  {"name", "Debian GNU/Linux"},
                  {"pretty_name", "Debian GNU/Linux 12 (bookworm)"},
                  {"version", "12 (bookworm)"},
                  {"version_codename", "bookworm"},
                  {"version_id", "12"}}) +
                "node_os_version{id=\"debian\",id_like=\"\",name=\"Debian GNU/Linux\"} 12\n");
}

TEST(OsRelease, EveryVariable) {
  EXPECT_EQ(samples("# a comment\n"
                    "\n"
                    "BUILD_ID=b\nID=i\nID_LIKE='a b'\nIMAGE_ID=m\nIMAGE_VERSION=7\nNAME=n\nPRETTY_NAME=p\n"
                    "VARIANT=\"Say \\\"hi\\\"\"\nVARIANT_ID=v\nVERSION='it\\s'\nVERSION_CODENAME=a\\ b\n"
                    "VERSION_ID=22.04.3\nSUPPORT_END=2028-06-30"),
            info({{"build_id", "b"},
                  {"id", "i"},
                  {"id_like", "a b"},
                  {"image_id", "m"},
                  {"image_version", "7"},
                  {"name", "n"},
                  {"pretty_name", "p"},
                  {"variant", "Say \\\"hi\\\""},
                  {"variant_id", "v"},
                  {"version", "it\\\\s"},
                  {"version_codename", "a b"},
                  {"version_id", "22.04.3"}}) +
                "node_os_version{id=\"i\",id_like=\"a b\",name=\"n\"} 22.04\n"
                "node_os_support_end_timestamp_seconds 1845936000\n");
}

TEST(OsRelease, VersionIsTheNumberAtItsStart) {
  const auto version = [](const std::string& id) {
    const std::string text = samples("VERSION_ID=" + id + "\n");
    const std::size_t at = text.find("node_os_version");
    return at == std::string::npos ? "absent" : text.substr(text.find("} ", at) + 2);
  };
  EXPECT_EQ(version("12"), "12\n");
  EXPECT_EQ(version("12."), "12\n");
  EXPECT_EQ(version("12.5-rc1"), "12.5\n");
  EXPECT_EQ(version("20230801"), "20230801\n");
  EXPECT_EQ(version("0"), "absent");
  EXPECT_EQ(version("rolling"), "absent");
  EXPECT_EQ(version(".5"), "absent");
  EXPECT_EQ(version(""), "absent");
}

TEST(OsRelease, BadDateIsAnErrorBesideTheRest) {
  for (const char* date : {"2028-6-30", "2028-02-30", "30.06.2028xx", "2028-13-01", "soon", "20x8-01-01"}) {
    EXPECT_EQ(samples(std::string("ID=x\nSUPPORT_END=") + date + "\n"),
              info({{"id", "x"}}) + "os-release: SUPPORT_END: a date as 2028-06-30 expected")
        << date;
  }
}

TEST(OsRelease, BadFileIsAnError) {
  EXPECT_EQ(samples("NAME=\"Debian\nID=debian\n"), "etc/os-release: a quote is not closed");
  EXPECT_EQ(samples("junk\n"), "etc/os-release: NAME=value expected");
}

TEST(OsRelease, SecondPlaceIsUsrLib) {
  World world;
  EXPECT_EQ(world.samples(os_release_collector), "");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
  EXPECT_EQ(world.error(), "no os-release in etc or usr/lib");
  world.fs.put("usr/lib/os-release", "ID=there\n");
  EXPECT_EQ(world.samples(os_release_collector), info({{"id", "there"}}));
  world.clock.advance(std::chrono::minutes(1));
  world.fs.put("usr/lib/os-release", "junk\n");
  EXPECT_EQ(world.samples(os_release_collector), "");
  EXPECT_EQ(world.error(), "usr/lib/os-release: NAME=value expected");
}

TEST(OsRelease, IsReadOnceAMinute) {
  World world;
  world.fs.put("etc/os-release", "ID=old\n");
  EXPECT_EQ(world.samples(os_release_collector), info({{"id", "old"}}));
  world.fs.put("etc/os-release", "ID=new\n");
  world.clock.advance(std::chrono::seconds(59));
  EXPECT_EQ(world.samples(os_release_collector), info({{"id", "old"}}));
  world.clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(world.samples(os_release_collector), info({{"id", "new"}}));
}

}  // namespace
}  // namespace upkeep::testing
