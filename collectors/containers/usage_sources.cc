// https://docs.kernel.org/admin-guide/cgroup-v2.html ("Core Interface Files" of each controller), and for version 1
// https://docs.kernel.org/admin-guide/cgroup-v1/memory.html, cpuacct.html, blkio-controller.html, pids.html,
// https://docs.kernel.org/scheduler/sched-bwc.html
//   memory.stat         anon 73728
//   cpu.max             200000 100000
//   io.stat             8:0 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0
//   blkio.throttle.io_service_bytes_recursive
//                       8:0 Read 1459200
#include "collectors/containers/usage_sources.h"

#include <optional>

#include "exporter/text.h"

namespace upkeep::containers {
namespace {

constexpr double kMicro = 1e6, kNano = 1e9;

constexpr Key kCpuStatV2[] = {
    {"user_usec", Value::kCpuUser, kMicro},     {"usage_usec", Value::kCpuTotal, kMicro},
    {"system_usec", Value::kCpuSystem, kMicro}, {"nr_periods", Value::kPeriods},
    {"nr_throttled", Value::kThrottledPeriods}, {"throttled_usec", Value::kThrottledSeconds, kMicro},
    {"nr_bursts", Value::kBurstPeriods},        {"burst_usec", Value::kBurstSeconds, kMicro},
};
constexpr Key kCpuStatV1[] = {
    {"nr_periods", Value::kPeriods},
    {"nr_throttled", Value::kThrottledPeriods},
    {"throttled_time", Value::kThrottledSeconds, kNano},
    {"nr_bursts", Value::kBurstPeriods},
    {"burst_time", Value::kBurstSeconds, kNano},
};
constexpr Key kCpuacctStat[] = {{"user", Value::kCpuUser, kClockTicks}, {"system", Value::kCpuSystem, kClockTicks}};
constexpr Key kMemoryStatV2[] = {
    {"anon", Value::kRss},
    {"file", Value::kCache},
    {"kernel", Value::kKernelMemory},
    {"file_mapped", Value::kMappedFile},
    {"file_dirty", Value::kDirty},
    {"file_writeback", Value::kWriteback},
    {"inactive_file", Value::kInactiveFile},
    {"active_file", Value::kActiveFile},
    {"workingset_refault_anon", Value::kRefaultAnon},
    {"workingset_refault_file", Value::kRefaultFile},
    {"pgscan", Value::kPagesScanned},
    {"pgsteal", Value::kPagesStolen},
    {"pgfault", Value::kAllPageFaults},
    {"pgmajfault", Value::kAllMajorFaults},
};
constexpr Key kMemoryStatV1[] = {
    {"pgfault", Value::kPageFaults},
    {"pgmajfault", Value::kMajorFaults},
    {"total_cache", Value::kCache},
    {"total_rss", Value::kRss},
    {"total_mapped_file", Value::kMappedFile},
    {"total_dirty", Value::kDirty},
    {"total_writeback", Value::kWriteback},
    {"total_swap", Value::kSwap},
    {"total_pgfault", Value::kAllPageFaults},
    {"total_pgmajfault", Value::kAllMajorFaults},
    {"total_inactive_file", Value::kInactiveFile},
    {"total_active_file", Value::kActiveFile},
};
constexpr Key kMemoryEvents[] = {
    {"high", Value::kEventsHigh}, {"max", Value::kEventsMax}, {"oom_kill", Value::kOomKills}};
constexpr Key kOomControl[] = {{"oom_kill", Value::kOomKills}};

template <Value... kValues>
constexpr Key kInOrder[] = {Key{{}, kValues}...};
constexpr Key kCpuacctUsage[] = {{{}, Value::kCpuTotal, kNano}};

using enum Controller;

// Version 2, then version 1. What tells of others comes before them; limits that decide what is read come first.
constexpr Source kSources[] = {
    {kUnified, kCpuacct, "cpu.stat", Shape::kFields, When::kAlways, kCpuStatV2, Tells::kItRan},
    {kUnified, kMemory, "memory.current", Shape::kNumber, When::kAlways, kInOrder<Value::kMemoryUsage>},
    {kUnified, kMemory, "memory.stat", Shape::kFields, When::kAlways, kMemoryStatV2},
    {kUnified, kMemory, "memory.swap.current", Shape::kNumber, When::kAlways, kInOrder<Value::kSwap>},
    {kUnified, kBlkio, "io.stat", Shape::kIo, When::kAlways, {}},
    {kUnified, kUnified, "memory.pressure", Shape::kPressure, When::kAlways,
     kInOrder<Value::kMemoryWaiting, Value::kMemoryStalled>},
    {kUnified, kUnified, "io.pressure", Shape::kPressure, When::kAlways,
     kInOrder<Value::kIoWaiting, Value::kIoStalled>},
    {kUnified, kUnified, "cpu.pressure", Shape::kPressure, When::kAlways,
     kInOrder<Value::kCpuWaiting, Value::kCpuStalled>},
    {kUnified, kPids, "pids.current", Shape::kNumber, When::kItRan, kInOrder<Value::kThreads>},
    {kUnified, kMemory, "memory.events", Shape::kFields, When::kItRan, kMemoryEvents},
    {kUnified, kMemory, "memory.peak", Shape::kNumber, When::kMinute, kInOrder<Value::kMaxUsage>},
    {kUnified, kMemory, "memory.max", Shape::kLimit, When::kMinute, kInOrder<Value::kMemoryLimit>},
    {kUnified, kMemory, "memory.min", Shape::kLimit, When::kRarely, kInOrder<Value::kMemoryReservation>},
    {kUnified, kMemory, "memory.swap.max", Shape::kLimit, When::kRarely, kInOrder<Value::kSwapLimit>},
    {kUnified, kCpu, "cpu.max", Shape::kCpuMax, When::kRarely, kInOrder<Value::kCpuQuota, Value::kCpuPeriod>},
    {kUnified, kCpu, "cpu.weight", Shape::kWeight, When::kRarely, kInOrder<Value::kCpuShares>},
    {kUnified, kPids, "pids.max", Shape::kLimit, When::kRarely, kInOrder<Value::kThreadsMax>},

    {kCpu, kUnified, "cpu.cfs_quota_us", Shape::kQuota, When::kRarely, kInOrder<Value::kCpuQuota>},
    {kCpuacct, kUnified, "cpuacct.usage", Shape::kNumber, When::kAlways, kCpuacctUsage, Tells::kItRan},
    {kMemory, kUnified, "memory.usage_in_bytes", Shape::kNumber, When::kAlways, kInOrder<Value::kMemoryUsage>},
    {kMemory, kUnified, "memory.stat", Shape::kFields, When::kAlways, kMemoryStatV1},
    {kBlkio, kUnified, "blkio.throttle.io_service_bytes_recursive", Shape::kIoBytes, When::kAlways, {}, Tells::kIo},
    {kBlkio, kUnified, "blkio.throttle.io_serviced_recursive", Shape::kIoRequests, When::kIo, {}},
    {kCpuacct, kUnified, "cpuacct.stat", Shape::kFields, When::kItRan, kCpuacctStat},
    {kPids, kUnified, "pids.current", Shape::kNumber, When::kItRan, kInOrder<Value::kThreads>},
    {kCpu, kUnified, "cpu.stat", Shape::kFields, When::kItRan, kCpuStatV1, Tells::kNothing, true},
    {kMemory, kUnified, "memory.max_usage_in_bytes", Shape::kNumber, When::kMinute, kInOrder<Value::kMaxUsage>},
    {kMemory, kUnified, "memory.failcnt", Shape::kNumber, When::kMinute, kInOrder<Value::kFailures>},
    {kMemory, kUnified, "memory.oom_control", Shape::kFields, When::kMinute, kOomControl},
    {kMemory, kUnified, "memory.limit_in_bytes", Shape::kLimit, When::kMinute, kInOrder<Value::kMemoryLimit>},
    {kMemory, kUnified, "memory.kmem.usage_in_bytes", Shape::kNumber, When::kMinute, kInOrder<Value::kKernelMemory>},
    {kMemory, kUnified, "memory.soft_limit_in_bytes", Shape::kLimit, When::kRarely,
     kInOrder<Value::kMemoryReservation>},
    {kMemory, kUnified, "memory.memsw.limit_in_bytes", Shape::kLimit, When::kRarely, kInOrder<Value::kSwapLimit>},
    {kCpu, kUnified, "cpu.cfs_period_us", Shape::kNumber, When::kRarely, kInOrder<Value::kCpuPeriod>},
    {kCpu, kUnified, "cpu.shares", Shape::kNumber, When::kRarely, kInOrder<Value::kCpuShares>},
    {kPids, kUnified, "pids.max", Shape::kLimit, When::kRarely, kInOrder<Value::kThreadsMax>},
};

constexpr std::string_view kUnlimited = "max";

Result<double> number(std::string_view text) {
  const auto value = to_u64(trim(text));
  if (!value) return fail(ErrorCode::kParse, "a number expected");
  return static_cast<double>(*value);
}

// Version 1 says "no limit" with the largest number of whole pages.
Result<double> limit(std::string_view text) {
  constexpr double kNobodyHas = 4611686018427387904;  // 2^62
  if (trim(text) == kUnlimited) return 0;
  UPKEEP_TRY(const double value, number(text));
  return value > kNobodyHas ? 0 : value;
}

// As cAdvisor gives a weight of 1 to 10000: as shares of 2 to 262144.
Result<double> shares(std::string_view weight) {
  UPKEEP_TRY(const double value, number(weight));
  if (value < 1 || value > 10'000) return fail(ErrorCode::kParse, "a weight of 1 to 10000 expected");
  return std::floor(2 + (value - 1) * 262142 / 9999);
}

Result<> read_cpu_max(std::string_view text, Usage& usage) {
  Words words(text);
  const std::string_view quota = words.next();
  UPKEEP_TRY(usage[Value::kCpuPeriod], number(words.next()));
  if (quota == kUnlimited) return {};
  UPKEEP_TRY(usage[Value::kCpuQuota], number(quota));
  return {};
}

Result<> read_fields(const Source& source, std::string_view text, double clock_ticks_per_second, Usage& usage) {
  std::size_t next = 0;  // where a key is most likely found: the table is in the kernel's order
  const std::size_t count = source.keys.size();
  bool any = false;
  for (const std::string_view line : Lines(text)) {
    const std::string_view name = line.substr(0, line.find(' '));
    for (std::size_t tried = 0; tried < count; ++tried) {
      const std::size_t at = next + tried < count ? next + tried : next + tried - count;
      const Key& key = source.keys[at];
      if (key.name != name) continue;
      UPKEEP_TRY(const double value, number(line.substr(name.size())));
      usage[key.value] = value / (key.per == kClockTicks ? clock_ticks_per_second : key.per);
      next = at + 1 < count ? at + 1 : 0;
      any = true;
      break;
    }
  }
  if (!any) return fail(ErrorCode::kParse, "lines of key and number expected");
  return {};
}

Result<> read_pressure(const Source& source, std::string_view text, Usage& usage) {
  constexpr std::string_view kTotal = " total=";
  bool any = false;
  for (const std::string_view line : Lines(text)) {
    const bool some = line.starts_with("some ");
    const std::size_t at = line.find(kTotal);
    if (at == std::string_view::npos || (!some && !line.starts_with("full "))) continue;
    UPKEEP_TRY(const double microseconds, number(line.substr(at + kTotal.size())));
    usage[source.keys[some ? 0 : 1].value] = microseconds / kMicro;
    any = true;
  }
  if (!any) return fail(ErrorCode::kParse, "total= expected");
  return {};
}

Result<> read_io(std::string_view text, Usage& usage) {
  for (const std::string_view line : Lines(text)) {
    Words words(line);
    DeviceIo* device = nullptr;
    std::string_view numbers;
    for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
      const std::size_t equals = word.find('=');
      if (equals == std::string_view::npos) {
        numbers = word;  // some kernels begin the line with devices that have nothing to say
        continue;
      }
      const std::string_view key = word.substr(0, equals);
      double DeviceIo::*const member = key == "rbytes"   ? &DeviceIo::read_bytes
                                       : key == "wbytes" ? &DeviceIo::written_bytes
                                       : key == "rios"   ? &DeviceIo::reads
                                       : key == "wios"   ? &DeviceIo::writes
                                                         : nullptr;
      if (member == nullptr) continue;
      if (numbers.empty()) return fail(ErrorCode::kParse, "MAJOR:MINOR and key=number expected");
      UPKEEP_TRY(const double value, number(word.substr(equals + 1)));
      if (device == nullptr) device = &usage.device(numbers);
      device->*member = value;
    }
  }
  return {};
}

// Its last line is the total of all devices.
Result<> read_blkio(std::string_view text, double DeviceIo::*read, double DeviceIo::*written, Usage& usage) {
  if (text.empty()) return fail(ErrorCode::kParse, "empty");
  for (const std::string_view line : Lines(text)) {
    Words words(line);
    const std::string_view numbers = words.next(), operation = words.next();
    if (numbers == "Total") continue;
    if (operation != "Read" && operation != "Write") continue;
    UPKEEP_TRY(const double value, number(words.next()));
    usage.device(numbers).*(operation == "Read" ? read : written) = value;
  }
  return {};
}

}  // namespace

std::span<const Source> sources() { return kSources; }

void forget_source(const Source& source, Usage& usage) {
  for (const Key& key : source.keys) usage[key.value] = std::nan("");
  if (source.shape == Shape::kIo || source.shape == Shape::kIoBytes) usage.device_count = 0;
  if (source.shape == Shape::kIoRequests) {
    for (DeviceIo& device : usage.devices) device.reads = device.writes = std::nan("");
  }
}

Result<> parse_source(const Source& source, std::string_view text, double clock_ticks_per_second, Usage& usage) {
  const auto set = [&](const Result<double>& value) -> Result<> {
    if (!value) return std::unexpected(value.error());
    usage[source.keys[0].value] = *value / source.keys[0].per;
    return {};
  };
  switch (source.shape) {
    case Shape::kNumber:
      return set(number(text));
    case Shape::kLimit:
      return set(limit(text));
    case Shape::kWeight:
      return set(shares(text));
    case Shape::kCpuMax:
      return read_cpu_max(text, usage);
    case Shape::kQuota:
      return trim(text) == "-1" ? Result<>() : set(number(text));
    case Shape::kFields:
      return read_fields(source, text, clock_ticks_per_second, usage);
    case Shape::kPressure:
      return read_pressure(source, text, usage);
    case Shape::kIo:
      return read_io(text, usage);
    case Shape::kIoBytes:
      return read_blkio(text, &DeviceIo::read_bytes, &DeviceIo::written_bytes, usage);
    case Shape::kIoRequests:
      return read_blkio(text, &DeviceIo::reads, &DeviceIo::writes, usage);
  }
  return {};
}

}  // namespace upkeep::containers
