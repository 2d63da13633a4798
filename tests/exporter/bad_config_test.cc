// tests/config/bad: configurations with everything wrong that people get wrong, each with what is said about it beside
// it. UPKEEP_UPDATE_GOLDEN=1 writes what is said now.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "exporter/build.h"
#include "exporter/settings.h"
#include "tests/support/example_collectors.h"
#include "tests/support/fakes.h"

namespace upkeep {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string mistakes_in(const std::filesystem::path& path) {
  testing::FakeFileSystem fs;
  testing::FakeKernel kernel;
  testing::FakeClock clock;
  ConfigDocument document(path.filename(), content_of(path));
  ConfigReader root = document.root();
  read_settings(root);
  build_instances(root.section("collectors"), testing::example_collectors(),
                  Environment{fs, kernel, clock, testing::no_log()}, {});
  std::string all;
  for (const std::string& mistake : document.mistakes()) all += mistake + "\n";
  return all;
}

TEST(BadConfig, GetsTheMessageBesideIt) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(UPKEEP_SOURCE_DIR "/tests/config/bad")) {
    if (entry.path().extension() == ".yml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  EXPECT_GE(files.size(), 25U);
  for (const auto& file : files) {
    const std::string mistakes = mistakes_in(file);
    auto expected = file;
    expected.replace_extension(".err");
    if (std::getenv("UPKEEP_UPDATE_GOLDEN") != nullptr) std::ofstream(expected, std::ios::binary) << mistakes;
    EXPECT_NE(mistakes, "") << file;
    EXPECT_EQ(mistakes, content_of(expected)) << file;
  }
}

}  // namespace
}  // namespace upkeep
