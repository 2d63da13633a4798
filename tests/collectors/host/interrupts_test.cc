#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep {
namespace {

using testing::World;

void expect(std::string_view text, std::string_view samples, std::string_view error = "") {
  World world;
  world.fs.put("proc/interrupts", std::string(text));
  EXPECT_EQ(world.samples(interrupts_collector), samples);
  EXPECT_EQ(world.error(), error);
}

TEST(Interrupts, Publishes) {
  expect(
      "           CPU0       CPU1       \n"
      " 24:          1          0  IO-APIC   5-edge      ACPI:Ged\n"
      " 36:          0      40838 PCI-MSIX-0000:00:02.0   1-edge      virtio1-req.0\n"
      "NMI:          2          3   Non-maskable interrupts\n"
      "ERR:          0\n"
      "MIS:          0\n"
      "PIW:          0          4   Posted-interrupt wakeup event\n",
      "node_interrupts_total{cpu=\"0\",type=\"24\",info=\"IO-APIC\",devices=\"5-edge ACPI:Ged\"} 1\n"
      "node_interrupts_total{cpu=\"1\",type=\"24\",info=\"IO-APIC\",devices=\"5-edge ACPI:Ged\"} 0\n"
      "node_interrupts_total{cpu=\"0\",type=\"36\",info=\"PCI-MSIX-0000:00:02.0\",devices=\"1-edge virtio1-req.0\"} 0\n"
      "node_interrupts_total{cpu=\"1\",type=\"36\",info=\"PCI-MSIX-0000:00:02.0\",devices=\"1-edge virtio1-req.0\"} "
      "40838\n"
      "node_interrupts_total{cpu=\"0\",type=\"NMI\",info=\"Non-maskable interrupts\",devices=\"\"} 2\n"
      "node_interrupts_total{cpu=\"1\",type=\"NMI\",info=\"Non-maskable interrupts\",devices=\"\"} 3\n"
      "node_interrupts_total{cpu=\"0\",type=\"PIW\",info=\"Posted-interrupt wakeup event\",devices=\"\"} 0\n"
      "node_interrupts_total{cpu=\"1\",type=\"PIW\",info=\"Posted-interrupt wakeup event\",devices=\"\"} 4\n");
}

TEST(Interrupts, ReadsArm) {
  // The names of its interprocessor interrupts touch their numbers; those errors belong to no CPU.
  expect(
      "           CPU0\n"
      " 10:       1234    GICv3  27 Level     arch_timer\n"
      "IPI0:123456789       Rescheduling interrupts\n"
      "Err:          0\n",
      "node_interrupts_total{cpu=\"0\",type=\"10\",info=\"GICv3\",devices=\"27 Level arch_timer\"} 1234\n"
      "node_interrupts_total{cpu=\"0\",type=\"IPI0\",info=\"Rescheduling interrupts\",devices=\"\"} 123456789\n");
}

TEST(Interrupts, NamesCpusAsTheKernelDoes) {
  expect(
      "   CPU0  CPU2\n"
      "LOC:  1  2  Local timer interrupts\n",
      "node_interrupts_total{cpu=\"0\",type=\"LOC\",info=\"Local timer interrupts\",devices=\"\"} 1\n"
      "node_interrupts_total{cpu=\"2\",type=\"LOC\",info=\"Local timer interrupts\",devices=\"\"} 2\n");
}

TEST(Interrupts, FollowsSourcesThatMove) {
  World world;
  world.fs.put("proc/interrupts", " CPU0\n 8: 1 IO-APIC 8-edge rtc0\n 9: 2 IO-APIC 9-fasteoi acpi\n");
  world.samples(interrupts_collector);
  world.fs.put("proc/interrupts", " CPU0\n 8: 1 IO-APIC 8-edge rtc0, hpet\n 9: 3 IO-APIC 9-fasteoi acpi\n");
  EXPECT_EQ(world.samples(interrupts_collector),
            "node_interrupts_total{cpu=\"0\",type=\"8\",info=\"IO-APIC\",devices=\"8-edge rtc0, hpet\"} 1\n"
            "node_interrupts_total{cpu=\"0\",type=\"9\",info=\"IO-APIC\",devices=\"9-fasteoi acpi\"} 3\n");
  world.fs.put("proc/interrupts", " CPU0\n 9: 4 IO-APIC 9-fasteoi acpi\n");
  EXPECT_EQ(world.samples(interrupts_collector),
            "node_interrupts_total{cpu=\"0\",type=\"9\",info=\"IO-APIC\",devices=\"9-fasteoi acpi\"} 4\n");
}

TEST(Interrupts, IsCompleteOnManyCpus) {
  constexpr int kCpus = 256, kSources = 300;
  std::string text;
  for (int cpu = 0; cpu < kCpus; ++cpu) text += fmt::format("       CPU{:<3}", cpu);
  text += '\n';
  for (int source = 0; source < kSources; ++source) {
    text += fmt::format("{:>4}:", source);
    for (int cpu = 0; cpu < kCpus; ++cpu) text += fmt::format(" {:>10}", source * kCpus + cpu);
    text += "  PCI-MSI 1048576-edge nvme0q0\n";
  }
  World world;
  world.fs.put("proc/interrupts", text);
  const std::string samples = world.samples(interrupts_collector);
  EXPECT_EQ(world.error(), "");
  EXPECT_EQ(std::ranges::count(samples, '\n'), kCpus * kSources);
  EXPECT_TRUE(
      samples.ends_with("{cpu=\"255\",type=\"299\",info=\"PCI-MSI\",devices=\"1048576-edge nvme0q0\"} 76799\n"));
}

TEST(Interrupts, NamesTheBadLine) {
  constexpr std::string_view kGood = "node_interrupts_total{cpu=\"0\",type=\"NMI\",info=\"N\",devices=\"\"} 2\n";
  expect(" CPU0\nNMI: 2 N\n 8\n", kGood, R"(proc/interrupts:3: `name: numbers` expected: " 8")");
  expect(" CPU0\n 8: x y z\nNMI: 2 N\n", kGood, R"(proc/interrupts:2: a number for each CPU expected: " 8: x y z")");
  expect(" CPU0\n", "", "proc/interrupts: no interrupt found");
  expect("", "", "proc/interrupts: no interrupt found");
  expect("garbage\n", "", R"(proc/interrupts:1: names of CPUs expected: "garbage")");
}

TEST(Interrupts, FailsWithoutFile) {
  World world;
  EXPECT_EQ(world.samples(interrupts_collector), "");
  EXPECT_EQ(world.error(), "proc/interrupts: No such file or directory");
}

}  // namespace
}  // namespace upkeep
