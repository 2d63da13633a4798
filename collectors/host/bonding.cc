// Slaves of bonded interfaces, and how many of them have a link. https://docs.kernel.org/networking/bonding.html
//   sys/class/net/bonding_masters                         bond0 bond1
//   sys/class/net/bond0/bonding/slaves                    eth0 eth1
//   sys/class/net/bond0/lower_eth0/bonding_slave/mii_status   up
#include <utility>
#include <vector>

#include "collectors/all.h"
#include "collectors/host/links.h"
#include "exporter/filesystem.h"
#include "exporter/text.h"

namespace upkeep {

namespace {

constexpr MetricDesc kSlaves = gauge("node_bonding_slaves", "Slaves a bond has.", {"master"});
constexpr MetricDesc kActive = gauge("node_bonding_active", "Slaves of a bond that have a link.", {"master"});
constexpr const MetricDesc* kMetrics[] = {&kSlaves, &kActive};

constexpr std::size_t kMaxNames = 4096;  // bonds, or slaves of one

// Makes `items` one for each word of `text`; those whose names did not change stay as they are.
template <class Item, class Make>
Result<> match(std::string_view text, std::vector<Item>& items, Make make) {
  Words words(text);
  std::size_t count = 0;
  for (std::string_view name = words.next(); !name.empty(); name = words.next(), ++count) {
    if (count == kMaxNames) return fail(ErrorCode::kLimit, "more names than expected");
    if (count < items.size() && items[count].name == name) continue;
    items.resize(count);
    items.push_back(make(std::string(name)));
  }
  items.resize(count);
  return {};
}

class Bonding final : public Collector {
 public:
  Bonding(NameFilter filter, const Environment& environment)
      : filter_(std::move(filter)),
        fs_(environment.fs),
        masters_file_(fs_.open("sys/class/net/bonding_masters", FileKind::kAttribute)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    const auto masters = masters_file_->read();
    if (!masters && masters.error().code == ErrorCode::kNotFound) return fail(ErrorCode::kNoData, "no bonding");
    if (!masters) return std::unexpected(masters.error());
    UPKEEP_CHECK(match(*masters, masters_, [this](std::string name) { return open_master(std::move(name)); }));
    for (Master& master : masters_) {
      if (!filter_.keeps(master.name)) continue;
      UPKEEP_TRY(const std::size_t active, count_active(master));
      out.add(kSlaves, static_cast<double>(master.slaves.size()), {master.name});
      out.add(kActive, static_cast<double>(active), {master.name});
    }
    return {};
  }

 private:
  struct Slave {
    std::string name;
    std::unique_ptr<File> status;
    std::unique_ptr<File> old_status;  // where kernels before 3.9 have it
  };
  struct Master {
    std::string name;
    std::unique_ptr<File> slaves_file;
    std::vector<Slave> slaves;
  };

  Master open_master(std::string name) {
    auto file = fs_.open("sys/class/net/" + name + "/bonding/slaves", FileKind::kAttribute);
    return {.name = std::move(name), .slaves_file = std::move(file), .slaves = {}};
  }

  Slave open_slave(const std::string& master, std::string name) {
    const std::string base = "sys/class/net/" + master;
    auto status = fs_.open(base + "/lower_" + name + "/bonding_slave/mii_status", FileKind::kAttribute);
    auto old_status = fs_.open(base + "/slave_" + name + "/bonding_slave/mii_status", FileKind::kAttribute);
    return {.name = std::move(name), .status = std::move(status), .old_status = std::move(old_status)};
  }

  Result<std::size_t> count_active(Master& master) {
    UPKEEP_TRY(const std::string_view slaves, master.slaves_file->read());
    UPKEEP_CHECK(
        match(slaves, master.slaves, [&](std::string name) { return open_slave(master.name, std::move(name)); }));
    std::size_t active = 0;
    for (Slave& slave : master.slaves) {
      auto status = slave.status->read();
      if (!status && status.error().code == ErrorCode::kNotFound) {
        if (auto old_status = slave.old_status->read()) status = old_status;
      }
      if (!status) return std::unexpected(status.error());
      if (trim(*status) == "up") ++active;
    }
    return active;
  }

  NameFilter filter_;
  FileSystem& fs_;
  std::unique_ptr<File> masters_file_;
  std::vector<Master> masters_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader& config, const Environment& environment) {
  return std::make_unique<Bonding>(interface_filter(config), environment);
}

}  // namespace

const CollectorType bonding_collector = {
    .name = "bonding",
    .section = "host",
    .help = "Slaves of bonded interfaces.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
