// What disks do, and what udev knows of them. https://docs.kernel.org/admin-guide/iostats.html
//    254       0 vda 31912 7806 3504994 21970 9664 6622 1389024 3823 0 13136 26358 5306 35 164800 503 1471 60
#include <algorithm>
#include <array>
#include <vector>

#include "collectors/all.h"
#include "exporter/config.h"
#include "exporter/filesystem.h"
#include "exporter/table.h"

namespace upkeep {

namespace {

using namespace std::chrono_literals;

// Partitions, and what is no disk.
constexpr std::string_view kExclude = R"(^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$)";

constexpr double kSectorBytes = 512;  // whatever the disk's own sectors are
constexpr double kSecondsPerMillisecond = 0.001;

struct Column {
  MetricDesc family;
  double unit;
};
// In the order of the line.
constexpr std::array kColumns = {
    Column{counter("node_disk_reads_completed_total", "Reads completed.", {"device"}), 1},
    Column{counter("node_disk_reads_merged_total", "Reads merged with a neighbour before they were sent.", {"device"}),
           1},
    Column{counter("node_disk_read_bytes_total", "Bytes read.", {"device"}), kSectorBytes},
    Column{counter("node_disk_read_time_seconds_total", "Time all reads took, added up.", {"device"}),
           kSecondsPerMillisecond},
    Column{counter("node_disk_writes_completed_total", "Writes completed.", {"device"}), 1},
    Column{
        counter("node_disk_writes_merged_total", "Writes merged with a neighbour before they were sent.", {"device"}),
        1},
    Column{counter("node_disk_written_bytes_total", "Bytes written.", {"device"}), kSectorBytes},
    Column{counter("node_disk_write_time_seconds_total", "Time all writes took, added up.", {"device"}),
           kSecondsPerMillisecond},
    Column{gauge("node_disk_io_now", "Requests under way.", {"device"}), 1},
    Column{counter("node_disk_io_time_seconds_total", "Time in which a request was under way.", {"device"}),
           kSecondsPerMillisecond},
    Column{counter("node_disk_io_time_weighted_seconds_total",
                   "Time in which requests were under way, times their number.", {"device"}),
           kSecondsPerMillisecond},
    Column{counter("node_disk_discards_completed_total", "Discards completed.", {"device"}), 1},
    Column{counter("node_disk_discards_merged_total", "Discards merged with a neighbour before they were sent.",
                   {"device"}),
           1},
    Column{counter("node_disk_discarded_sectors_total", "Sectors of 512 bytes discarded.", {"device"}), 1},
    Column{counter("node_disk_discard_time_seconds_total", "Time all discards took, added up.", {"device"}),
           kSecondsPerMillisecond},
    Column{counter("node_disk_flush_requests_total", "Flushes of the disk's cache completed.", {"device"}), 1},
    Column{counter("node_disk_flush_requests_time_seconds_total", "Time all flushes took, added up.", {"device"}),
           kSecondsPerMillisecond},
};
constexpr std::size_t kLeastColumns = 11;  // before Linux 4.18

constexpr MetricDesc kInfo = gauge("node_disk_info", "What the disk is.",
                                   {"device", "major", "minor", "path", "wwn", "model", "serial", "revision"});
constexpr MetricDesc kFilesystemInfo =
    gauge("node_disk_filesystem_info", "What the disk holds.", {"device", "type", "usage", "uuid", "version"});
constexpr MetricDesc kDeviceMapperInfo = gauge("node_disk_device_mapper_info", "What the mapped device is.",
                                               {"device", "name", "uuid", "vg_name", "lv_name", "lv_layer"});
constexpr MetricDesc kAtaWriteCache =
    gauge("node_disk_ata_write_cache", "Whether the ATA disk has a write cache.", {"device"});
constexpr MetricDesc kAtaWriteCacheEnabled =
    gauge("node_disk_ata_write_cache_enabled", "Whether the ATA disk uses its write cache.", {"device"});
constexpr MetricDesc kAtaRotationRate =
    gauge("node_disk_ata_rotation_rate_rpm", "How fast the ATA disk turns; 0: it does not.", {"device"});

constexpr auto kMetrics = [] {
  constexpr std::array kInfos = {&kInfo,          &kFilesystemInfo,       &kDeviceMapperInfo,
                                 &kAtaWriteCache, &kAtaWriteCacheEnabled, &kAtaRotationRate};
  std::array<const MetricDesc*, kInfos.size() + kColumns.size()> all{};
  std::ranges::copy(kInfos, all.begin());
  for (std::size_t i = 0; i < kColumns.size(); ++i) all[kInfos.size() + i] = &kColumns[i].family;
  return all;
}();

struct Counters {
  std::array<std::uint64_t, kColumns.size()> values;
  std::size_t columns = 0;
};

// `words` stand behind the name.
Result<Counters> parse(Words words) {
  Counters counters;
  for (std::uint64_t& value : counters.values) {
    const auto number = words.next_u64();
    if (!number) break;
    value = *number;
    ++counters.columns;
  }
  const bool all_read = counters.columns == counters.values.size() || words.next().empty();
  if (!all_read || counters.columns < kLeastColumns)
    return fail(ErrorCode::kParse, "11 numbers or more expected behind the name");
  return counters;
}

// What udev wrote down of a device: lines "E:KEY=value". https://man7.org/linux/man-pages/man8/udevadm.8.html
class Properties {
 public:
  explicit Properties(std::string_view text) : text_(text) {}
  // Empty when there is none.
  [[nodiscard]] std::string get(std::string_view key) const {
    constexpr std::string_view kMark = "E:";
    for (std::string_view line : Lines(text_)) {
      if (!line.starts_with(kMark)) continue;
      line.remove_prefix(kMark.size());
      if (line.starts_with(key) && line.substr(key.size()).starts_with('='))
        return std::string(line.substr(key.size() + 1));
    }
    return {};
  }

 private:
  std::string_view text_;
};

// One sample whose labels say it all, or, of the ATA attributes, whose value does.
struct Fact {
  const MetricDesc* family;
  std::vector<std::string> labels;
  double value = 1;
};

struct DeviceName {
  std::string_view major, minor, name;
};

struct Device {
  std::string major, minor, name;
  bool kept = false;
  std::vector<Fact> facts;
  Clock::time_point facts_at;
};

void add_ata(const Properties& udev, std::string_view key, const MetricDesc& family, Device& device) {
  if (const auto value = to_number(udev.get(key))) device.facts.push_back({&family, {device.name}, *value});
}

// The labels are those of node_exporter, whose wording this is.
void set_facts(const Properties& udev, Device& device) {
  std::string serial = udev.get("SCSI_IDENT_SERIAL");  // what is printed on the disk
  if (serial.empty()) serial = udev.get("ID_SERIAL_SHORT");
  if (serial.empty()) serial = udev.get("ID_SERIAL");  // virtio
  device.facts.clear();
  device.facts.push_back({&kInfo,
                          {device.name, device.major, device.minor, udev.get("ID_PATH"), udev.get("ID_WWN"),
                           udev.get("ID_MODEL"), serial, udev.get("ID_REVISION")}});
  if (const std::string type = udev.get("ID_FS_TYPE"); !type.empty()) {
    device.facts.push_back(
        {&kFilesystemInfo,
         {device.name, type, udev.get("ID_FS_USAGE"), udev.get("ID_FS_UUID"), udev.get("ID_FS_VERSION")}});
  }
  if (const std::string name = udev.get("DM_NAME"); !name.empty()) {
    device.facts.push_back({&kDeviceMapperInfo,
                            {device.name, name, udev.get("DM_UUID"), udev.get("DM_VG_NAME"), udev.get("DM_LV_NAME"),
                             udev.get("DM_LV_LAYER")}});
  }
  if (udev.get("ID_ATA").empty()) return;
  add_ata(udev, "ID_ATA_WRITE_CACHE", kAtaWriteCache, device);
  add_ata(udev, "ID_ATA_WRITE_CACHE_ENABLED", kAtaWriteCacheEnabled, device);
  add_ata(udev, "ID_ATA_ROTATION_RATE_RPM", kAtaRotationRate, device);
}

class Diskstats final : public Collector {
 public:
  Diskstats(ConfigReader& config, const Environment& environment)
      : fs_(environment.fs),
        clock_(environment.clock),
        filter_(config.filter("devices", "", kExclude)),
        file_(environment.fs.open(kPath, FileKind::kTable)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_TRY(const std::string_view text, file_->read());
    if (text.empty()) return fail(ErrorCode::kNoData, "proc/diskstats: no disk");
    const Clock::time_point now = clock_.now();
    std::size_t position = 0;
    return each_line(kPath, text, [&](std::string_view line) { return add_line(position++, line, now, out); });
  }

 private:
  static constexpr std::string_view kPath = "proc/diskstats";
  static constexpr auto kFactsHold = 60s;  // udev learns of a new disk, or of a new file system on it, a little later

  Result<> add_line(std::size_t position, std::string_view line, Clock::time_point now, SampleSink& out) {
    Words words(line);
    const std::string_view major = words.next(), minor = words.next(), name = words.next();
    if (name.empty()) return fail(ErrorCode::kParse, "major, minor and name expected");
    Device& device = device_at(position, {major, minor, name});
    if (!device.kept) return {};
    UPKEEP_TRY(const Counters counters, parse(words));
    if (device.facts.empty() || now - device.facts_at >= kFactsHold) read_facts(device, now);
    for (const Fact& fact : device.facts) {
      std::array<std::string_view, kMaxLabels> labels;
      const auto end = std::ranges::copy(fact.labels, labels.begin()).out;
      out.add(*fact.family, fact.value, std::span(labels.begin(), end));
    }
    for (std::size_t i = 0; i < counters.columns; ++i)
      out.add(kColumns[i].family, static_cast<double>(counters.values[i]) * kColumns[i].unit, {name});
    return {};
  }

  // The kernel lists its devices in the same order every time, until one comes or goes.
  Device& device_at(std::size_t position, const DeviceName& name) {
    if (position >= devices_.size()) devices_.resize(position + 1);
    Device& device = devices_[position];
    if (device.name == name.name && device.minor == name.minor && device.major == name.major) return device;
    device = Device{std::string(name.major), std::string(name.minor), std::string(name.name)};
    device.kept = filter_.keeps(name.name);
    return device;
  }

  // Without udev, or without leave to read its notes, there is only what the kernel says.
  void read_facts(Device& device, Clock::time_point now) {
    const auto text = fs_.read("run/udev/data/b" + device.major + ":" + device.minor);
    device.facts_at = now;
    if (!text && !device.facts.empty()) return;
    set_facts(Properties(text ? std::string_view(*text) : std::string_view()), device);
  }

  FileSystem& fs_;
  const Clock& clock_;
  NameFilter filter_;
  std::unique_ptr<File> file_;
  std::vector<Device> devices_;  // by line
};

Result<std::unique_ptr<Collector>> make(ConfigReader& config, const Environment& environment) {
  return std::make_unique<Diskstats>(config, environment);
}

}  // namespace

const CollectorType diskstats_collector = {
    .name = "diskstats",
    .section = "host",
    .help = "What disks do, and what they are.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
