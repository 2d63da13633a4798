#include "collectors/containers/families.h"

#include <gtest/gtest.h>

#include "tests/support/collect.h"

namespace upkeep::containers {
namespace {

TEST(ContainerFamilies, PutsTheContainerBeforeTheRest) {
  constexpr MetricDesc kFixed[] = {gauge("container_a", "A."), counter("container_b_total", "B.", {"device"})};
  const std::vector<std::string> keys = {"com.docker.compose.project", "tier"};
  const ContainerFamilies families(kFixed, keys);
  const auto names = [](const MetricDesc& family) {
    return std::vector<std::string_view>(family.label_names().begin(), family.label_names().end());
  };
  using Names = std::vector<std::string_view>;
  EXPECT_EQ(names(families[0]),
            (Names{"id", "name", "image", "container_label_com_docker_compose_project", "container_label_tier"}));
  EXPECT_EQ(names(families[1]), (Names{"id", "name", "image", "container_label_com_docker_compose_project",
                                       "container_label_tier", "device"}));
  EXPECT_EQ(families[1].name, "container_b_total");
  EXPECT_EQ(families[1].type, MetricType::kCounter);
  EXPECT_EQ(families[1].help, "B.");

  SampleSink sink(10);
  sink.begin();
  const std::vector<std::string> labels = {"/docker/1", "web", "nginx", "shop", "front"};
  ContainerSamples samples(families, ContainerLabels(labels), sink);
  samples.add(0, 1);
  samples.add(1, 2, {"sda"});
  const std::string page = testing::samples_of(sink);
  EXPECT_NE(page.find("container_b_total{id=\"/docker/1\",name=\"web\",image=\"nginx\","
                      "container_label_com_docker_compose_project=\"shop\",container_label_tier=\"front\","
                      "device=\"sda\"} 2\n"),
            std::string::npos)
      << page;
}

TEST(ContainerFamilies, TakesNoMoreKeysThanFit) {
  constexpr MetricDesc kFixed[] = {gauge("container_a", "A.", {"a", "b", "c", "d"})};
  const std::vector<std::string> keys(20, "k");
  const ContainerFamilies families(kFixed, keys);
  EXPECT_EQ(families[0].label_count, 3 + kLabelKeysAtMost + 4);
}

TEST(ContainerFamilies, MakesLabelsOfKeys) {
  const auto f = [](std::string_view key, std::string_view label) { EXPECT_EQ(label_of_key(key), label); };
  f("com.docker.compose.service", "container_label_com_docker_compose_service");
  f("a-b/c d", "container_label_a_b_c_d");
  f("\xC3\xA9", "container_label___");
  f("9", "container_label_9");
}

}  // namespace
}  // namespace upkeep::containers
