#include "collectors/containers/usage.h"

#include <algorithm>
#include <utility>

#include "collectors/containers/usage_sources.h"

namespace upkeep::containers {
namespace {

// In the order of Value, then of UsageFamily.
constexpr MetricDesc kFamilies[] = {
    counter("container_cpu_user_seconds_total", "CPU time in user mode."),
    counter("container_cpu_system_seconds_total", "CPU time in the kernel."),
    counter("container_cpu_cfs_periods_total", "Periods in which the CPU quota was watched."),
    counter("container_cpu_cfs_throttled_periods_total", "Periods in which the CPU quota was used up."),
    counter("container_cpu_cfs_throttled_seconds_total", "Time for which tasks were stopped by the CPU quota."),
    counter("container_cpu_cfs_burst_periods_total", "Periods in which saved up quota was used."),
    counter("container_cpu_cfs_burst_seconds_total", "CPU time taken from saved up quota."),
    gauge("container_memory_usage_bytes", "Memory in use, page cache and kernel memory included."),
    gauge("container_memory_working_set_bytes", "Memory in use without the page cache that is given back first."),
    gauge("container_memory_rss", "Anonymous memory, in bytes."),
    gauge("container_memory_cache", "Page cache, in bytes."),
    gauge("container_memory_swap", "Swap in use, in bytes."),
    gauge("container_memory_mapped_file", "Mapped files, in bytes."),
    gauge("container_memory_max_usage_bytes", "The most memory that was ever in use."),
    counter("container_memory_failcnt", "Times the memory limit was hit (cgroup v1)."),
    gauge("container_memory_kernel_usage", "Memory of the kernel, in bytes."),
    gauge("container_memory_total_active_file_bytes", "Page cache in frequent use."),
    gauge("container_memory_total_inactive_file_bytes", "Page cache that is given back first."),
    gauge("container_memory_file_dirty_bytes", "Page cache that has to be written yet."),
    gauge("container_memory_file_writeback_bytes", "Page cache that is being written."),
    counter("container_memory_pgscan_total", "Pages looked at to reclaim memory."),
    counter("container_memory_pgsteal_total", "Pages reclaimed."),
    counter("container_memory_workingset_refault_anon_total", "Anonymous pages that were missed after they went."),
    counter("container_memory_workingset_refault_file_total", "File pages that were missed after they went."),
    counter("container_memory_events_high_total", "Times memory.high slowed it down."),
    counter("container_memory_events_max_total", "Times memory.max was hit."),
    counter("container_pressure_cpu_waiting_seconds_total", "Time in which some task waited for a CPU."),
    counter("container_pressure_cpu_stalled_seconds_total", "Time in which every task waited for a CPU."),
    counter("container_pressure_memory_waiting_seconds_total", "Time in which some task waited for memory."),
    counter("container_pressure_memory_stalled_seconds_total", "Time in which every task waited for memory."),
    counter("container_pressure_io_waiting_seconds_total", "Time in which some task waited for a disk."),
    counter("container_pressure_io_stalled_seconds_total", "Time in which every task waited for a disk."),
    gauge("container_threads", "Tasks, threads included."),
    gauge("container_threads_max", "The most tasks there may be; 0: no limit."),
    gauge("container_spec_cpu_period", "Period of the CPU quota, in microseconds."),
    gauge("container_spec_cpu_quota", "CPU time it may have in each period, in microseconds; none: no limit."),
    gauge("container_spec_cpu_shares", "Its weight when CPUs are short."),
    gauge("container_spec_memory_limit_bytes", "The most memory it may have; 0: no limit."),
    gauge("container_spec_memory_reservation_limit_bytes", "Memory that is left to it when memory is short; 0: none."),
    gauge("container_spec_memory_swap_limit_bytes", "The most swap it may have; 0: no limit."),

    counter("container_cpu_usage_seconds_total", "CPU time.", {"cpu"}),
    counter("container_memory_failures_total", "Page faults.", {"failure_type", "scope"}),
    counter("container_fs_reads_bytes_total", "Bytes read.", {"device"}),
    counter("container_fs_writes_bytes_total", "Bytes written.", {"device"}),
    counter("container_fs_reads_total", "Reads.", {"device"}),
    counter("container_fs_writes_total", "Writes.", {"device"}),
    counter("container_blkio_device_usage_total", "Bytes read and written.", {"device", "major", "minor", "operation"}),
    counter("container_oom_events_total", "Times a process of it was killed for want of memory."),
};
constexpr std::size_t kSingle = static_cast<std::size_t>(Value::kPublishedAsIs);
static_assert(std::size(kFamilies) == static_cast<std::size_t>(UsageFamily::kCount));

// Not in this kernel, or not switched on: none of a container's fault.
bool is_absent(const Error& error) { return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kNoData; }

}  // namespace

std::span<const MetricDesc> usage_families() { return kFamilies; }

DeviceIo& Usage::device(std::string_view numbers) {
  for (std::size_t i = 0; i < device_count; ++i) {
    if (devices[i].numbers == numbers) return devices[i];
  }
  if (device_count == devices.size()) devices.emplace_back();
  DeviceIo& device = devices[device_count++];
  device = DeviceIo{.numbers = std::string(numbers)};
  return device;
}

UsageFiles::UsageFiles(FileSystem& fs, const Hierarchies& hierarchies, std::string_view path)
    : fs_(&fs), hierarchies_(&hierarchies), group_(path) {
  for (const Source& source : sources()) {
    const auto place = static_cast<std::uint8_t>(&source - sources().data());
    if (hierarchies.root(source.hierarchy).empty()) continue;
    if (source.unless != Controller::kUnified && !hierarchies.root(source.unless).empty()) continue;
    inputs_.push_back({.place = place});
  }
  inputs_.shrink_to_fit();
}

const Source& UsageFiles::source_of(const Input& input) { return sources()[input.place]; }

std::string UsageFiles::path_of(const Source& source) const {
  return std::string(hierarchies_->root(source.hierarchy)).append(group_).append("/").append(source.file);
}

// Some part of an interval, by which the containers do not all come due at once.
Clock::duration UsageFiles::phase(Clock::duration of) const {
  constexpr std::size_t kParts = 64;
  return of * static_cast<Clock::duration::rep>(std::hash<std::string_view>{}(group_) % kParts + 1) / kParts;
}

UsageFiles::News UsageFiles::begin_look(Clock::time_point now) {
  const bool is_first = looks_++ == 0;
  News news{.run = is_first, .io = is_first, .minute = is_first, .rare = is_first};
  if (is_first || now >= next_minute_) {
    news.minute = true;
    next_minute_ = now + (is_first ? phase(kMinute) : kMinute);
  }
  if (is_first || now >= next_rare_) {
    news.rare = true;
    next_rare_ = now + (is_first ? phase(kRarely) : kRarely);
  }
  return news;
}

bool UsageFiles::is_due(const Input& input, const News& news) const {
  if (source_of(input).only_with_quota && !usage_.has(Value::kCpuQuota)) return false;
  if (input.missed >= kMissesAtMost) return news.rare;
  if (input.missed > 0) return true;
  switch (source_of(input).when) {
    case When::kAlways:
      return true;
    case When::kItRan:
      return news.run || input.hash == 0;
    case When::kIo:
      return news.io || input.hash == 0;
    case When::kMinute:
      return news.minute;
    case When::kRarely:
      return news.rare;
  }
  return true;
}

Result<> UsageFiles::read(Clock::time_point now, double clock_ticks_per_second) {
  News news = begin_look(now);
  Result<> result;
  for (Input& input : inputs_) {
    if (!is_due(input, news)) continue;
    auto read = read_input(input, news, clock_ticks_per_second);
    if (read) continue;
    if (read.error().code == ErrorCode::kNotFound) return read;
    if (result) result = std::move(read);
  }
  const bool is_known = usage_.has(Value::kMemoryUsage) && usage_.has(Value::kInactiveFile);
  usage_[Value::kWorkingSet] =
      is_known ? std::max(0.0, usage_[Value::kMemoryUsage] - usage_[Value::kInactiveFile]) : std::nan("");
  return result;
}

Result<> UsageFiles::read_input(Input& input, News& news, double clock_ticks_per_second) {
  std::array<char, limits::kAttributeBytes> room;  // NOLINT(*-member-init): what is read is used
  // Those that are always read are the first to be kept open: the others get what they leave, at the second look.
  const When when = source_of(input).when;
  const bool may_stay = when == When::kAlways || (looks_ > 1 && when != When::kMinute && when != When::kRarely);
  if (!input.file && may_stay && fs_->has_room())
    input.file = fs_->open(path_of(source_of(input)), FileKind::kAttribute);
  const auto text = input.file ? input.file->read_into(room) : fs_->read_once(path_of(source_of(input)), room);
  Result<> taken = text ? take(input, *text, news, clock_ticks_per_second) : miss(input, text.error());
  if (input.file && !input.file->is_kept()) input.file.reset();
  return taken;
}

Result<> UsageFiles::take(Input& input, std::string_view text, News& news, double clock_ticks_per_second) {
  input.seen = true;
  input.missed = 0;
  const auto hash = static_cast<std::uint32_t>(std::hash<std::string_view>{}(text));
  if (hash == input.hash) return {};
  forget_source(source_of(input), usage_);
  news.run = news.run || source_of(input).tells == Tells::kItRan;
  news.io = news.io || source_of(input).tells == Tells::kIo;
  const auto parsed = parse_source(source_of(input), text, clock_ticks_per_second, usage_);
  input.hash = parsed ? hash : 0;
  if (parsed) return {};
  forget_source(source_of(input), usage_);
  return fail(parsed.error().code, path_of(source_of(input)) + ": " + parsed.error().message);
}

// Of a file that could not be read.
Result<> UsageFiles::miss(Input& input, const Error& error) {
  forget_source(source_of(input), usage_);
  input.hash = 0;
  if (!is_absent(error)) return std::unexpected(error);
  // Without a file that was there before, the container may be gone.
  const bool was_seen = std::exchange(input.seen, false);
  if (input.missed < kMissesAtMost) ++input.missed;
  if (was_seen && !fs_->list(std::string(hierarchies_->principal()).append(group_)))
    return fail(ErrorCode::kNotFound, error.message);
  return {};
}

std::string_view DeviceNames::name(std::string_view numbers) {
  const auto found = names_.find(numbers);
  if (found != names_.end()) return found->second;
  const auto target = fs_.link_target("sys/dev/block/" + std::string(numbers));
  std::string name = target ? "/dev/" + target->substr(target->rfind('/') + 1) : std::string(numbers);
  return names_.emplace(numbers, std::move(name)).first->second;
}

namespace {

// A NaN is no sample.
class Publisher {
 public:
  Publisher(std::size_t first, ContainerSamples& out) : first_(first), out_(out) {}
  void add(UsageFamily family, double value, std::initializer_list<std::string_view> own) {
    add(static_cast<std::size_t>(family), value, own);
  }
  void add(std::size_t family, double value, std::initializer_list<std::string_view> own = {}) {
    if (!std::isnan(value)) out_.add(first_ + family, value, own);
  }

 private:
  std::size_t first_;
  ContainerSamples& out_;
};

void publish_device(const DeviceIo& io, DeviceNames& devices, Publisher& out) {
  const std::string_view name = devices.name(io.numbers);
  const std::size_t colon = io.numbers.find(':');
  const std::string_view numbers = io.numbers, major = numbers.substr(0, colon);
  const std::string_view minor = colon == std::string_view::npos ? "" : numbers.substr(colon + 1);
  out.add(UsageFamily::kReadBytes, io.read_bytes, {name});
  out.add(UsageFamily::kWrittenBytes, io.written_bytes, {name});
  out.add(UsageFamily::kReads, io.reads, {name});
  out.add(UsageFamily::kWrites, io.writes, {name});
  out.add(UsageFamily::kDeviceUsage, io.read_bytes, {name, major, minor, "Read"});
  out.add(UsageFamily::kDeviceUsage, io.written_bytes, {name, major, minor, "Write"});
}

bool is_about_quota(std::size_t value) {
  return value >= static_cast<std::size_t>(Value::kPeriods) && value <= static_cast<std::size_t>(Value::kBurstSeconds);
}

}  // namespace

void publish_usage(const Usage& usage, std::size_t first, DeviceNames& devices, bool with_ooms, ContainerSamples& out) {
  Publisher publisher(first, out);
  publisher.add(UsageFamily::kCpuUsage, usage[Value::kCpuTotal], {"total"});
  for (std::size_t i = 0; i < kSingle; ++i) {
    if (!is_about_quota(i) || usage.has(Value::kCpuQuota)) publisher.add(i, usage.values[i]);
  }
  // Version 2 counts with groups below only, which for cAdvisor is both.
  const auto own_or_all = [&](Value own, Value all) { return usage.has(own) ? usage[own] : usage[all]; };
  constexpr UsageFamily kFaults = UsageFamily::kMemoryFailures;
  publisher.add(kFaults, own_or_all(Value::kPageFaults, Value::kAllPageFaults), {"pgfault", "container"});
  publisher.add(kFaults, own_or_all(Value::kMajorFaults, Value::kAllMajorFaults), {"pgmajfault", "container"});
  publisher.add(kFaults, usage[Value::kAllPageFaults], {"pgfault", "hierarchy"});
  publisher.add(kFaults, usage[Value::kAllMajorFaults], {"pgmajfault", "hierarchy"});
  for (std::size_t i = 0; i < usage.device_count; ++i) publish_device(usage.devices[i], devices, publisher);
  if (with_ooms) publisher.add(UsageFamily::kOomEvents, usage[Value::kOomKills], {});
}

}  // namespace upkeep::containers
