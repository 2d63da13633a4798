#include "collectors/containers/machine.h"

#include <span>

#include "exporter/text.h"

namespace upkeep::containers {
namespace {

constexpr MetricDesc kFamilies[] = {
    gauge("machine_cpu_cores", "CPUs that are online.", {"machine_id", "system_uuid", "boot_id"}),
    gauge("machine_memory_bytes", "Memory of the machine.", {"machine_id", "system_uuid", "boot_id"}),
    gauge("machine_swap_bytes", "Swap of the machine.", {"machine_id", "system_uuid", "boot_id"}),
};
enum Family : std::uint8_t { kCores, kMemory, kSwap };

// "0-3,8": how many that are; 0 when it is no such list.
double count_of_list(std::string_view list) {
  double count = 0;
  for (list = trim(list); !list.empty();) {
    const std::string_view range = list.substr(0, list.find(','));
    list.remove_prefix(range.size() < list.size() ? range.size() + 1 : list.size());
    const std::size_t dash = range.find('-');
    const auto first = to_u64(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : to_u64(range.substr(dash + 1));
    if (!first || !last || *last < *first) return 0;
    count += static_cast<double>(*last - *first + 1);
  }
  return count;
}

}  // namespace

std::span<const MetricDesc> machine_families() { return kFamilies; }

void Machine::read() {
  const auto id = [&](std::string_view path) {
    const auto text = fs_.read(path, FileKind::kAttribute);
    return text ? std::string(trim(*text)) : std::string();
  };
  machine_id_ = id("etc/machine-id");
  system_uuid_ = id("sys/class/dmi/id/product_uuid");
  boot_id_ = id("proc/sys/kernel/random/boot_id");
  cores_ = count_of_list(id("sys/devices/system/cpu/online"));
  memory_bytes_ = 0;
  knows_swap_ = false;
  constexpr double kKibibyte = 1024;
  const std::string meminfo = fs_.read("proc/meminfo").value_or("");
  for (const std::string_view line : Lines(meminfo)) {
    Words words(line);
    const std::string_view key = words.next();
    if (key != "MemTotal:" && key != "SwapTotal:") continue;
    const auto kibibytes = words.next_u64();
    if (!kibibytes) continue;
    const double bytes = static_cast<double>(*kibibytes) * kKibibyte;
    if (key == "MemTotal:") {
      memory_bytes_ = bytes;
    } else {
      swap_bytes_ = bytes;
      knows_swap_ = true;
    }
  }
}

void Machine::publish(Clock::time_point now, SampleSink& out) {
  if (due_.due(now)) read();
  const auto add = [&](Family family, double value) {
    out.add(kFamilies[family], value, {machine_id_, system_uuid_, boot_id_});
  };
  if (cores_ > 0) add(kCores, cores_);
  if (memory_bytes_ > 0) add(kMemory, memory_bytes_);
  if (knows_swap_) add(kSwap, swap_bytes_);
}

}  // namespace upkeep::containers
