// Which collectors a configuration and a command line make, and with what.
#include "exporter/build.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/example_collectors.h"
#include "tests/support/fakes.h"

namespace upkeep {
namespace {

using testing::example_collectors;

struct Built {
  std::string collectors;  // "cpu mounts/20s/10s postgres[a]/15s/5s": those on an interval with it and their timeout
  std::string mistakes;
};

Built build(std::string text, const Selection& selection = {}) {
  testing::FakeFileSystem fs;
  testing::FakeKernel kernel;
  testing::FakeClock clock;
  const Environment environment{fs, kernel, clock, testing::no_log()};
  ConfigDocument document("f.yml", std::move(text));
  Built built;
  ConfigReader collectors = document.root().section("collectors");
  for (const auto& instance : build_instances(collectors, example_collectors(), environment, selection)) {
    if (!built.collectors.empty()) built.collectors += ' ';
    built.collectors += instance->type().name;
    if (!instance->name().empty()) built.collectors += fmt::format("[{}]", instance->name());
    if (instance->on_scrape()) continue;
    built.collectors +=
        fmt::format("/{}s/{}s", instance->interval().count() / 1000, instance->timeout().count() / 1000);
  }
  for (const std::string& mistake : document.mistakes()) built.mistakes += mistake + "\n";
  return built;
}

std::string good(std::string text, const Selection& selection = {}) {
  const Built built = build(std::move(text), selection);
  EXPECT_EQ(built.mistakes, "");
  return built.collectors;
}

TEST(Build, WhatIsAbsentIsOn) {
  const std::string all = "cpu disks mounts/20s/10s textfile/15s/10s";
  EXPECT_EQ(good(""), all);
  EXPECT_EQ(good("collectors:"), all);
  EXPECT_EQ(good("collectors: {}"), all);
  EXPECT_EQ(good("collectors: {host: , textfile: true, postgres: []}"), all);
}

TEST(Build, SectionsAreSwitchedOff) {
  EXPECT_EQ(good("collectors: {host: false}"), "textfile/15s/10s");
  EXPECT_EQ(good("collectors: {textfile: false, postgres: false}"), "cpu disks mounts/20s/10s");
  EXPECT_EQ(good("collectors: {host: {disable: [cpu, mounts]}}"), "disks textfile/15s/10s");
  EXPECT_EQ(good("collectors: {host: {disable: disks}}"), "cpu mounts/20s/10s textfile/15s/10s");
}

TEST(Build, IntervalsAndTimeoutsOfTheSection) {
  EXPECT_EQ(good("collectors: {host: {interval: 1m, timeout: 3s}, textfile: {interval: 1s}}"),
            "cpu disks mounts/60s/3s textfile/1s/10s");
}

TEST(Build, ListsMakeInstancesInTheOrderOfTypes) {
  EXPECT_EQ(good("collectors:\n"
                 "  host: false\n"
                 "  postgres:\n"
                 "    - {name: b, user: u, interval: 30s}\n"
                 "    - {name: a, user: u, timeout: 2s}\n"
                 "  textfile: {directory: /x}\n"),
            "textfile/15s/10s postgres[b]/30s/5s postgres[a]/15s/2s");
}

TEST(Build, TheCommandLineWins) {
  const std::string file = "collectors: {host: {disable: [cpu]}, textfile: false, postgres: [{name: a, user: u}]}";
  EXPECT_EQ(good(file), "disks mounts/20s/10s postgres[a]/15s/5s");
  EXPECT_EQ(good(file, {.enabled = {"cpu", "textfile"}, .disabled = {}}),
            "cpu disks mounts/20s/10s textfile/15s/10s postgres[a]/15s/5s");
  EXPECT_EQ(good(file, {.enabled = {}, .disabled = {"disks", "postgres"}}), "mounts/20s/10s");
  EXPECT_EQ(good(file, {.defaults = false, .enabled = {"cpu"}, .disabled = {}}), "cpu");
  EXPECT_EQ(good(file, {.defaults = false, .enabled = {"cpu"}, .disabled = {"cpu"}}), "");
  EXPECT_EQ(good("collectors: {host: false}", {.enabled = {"disks"}, .disabled = {}}), "disks textfile/15s/10s");
}

TEST(Build, WhatIsSwitchedOffByNameIsCheckedAllTheSame) {
  EXPECT_EQ(build("collectors: {host: {disable: [disks], devices: {exclude: '('}}}").mistakes,
            "f.yml:1:58: collectors.host.devices.exclude: not a regular expression: missing ): (\n"
            "collectors: {host: {disable: [disks], devices: {exclude: '('}}}\n"
            "                                                         ^\n");
  EXPECT_EQ(good("collectors: {host: {disable: [disks], devices: {exclude: 'x'}}}"),
            "cpu mounts/20s/10s "
            "textfile/15s/10s");
  EXPECT_EQ(good("collectors: {textfile: {directory: /broken}}", {.enabled = {}, .disabled = {"textfile"}}),
            "cpu disks mounts/20s/10s")
      << "what keeps a collector from being made matters only where it is wanted";
}

TEST(Build, WhatCannotBeMadeIsAMistakeOnce) {
  EXPECT_EQ(build("collectors:\n  textfile:\n    directory: /broken\n").mistakes,
            "f.yml:2:3: collectors.textfile: /broken: broken\n  textfile:\n  ^\n");
  EXPECT_EQ(build("collectors:\n  textfile:\n    directory: /twice\n").mistakes,
            "f.yml:3:16: collectors.textfile.directory: no such place\n    directory: /twice\n               ^\n");
  EXPECT_EQ(build("collectors:\n  textfile:\n    directory: /broken\n").collectors, "cpu disks mounts/20s/10s");
}

TEST(Build, NamesAreLabels) {
  const auto f = [](std::string_view name) {
    const std::string mistakes = build(fmt::format("collectors: {{postgres: [{{user: u, name: {}}}]}}", name)).mistakes;
    return mistakes.substr(0, mistakes.find('\n'));
  };
  EXPECT_EQ(f("a"), "");
  EXPECT_EQ(f("'Main server, 2'"), "");
  EXPECT_EQ(f("''"), "f.yml:1:41: collectors.postgres[0].name: must not be empty");
  EXPECT_EQ(f("\"a\\nb\""), "f.yml:1:41: collectors.postgres[0].name: a control character in the name");
  EXPECT_EQ(f(std::string(256, 'x')), "");
  EXPECT_EQ(f(std::string(257, 'x')), "f.yml:1:41: collectors.postgres[0].name: at most 256 bytes expected");
}

}  // namespace
}  // namespace upkeep
