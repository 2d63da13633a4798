// Neighbours known by ARP. https://man7.org/linux/man-pages/man5/proc_net.5.html ("arp")
//   IP address       HW type     Flags       HW address            Mask     Device
//   192.0.2.1        0x1         0x2         02:fc:00:00:00:05     *        eth0
#include <algorithm>
#include <utility>
#include <vector>

#include "collectors/all.h"
#include "collectors/host/links.h"
#include "exporter/filesystem.h"
#include "exporter/table.h"
#include "exporter/text.h"

namespace upkeep {

namespace {

constexpr MetricDesc kEntries = gauge("node_arp_entries", "Neighbours in the ARP table.", {"device"});
constexpr const MetricDesc* kMetrics[] = {&kEntries};

// The device of a line below the header: its sixth word.
Result<std::string_view> parse_device(std::string_view line) {
  Words words(line);
  std::string_view device;
  for (int column = 0; column < 6; ++column) device = words.next();
  if (device.empty()) return fail(ErrorCode::kParse, "six columns expected");
  return device;
}

class Arp final : public Collector {
 public:
  Arp(NameFilter filter, const Environment& environment)
      : filter_(std::move(filter)), file_(environment.fs.open("proc/net/arp", FileKind::kTable)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_TRY(const std::string_view text, file_->read());
    for (Device& device : devices_) device.entries = 0;
    UPKEEP_CHECK(count(text));
    std::erase_if(devices_, [](const Device& device) { return device.entries == 0; });
    for (const Device& device : devices_) {
      if (filter_.keeps(device.name)) out.add(kEntries, static_cast<double>(device.entries), {device.name});
    }
    return {};
  }

 private:
  struct Device {
    std::string name;
    std::uint64_t entries = 0;
  };

  Result<> count(std::string_view text) {
    if (!text.starts_with("IP address")) return fail(ErrorCode::kParse, "proc/net/arp: header expected");
    bool header = true;
    return each_line("proc/net/arp", text, [&](std::string_view line) -> Result<> {
      if (std::exchange(header, false)) return {};
      UPKEEP_TRY(const std::string_view device, parse_device(line));
      ++entry(device).entries;
      return {};
    });
  }

  // Neighbours of a device stand together, mostly.
  Device& entry(std::string_view name) {
    const auto is_it = [name](const Device& device) { return device.name == name; };
    const auto found = std::find_if(devices_.begin(), devices_.end(), is_it);
    return found != devices_.end() ? *found : devices_.emplace_back(std::string(name));
  }

  NameFilter filter_;
  std::unique_ptr<File> file_;
  std::vector<Device> devices_;  // with an entry in the last run
};

Result<std::unique_ptr<Collector>> make(ConfigReader& config, const Environment& environment) {
  return std::make_unique<Arp>(interface_filter(config), environment);
}

}  // namespace

const CollectorType arp_collector = {
    .name = "arp",
    .section = "host",
    .help = "Size of the ARP table.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
