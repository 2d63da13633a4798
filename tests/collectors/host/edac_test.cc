#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

const std::string kController = "sys/devices/system/edac/mc/mc0/";

TEST(Edac, CountsByControllerRowAndChannel) {
  World world;
  world.fs.put("sys/devices/system/edac/mc/power/control", "auto\n");
  world.fs.put(kController + "ce_count", "1\n");
  world.fs.put(kController + "ce_noinfo_count", "2\n");
  world.fs.put(kController + "ue_count", "5\n");
  world.fs.put(kController + "ue_noinfo_count", "6\n");
  world.fs.put(kController + "csrow1/ce_count", "3\n");
  world.fs.put(kController + "csrow1/ue_count", "4\n");
  world.fs.put(kController + "csrow1/ch0_ce_count", "7\n");
  world.fs.put(kController + "csrow1/ch0_ue_count", "8\n");
  world.fs.put(kController + "csrow1/ch0_dimm_label", "mc#0csrow#1channel#0\n");
  world.fs.put(kController + "csrow1/ch1_ce_count", "9\n");
  EXPECT_EQ(
      world.samples(edac_collector),
      "node_edac_correctable_errors_total{controller=\"0\"} 1\n"
      "node_edac_csrow_correctable_errors_total{controller=\"0\",csrow=\"unknown\"} 2\n"
      "node_edac_csrow_correctable_errors_total{controller=\"0\",csrow=\"1\"} 3\n"
      "node_edac_uncorrectable_errors_total{controller=\"0\"} 5\n"
      "node_edac_csrow_uncorrectable_errors_total{controller=\"0\",csrow=\"unknown\"} 6\n"
      "node_edac_csrow_uncorrectable_errors_total{controller=\"0\",csrow=\"1\"} 4\n"
      "node_edac_channel_correctable_errors_total{controller=\"0\",csrow=\"1\",channel=\"0\",dimm_label=\"mc0_csrow1_"
      "channel0\"} 7\n"
      "node_edac_channel_correctable_errors_total{controller=\"0\",csrow=\"1\",channel=\"1\",dimm_label=\"unknown\"} "
      "9\n"
      "node_edac_channel_uncorrectable_errors_total{controller=\"0\",csrow=\"1\",channel=\"0\",dimm_label=\"mc0_csrow1_"
      "channel0\"} 8\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Edac, ReadsWhatTheDriverHas) {
  World world;
  world.fs.put(kController + "ce_count", "0\n");
  world.fs.put(kController + "dimm0/dimm_label", "A1\n");
  EXPECT_EQ(world.samples(edac_collector), "node_edac_correctable_errors_total{controller=\"0\"} 0\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Edac, NeedsAController) {
  World world;
  EXPECT_EQ(world.samples(edac_collector), "");
  EXPECT_EQ(world.error(), "no memory controllers that count errors");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
  world.fs.put("sys/devices/system/edac/mc/power/control", "auto\n");
  EXPECT_EQ(world.samples(edac_collector), "");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
}

TEST(Edac, SaysWhatItCannotRead) {
  World world;
  world.fs.put(kController + "ce_count", "x\n");
  world.fs.put("sys/devices/system/edac/mc/mc1/ce_count", "3\n");
  EXPECT_EQ(world.samples(edac_collector), "node_edac_correctable_errors_total{controller=\"1\"} 3\n");
  EXPECT_EQ(world.error(), kController + "ce_count: an integer expected");
  world.fs.fail_with(kController + "ce_count", {ErrorCode::kSystem, "Input/output error"});
  EXPECT_EQ(world.samples(edac_collector), "node_edac_correctable_errors_total{controller=\"1\"} 3\n");
  EXPECT_EQ(world.error(), kController + "ce_count: Input/output error");
}

}  // namespace
}  // namespace upkeep::testing
