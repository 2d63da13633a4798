// proc/self/stat:
//   16321 (upkeep) S 1 16312 16312 0 -1 4194304 98 0 0 0 12 7 0 0 20 0 61 0 228686 3133440 394 18446744073709551615 ...
// proc/self/limits:
//   Limit                     Soft Limit           Hard Limit           Units
//   Max open files            20000                20000                files
#include "exporter/process_metrics.h"

#include <unistd.h>

#include <limits>

#include "exporter/text.h"

namespace upkeep {
namespace {

constexpr MetricDesc kCpu =
    counter("process_cpu_seconds_total", "CPU time that Upkeep has used, in user and kernel mode.");
constexpr MetricDesc kOpenFds =
    gauge("process_open_fds", "Open file descriptors of Upkeep; before Linux 6.2 counted at most once a minute.");
constexpr MetricDesc kMaxFds = gauge("process_max_fds", "File descriptors that Upkeep may open, when it started.");
constexpr MetricDesc kVirtual = gauge("process_virtual_memory_bytes", "Virtual memory of Upkeep.");
constexpr MetricDesc kMaxVirtual =
    gauge("process_virtual_memory_max_bytes", "Virtual memory that Upkeep may have, when it started.");
constexpr MetricDesc kResident = gauge("process_resident_memory_bytes", "Resident memory of Upkeep.");
constexpr MetricDesc kStart = gauge("process_start_time_seconds", "When Upkeep was started, in Unix time.");
constexpr MetricDesc kThreads = gauge("process_threads", "Threads of Upkeep.");
constexpr const MetricDesc* kMetrics[] = {&kCpu,        &kOpenFds,  &kMaxFds, &kVirtual,
                                          &kMaxVirtual, &kResident, &kStart,  &kThreads};

// "btime 1763914636" among the lines of /proc/stat.
std::optional<std::uint64_t> boot_time(std::string_view text) {
  for (std::string_view line : Lines(text)) {
    Words words(line);
    if (words.next() == "btime") return to_u64(words.next());
  }
  return std::nullopt;
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  // The name in parentheses may hold anything, parentheses too.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  Words words(text.substr(name_end + 1));
  ProcessStat stat;
  constexpr int kAfterName = 3;  // the state's number in proc_pid_stat(5)
  for (int field = kAfterName; field <= 24; ++field) {
    const std::string_view word = words.next();
    std::uint64_t* const wanted = field == 14   ? &stat.user_ticks
                                  : field == 15 ? &stat.system_ticks
                                  : field == 20 ? &stat.threads
                                  : field == 22 ? &stat.start_ticks
                                  : field == 23 ? &stat.virtual_bytes
                                  : field == 24 ? &stat.resident_pages
                                                : nullptr;
    if (wanted == nullptr) continue;
    const auto value = to_u64(word);
    if (!value) return std::nullopt;
    *wanted = *value;
  }
  return stat;
}

std::optional<std::uint64_t> parse_process_limit(std::string_view text, std::string_view name) {
  for (std::string_view line : Lines(text)) {
    if (!line.starts_with(name)) continue;
    const std::string_view soft = Words(line.substr(name.size())).next();
    if (soft == "unlimited") return std::numeric_limits<std::uint64_t>::max();
    return to_u64(soft);
  }
  return std::nullopt;
}

ProcessMetrics::ProcessMetrics(FileSystem& fs, const Clock& clock)
    : fs_(fs), clock_(clock), stat_(fs.open("proc/self/stat", FileKind::kTable)) {}

std::span<const MetricDesc* const> ProcessMetrics::metrics() { return kMetrics; }

void ProcessMetrics::learn_constants() {
  learned_ = true;
  if (const auto text = fs_.read("proc/stat")) boot_unix_seconds_ = boot_time(*text);
  if (const auto text = fs_.read("proc/self/limits")) {
    max_descriptors_ = parse_process_limit(*text, "Max open files");
    max_virtual_bytes_ = parse_process_limit(*text, "Max address space");
  }
}

std::optional<std::uint64_t> ProcessMetrics::open_descriptors() {
  const auto status = fs_.status("proc/self/fd");
  if (!status) return std::nullopt;
  if (status->size_bytes > 0) return status->size_bytes;  // since Linux 6.2 their number
  // Listing them costs as much as reading a large file.
  constexpr auto kCountEvery = std::chrono::minutes(1);
  const Clock::time_point now = clock_.now();
  if (!counted_ || now - *counted_ >= kCountEvery) {
    const auto entries = fs_.list("proc/self/fd");
    counted_ = now;
    count_ = entries ? std::optional(entries->size()) : std::nullopt;
  }
  return count_;
}

void ProcessMetrics::collect(SampleSink& out) {
  if (!learned_) learn_constants();
  const auto number = [&](const MetricDesc& desc, std::optional<std::uint64_t> value) {
    if (value) out.add(desc, static_cast<double>(*value));
  };
  const auto text = stat_->read();
  const auto stat = text ? parse_process_stat(*text) : std::nullopt;
  const double ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  if (stat) out.add(kCpu, static_cast<double>(stat->user_ticks + stat->system_ticks) / ticks_per_second);
  number(kOpenFds, open_descriptors());
  number(kMaxFds, max_descriptors_);
  if (stat) number(kVirtual, stat->virtual_bytes);
  number(kMaxVirtual, max_virtual_bytes_);
  if (!stat) return;
  number(kResident, stat->resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  if (boot_unix_seconds_) {
    out.add(kStart,
            static_cast<double>(*boot_unix_seconds_) + static_cast<double>(stat->start_ticks) / ticks_per_second);
  }
  number(kThreads, stat->threads);
}

}  // namespace upkeep
