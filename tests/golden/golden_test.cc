// The whole page of recorded hosts, compared byte by byte with tests/golden/HOST.prom. UPKEEP_UPDATE_GOLDEN=1 writes
// those files anew: then read the difference as you would read a patch.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "collectors/all.h"
#include "exporter/text.h"
#include "tests/support/program.h"
#include "tests/support/recorded_host.h"

namespace upkeep::testing {
namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// The settings a recorded host comes with; defaults without.
std::string config_of(std::string_view name) { return slurp(RecordedHost::folder_of(name) / "upkeep.yml"); }

// The page without what counts the runs themselves.
std::string without_run_counts(std::string_view page) {
  std::string out;
  for (std::string_view line : Lines(page)) {
    if (!line.starts_with("upkeep_collector_runs_total")) out.append(line).append("\n");
  }
  return out;
}

class Golden : public ::testing::TestWithParam<const char*> {};

TEST_P(Golden, PageIsAsRecorded) {
  RecordedHost host(GetParam());
  Program program(host, config_of(GetParam()));
  ASSERT_EQ(program.mistakes(), std::vector<std::string>{});
  const std::string page = program.page();
  const auto path = std::filesystem::path(UPKEEP_SOURCE_DIR) / "tests/golden" / (std::string(GetParam()) + ".prom");
  if (std::getenv("UPKEEP_UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << page;
  const std::string difference = first_difference(slurp(path), page);
  EXPECT_TRUE(difference.empty()) << path << " differs (UPKEEP_UPDATE_GOLDEN=1 rewrites it), " << difference;
}

TEST_P(Golden, ASecondRunSaysTheSame) {
  RecordedHost host(GetParam());
  Program program(host, config_of(GetParam()));
  const std::string first = without_run_counts(program.page());
  for (int run = 0; run < 3; ++run) EXPECT_EQ(first_difference(first, without_run_counts(program.page())), "");
}

TEST_P(Golden, EveryCollectorIsOnAndNoneFails) {
  RecordedHost host(GetParam());
  Program program(host, config_of(GetParam()));
  program.page();
  // Those of a list watch what a configuration names.
  const auto always = std::ranges::count(all_collectors(), false, &CollectorType::list);
  EXPECT_EQ(program.instances().size(), static_cast<std::size_t>(always));
  for (const auto& instance : program.instances()) {
    EXPECT_NE(instance->status().outcome, Outcome::kError) << instance->type().name << ": " << instance->error();
    EXPECT_EQ(instance->status().dropped_series, 0u) << instance->type().name;
  }
}

INSTANTIATE_TEST_SUITE_P(Hosts, Golden, ::testing::Values("vm", "server"),
                         [](const auto& parameter) { return std::string(parameter.param); });

// The server has something of every kind: a collector that finds nothing there is a gap in this fixture.
TEST(GoldenServer, FeedsEveryCollector) {
  RecordedHost host("server");
  Program program(host, config_of("server"));
  program.page();
  for (const auto& instance : program.instances()) {
    EXPECT_EQ(instance->status().outcome, Outcome::kSuccess) << instance->type().name << ": " << instance->error();
  }
}

TEST(GoldenServer, AnInterfaceThatVanishedLeavesNoTrace) {
  const HostCopy copy("server");
  RecordedHost host(copy.folder());
  Program program(host, config_of("server"));
  ASSERT_NE(program.page().find("device=\"eno2\""), std::string::npos);

  copy.drop_lines("proc/net/dev", "eno2");
  copy.drop_lines("kernel/route_getlink.hex", "656e6f3200");  // "eno2"
  std::filesystem::remove(copy.folder() / "sys/class/net/eno2");
  std::filesystem::remove(copy.folder() / "sys/devices/virtual/net/bond0/lower_eno2");
  std::ofstream(copy.folder() / "sys/devices/virtual/net/bond0/bonding/slaves") << "eno1\n";
  host.load_kernel();
  const std::string after = program.page();
  EXPECT_EQ(after.find("device=\"eno2\""), std::string::npos);

  RecordedHost fresh_host(copy.folder());
  Program fresh(fresh_host, config_of("server"));
  EXPECT_EQ(first_difference(without_run_counts(fresh.page()), without_run_counts(after)), "");
}

TEST(FirstDifference, ShowsTheLineAndWhatIsAroundIt) {
  EXPECT_EQ(first_difference("a\nb\n", "a\nb\n"), "");
  EXPECT_EQ(first_difference("a\nb\nc\n", "a\nB\nc\n"), "line 2:\n  a\n- b\n- c\n- (the end)\n+ B\n+ c\n+ (the end)\n");
  EXPECT_EQ(first_difference("a\n", "a\nb\n"), "line 2:\n  a\n- (the end)\n+ b\n+ (the end)\n");
}

}  // namespace
}  // namespace upkeep::testing
