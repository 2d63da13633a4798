#include "collectors/host/sysfs.h"

#include <gtest/gtest.h>

#include "tests/support/fakes.h"

namespace upkeep::testing {
namespace {

TEST(Sysfs, FollowsLinks) {
  const auto f = [](const char* path, const char* target) {
    FakeFileSystem fs;
    fs.put_link(path, target);
    return sysfs::follow(fs, path).value_or("failed");
  };
  EXPECT_EQ(f("sys/class/hwmon/hwmon0", "../../devices/platform/coretemp.0/hwmon/hwmon0"),
            "sys/devices/platform/coretemp.0/hwmon/hwmon0");
  EXPECT_EQ(f("sys/devices/platform/coretemp.0/hwmon/hwmon0/device", "../../../coretemp.0"),
            "sys/devices/platform/coretemp.0");
  EXPECT_EQ(f("sys/a/b", "./c//d/"), "sys/a/c/d");
  EXPECT_EQ(f("sys/a/b", "/sys/devices/x"), "sys/devices/x");
  EXPECT_EQ(f("sys/a/b", "../../../../../x"), "x");
  EXPECT_EQ(f("sys/a/b", ""), "sys/a");
  FakeFileSystem fs;
  EXPECT_EQ(sysfs::follow(fs, "sys/none").error().message, "sys/none: No such file or directory");
}

TEST(Sysfs, ReadsIntegers) {
  const auto f = [](const char* content) {
    FakeFileSystem fs;
    fs.put("sys/a/b", content);
    const auto number = sysfs::integer(fs, "sys/a", "b");
    return number ? std::to_string(*number) : number.error().message;
  };
  EXPECT_EQ(f("12\n"), "12");
  EXPECT_EQ(f(" -3"), "-3");
  EXPECT_EQ(f(""), "sys/a/b: an integer expected");
  EXPECT_EQ(f("1.5\n"), "sys/a/b: an integer expected");
  EXPECT_EQ(f("99999999999999999999\n"), "sys/a/b: an integer expected");
  EXPECT_EQ(f("12 13\n"), "sys/a/b: an integer expected");
}

TEST(Sysfs, FindsNumbersInNames) {
  EXPECT_EQ(sysfs::number_after("cpu12", "cpu"), "12");
  EXPECT_EQ(sysfs::number_after("cpufreq", "cpu"), "");
  EXPECT_EQ(sysfs::number_after("cpu", "cpu"), "");
  EXPECT_EQ(sysfs::number_after("mc0", "csrow"), "");
  EXPECT_EQ(sysfs::number_after("", "cpu"), "");
}

}  // namespace
}  // namespace upkeep::testing
