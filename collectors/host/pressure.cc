// How long tasks stood still for want of CPU, disk or memory. https://docs.kernel.org/accounting/psi.html
//   some avg10=2.99 avg60=2.41 avg300=0.75 total=7781402
//   full avg10=1.54 avg60=0.98 avg300=0.32 total=7895539
#include <array>
#include <charconv>

#include "collectors/all.h"
#include "exporter/filesystem.h"
#include "exporter/table.h"

namespace upkeep {

namespace {

constexpr MetricDesc kCpuWaiting =
    counter("node_pressure_cpu_waiting_seconds_total", "Time in which some task waited for a CPU.");
constexpr MetricDesc kIoWaiting =
    counter("node_pressure_io_waiting_seconds_total", "Time in which some task waited for a disk.");
constexpr MetricDesc kIoStalled =
    counter("node_pressure_io_stalled_seconds_total", "Time in which every task with work waited for a disk.");
constexpr MetricDesc kMemoryWaiting =
    counter("node_pressure_memory_waiting_seconds_total", "Time in which some task waited for memory.");
constexpr MetricDesc kMemoryStalled =
    counter("node_pressure_memory_stalled_seconds_total", "Time in which every task with work waited for memory.");
constexpr MetricDesc kIrqStalled = counter("node_pressure_irq_stalled_seconds_total",
                                           "Time in which every task with work waited for interrupts to be served.");
constexpr const MetricDesc* kMetrics[] = {&kCpuWaiting,    &kIoWaiting,     &kIoStalled,
                                          &kMemoryWaiting, &kMemoryStalled, &kIrqStalled};

// A file, and where its two lines go. "full" of the CPU says nothing of a whole machine; interrupts have no "some".
struct Source {
  std::string_view path;
  const MetricDesc* some;
  const MetricDesc* full;
};
constexpr Source kSources[] = {
    {"proc/pressure/cpu", &kCpuWaiting, nullptr},
    {"proc/pressure/io", &kIoWaiting, &kIoStalled},
    {"proc/pressure/memory", &kMemoryWaiting, &kMemoryStalled},
    {"proc/pressure/irq", nullptr, &kIrqStalled},
};

Result<double> parse_seconds(std::string_view line) {
  constexpr std::string_view kKey = " total=";
  constexpr double kMilli = 1000;  // twice: node_exporter's very rounding
  const std::size_t at = line.find(kKey);
  if (at == std::string_view::npos) return fail(ErrorCode::kParse, "total= expected");
  const auto microseconds = to_u64(trim(line.substr(at + kKey.size())));
  if (!microseconds) return fail(ErrorCode::kParse, "microseconds expected behind total=");
  return static_cast<double>(*microseconds) / kMilli / kMilli;
}

class Pressure final : public Collector {
 public:
  explicit Pressure(const Environment& environment) {
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      inputs_[i].file = environment.fs.open(kSources[i].path, FileKind::kAttribute);
  }

  Result<> collect(const Run&, SampleSink& out) override {
    Result<> result;
    bool any = false;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      Input& input = inputs_[i];
      if (input.lacking) continue;
      const auto text = input.file->read();
      input.missed = !text && is_absent(text.error());
      if (input.missed) continue;
      any = true;
      Result<> added = text ? add(kSources[i], *text, out) : std::unexpected(text.error());
      input.seen = input.seen || added;
      if (!added && result) result = std::move(added);
    }
    if (!any) return fail(ErrorCode::kNoData, "proc/pressure: this kernel has none, or it is switched off (psi=1)");
    // What was never there while others were is not in this kernel: not asked for again.
    for (Input& input : inputs_) input.lacking = input.missed && !input.seen;
    return result;
  }

 private:
  struct Input {
    std::unique_ptr<File> file;
    bool seen = false, missed = false, lacking = false;
  };

  // Not in this kernel, or there and switched off.
  static bool is_absent(const Error& error) {
    return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kNoData;
  }

  static Result<> add(const Source& source, std::string_view text, SampleSink& out) {
    if (text.empty()) return fail(ErrorCode::kParse, std::string(source.path) + ": empty");
    return each_line(source.path, text, [&](std::string_view line) -> Result<> {
      const MetricDesc* const family = line.starts_with("some ")   ? source.some
                                       : line.starts_with("full ") ? source.full
                                                                   : nullptr;
      if (family == nullptr) return {};
      UPKEEP_TRY(const double seconds, parse_seconds(line));
      out.add(*family, seconds);
      return {};
    });
  }

  std::array<Input, std::size(kSources)> inputs_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Pressure>(environment);
}

}  // namespace

const CollectorType pressure_collector = {
    .name = "pressure",
    .section = "host",
    .help = "Time lost waiting for CPU, disk, memory and interrupts.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
