#include "collectors/containers/options.h"

#include <gtest/gtest.h>

namespace upkeep::containers {
namespace {

using namespace std::chrono_literals;

struct Read {
  Options options;
  std::vector<std::string> mistakes;
};

Read read(const std::string& text) {
  ConfigDocument document("upkeep.yml", text);
  ConfigReader reader = document.root();
  Options options = read_options(reader);
  Read result{std::move(options), {}};
  for (const std::string& mistake : document.mistakes())
    result.mistakes.push_back(mistake.substr(0, mistake.find('\n')));
  return result;
}

TEST(ContainerOptions, HasDefaults) {
  Options options = read("{}").options;
  EXPECT_TRUE(options.ask_engine);
  EXPECT_EQ(options.socket, std::nullopt);
  EXPECT_EQ(options.label_keys, (std::vector<std::string>{"com.docker.compose.project", "com.docker.compose.service"}));
  EXPECT_TRUE(options.names.keeps("anything"));
  EXPECT_EQ(options.grace, 5min);
  EXPECT_TRUE(options.expected.empty());
  EXPECT_EQ(options.image_max_age, 90 * 24h);
  EXPECT_EQ(options.log_max_bytes, 1073741824u);
}

TEST(ContainerOptions, ReadsAll) {
  Read all = read(
      "docker: unix:///run/user/1000/docker.sock\n"
      "labels: [tier]\n"
      "names: {include: '^shop', exclude: test}\n"
      "grace: 1h\n"
      "expected: [{project: shop, service: web, replicas: 3}, {project: shop, service: db}]\n"
      "compose_files: [/srv/shop/compose.yml]\n"
      "image_max_age: 30d\n"
      "log_max: 10MiB\n");
  EXPECT_EQ(all.mistakes, std::vector<std::string>{});
  EXPECT_EQ(all.options.socket, "/run/user/1000/docker.sock");
  EXPECT_EQ(all.options.label_keys, std::vector<std::string>{"tier"});
  EXPECT_TRUE(all.options.names.keeps("shop-web"));
  EXPECT_FALSE(all.options.names.keeps("shop-test"));
  EXPECT_EQ(all.options.grace, 1h);
  ASSERT_EQ(all.options.expected.size(), 2u);
  EXPECT_EQ(all.options.expected[0].replicas, 3);
  EXPECT_EQ(all.options.expected[1].service, "db");
  EXPECT_EQ(all.options.expected[1].replicas, 1);
  EXPECT_EQ(all.options.compose_files, std::vector<std::string>{"/srv/shop/compose.yml"});
  EXPECT_EQ(all.options.image_max_age, 30 * 24h);
  EXPECT_EQ(all.options.log_max_bytes, 10485760u);
}

TEST(ContainerOptions, CanDoWithoutAnEngine) {
  const Read off = read("docker: false\n");
  EXPECT_FALSE(off.options.ask_engine);
  EXPECT_EQ(off.mistakes, std::vector<std::string>{});
  EXPECT_EQ(read("docker: /run/docker.sock\n").options.socket, "/run/docker.sock");
}

TEST(ContainerOptions, SaysWhatIsWrong) {
  const auto f = [](const std::string& text, const std::string& mistake) {
    EXPECT_EQ(read(text).mistakes, std::vector<std::string>{"upkeep.yml:" + mistake});
  };
  f("docker: tcp://localhost:2375\n",
    "1:9: docker: the absolute path of a socket expected, as unix:///run/docker.sock");
  f("labels: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n", "1:9: labels: at most 8 labels expected: each is on every series");
  f("labels: [a.b, a_b]\n", "1:9: labels: 'a_b' becomes the label of another one");
  f("expected: [{service: web}]\n", "1:12: expected[0].project: required, but missing");
  f("expected: [{project: a, service: web, replicas: -1}]\n",
    "1:49: expected[0].replicas: a number from 0 to 10000 expected, not '-1'");
}

}  // namespace
}  // namespace upkeep::containers
