// deploy/upkeep.yml documents every setting, and changes none.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "collectors/all.h"
#include "exporter/build.h"
#include "exporter/settings.h"
#include "tests/support/program.h"
#include "tests/support/recorded_host.h"

namespace upkeep {
namespace {

std::string documented() {
  std::ifstream file(UPKEEP_SOURCE_DIR "/deploy/upkeep.yml", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A configuration read whole, with every collector there is.
struct Whole {
  explicit Whole(std::string text) : document("upkeep.yml", std::move(text)) {
    ConfigReader root = document.root();
    settings = read_settings(root);
    instances = build_instances(root.section("collectors"), all_collectors(),
                                Environment{fs, kernel, clock, testing::no_log()}, {});
  }
  testing::FakeFileSystem fs;
  testing::FakeKernel kernel;
  testing::FakeClock clock;
  ConfigDocument document;
  Settings settings;
  std::vector<std::shared_ptr<Instance>> instances;
};

TEST(DefaultConfig, IsWithoutMistakes) {
  for (const std::string& mistake : Whole(documented()).document.mistakes()) ADD_FAILURE() << mistake;
}

TEST(DefaultConfig, HasEveryKeyThatIsRead) {
  const std::string text = documented();
  const Whole whole(text);
  for (const std::string& path : whole.document.absent_keys()) {
    const std::string key = path.substr(path.rfind('.') + 1);
    EXPECT_NE(text.find("# " + key + ":"), std::string::npos) << path << " is not in deploy/upkeep.yml";
  }
}

TEST(DefaultConfig, ChangesNoSetting) {
  const Whole with(documented()), without("");
  EXPECT_EQ(with.settings.web.listen, without.settings.web.listen);
  EXPECT_EQ(with.settings.web.telemetry_path, without.settings.web.telemetry_path);
  EXPECT_EQ(with.settings.web.max_requests, without.settings.web.max_requests);
  EXPECT_EQ(with.settings.web.lifecycle, without.settings.web.lifecycle);
  EXPECT_EQ(with.settings.log_level, without.settings.log_level);
  EXPECT_EQ(with.settings.log_format, without.settings.log_format);
  EXPECT_EQ(with.settings.state, without.settings.state);
  ASSERT_EQ(with.instances.size(), without.instances.size());
  for (std::size_t i = 0; i < with.instances.size(); ++i) {
    const Instance& instance = *with.instances[i];
    const Instance& default_one = *without.instances[i];
    EXPECT_EQ(instance.type().name, default_one.type().name);
    EXPECT_EQ(instance.interval(), default_one.interval()) << instance.type().name;
    EXPECT_EQ(instance.timeout(), default_one.timeout()) << instance.type().name;
  }
}

TEST(DefaultConfig, ChangesNoPage) {
  for (const char* name : {"vm", "server"}) {
    testing::RecordedHost host(name), same_host(name);
    testing::Program with(host, documented()), without(same_host);
    EXPECT_EQ(testing::first_difference(without.page(), with.page()), "") << name;
  }
}

}  // namespace
}  // namespace upkeep
