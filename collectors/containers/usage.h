// What a container uses, from the files of its control groups: which files there are, what stands in each, and as which
// families it is published. Names and definitions are cAdvisor's.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/containers/cgroups.h"
#include "collectors/containers/families.h"
#include "exporter/clock.h"
#include "exporter/filesystem.h"

namespace upkeep::containers {

// Numbers that are at most once in a container; those up to kPublishedAsIs are families of the same place in
// usage_families().
enum class Value : std::uint8_t {
  kCpuUser,
  kCpuSystem,
  kPeriods,
  kThrottledPeriods,
  kThrottledSeconds,
  kBurstPeriods,
  kBurstSeconds,
  kMemoryUsage,
  kWorkingSet,
  kRss,
  kCache,
  kSwap,
  kMappedFile,
  kMaxUsage,
  kFailures,
  kKernelMemory,
  kActiveFile,
  kInactiveFile,
  kDirty,
  kWriteback,
  kPagesScanned,
  kPagesStolen,
  kRefaultAnon,
  kRefaultFile,
  kEventsHigh,
  kEventsMax,
  kCpuWaiting,
  kCpuStalled,
  kMemoryWaiting,
  kMemoryStalled,
  kIoWaiting,
  kIoStalled,
  kThreads,
  kThreadsMax,
  kCpuPeriod,
  kCpuQuota,
  kCpuShares,
  kMemoryLimit,
  kMemoryReservation,
  kSwapLimit,
  kPublishedAsIs,  // not a value
  kCpuTotal = kPublishedAsIs,
  kPageFaults,
  kMajorFaults,
  kAllPageFaults,  // with those of groups below
  kAllMajorFaults,
  kOomKills,
  kCount,
};

struct DeviceIo {
  std::string numbers;  // "8:0", as the kernel writes it
  double read_bytes = std::nan(""), written_bytes = std::nan(""), reads = std::nan(""), writes = std::nan("");
};

// NaN: not known.
struct Usage {
  Usage() { clear(); }
  void clear() {
    values.fill(std::nan(""));
    device_count = 0;
  }
  double& operator[](Value value) { return values[static_cast<std::size_t>(value)]; }
  [[nodiscard]] double operator[](Value value) const { return values[static_cast<std::size_t>(value)]; }
  [[nodiscard]] bool has(Value value) const { return !std::isnan((*this)[value]); }
  DeviceIo& device(std::string_view numbers);

  std::array<double, static_cast<std::size_t>(Value::kCount)> values;
  std::vector<DeviceIo> devices;  // the first device_count of them
  std::size_t device_count = 0;
};

// Families with a fixed name, with their own labels only. Those of single values come first.
std::span<const MetricDesc> usage_families();
enum class UsageFamily : std::uint8_t {
  kCpuUsage = static_cast<std::uint8_t>(Value::kPublishedAsIs),
  kMemoryFailures,
  kReadBytes,
  kWrittenBytes,
  kReads,
  kWrites,
  kDeviceUsage,
  kOomEvents,
  kCount,
};

struct Source;  // a file of a control group and what stands in it

// The files of one container, of which no more are read than can have changed: what only changes while the container
// runs is not asked for while it does not. One thread at a time.
class UsageFiles {
 public:
  // `hierarchies` and `path` outlive it.
  UsageFiles(FileSystem& fs, const Hierarchies& hierarchies, std::string_view path);

  // Reads what is due. kNotFound: the container is gone. Any other error is of one file, and the others were read.
  Result<> read(Clock::time_point now, double clock_ticks_per_second);
  [[nodiscard]] const Usage& usage() const { return usage_; }

  // The group was made anew: everything is read with the next look.
  void hurry() { looks_ = 0; }

 private:
  struct Input {
    std::unique_ptr<File> file;  // of those that are kept open
    std::uint32_t hash = 0;      // of the text that was understood last; 0: none
    std::uint8_t place;          // in sources()
    bool seen = false;
    std::uint8_t missed = 0;  // times that it was not there, since it was last seen
  };
  // What may have changed since the last look.
  struct News {
    bool run = true;     // it ran
    bool io = true;      // it read or wrote
    bool minute = true;  // a minute passed, in which it may have run
    bool rare = true;    // much more time passed
  };
  static const Source& source_of(const Input& input);
  [[nodiscard]] std::string path_of(const Source& source) const;
  News begin_look(Clock::time_point now);
  [[nodiscard]] bool is_due(const Input& input, const News& news) const;
  Result<> read_input(Input& input, News& news, double clock_ticks_per_second);
  Result<> take(Input& input, std::string_view text, News& news, double clock_ticks_per_second);
  Result<> miss(Input& input, const Error& error);
  [[nodiscard]] Clock::duration phase(Clock::duration of) const;

  static constexpr auto kMinute = std::chrono::minutes(1), kRarely = std::chrono::minutes(5);
  static constexpr std::uint8_t kMissesAtMost = 3;

  FileSystem* fs_;
  const Hierarchies* hierarchies_;
  std::string_view group_;  // below the root of each hierarchy
  std::vector<Input> inputs_;
  std::size_t looks_ = 0;
  Clock::time_point next_minute_, next_rare_;
  Usage usage_;
};

// The names of block devices: "/dev/sda" of "8:0". One thread at a time.
class DeviceNames {
 public:
  explicit DeviceNames(FileSystem& fs) : fs_(fs) {}
  // "8:0" itself where the device has no name. Valid until the next call of forget().
  std::string_view name(std::string_view numbers);
  // Once in a while: numbers are used again.
  void forget() { names_.clear(); }

 private:
  FileSystem& fs_;
  std::map<std::string, std::string, std::less<>> names_;
};

// `first`: where usage_families() begin in the ContainerFamilies. `with_ooms`: nobody else counts OOM kills of it.
void publish_usage(const Usage& usage, std::size_t first, DeviceNames& devices, bool with_ooms, ContainerSamples& out);

}  // namespace upkeep::containers
