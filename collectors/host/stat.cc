// Interrupts, context switches, forks and the boot time. https://docs.kernel.org/filesystems/proc.html ("stat")
//   intr 161016 0 0 14
//   ctxt 339930
//   btime 1795450273
//   processes 7473
//   procs_running 4
//   procs_blocked 0
#include "collectors/all.h"
#include "exporter/filesystem.h"
#include "exporter/table.h"

namespace upkeep {

namespace {

struct Field {
  std::string_view key;
  MetricDesc family;
};

constexpr Field kFields[] = {
    {"intr", counter("node_intr_total", "Interrupts served since boot.")},
    {"ctxt", counter("node_context_switches_total", "Context switches since boot.")},
    {"btime", gauge("node_boot_time_seconds", "When the machine was booted, as a Unix time.")},
    {"processes", counter("node_forks_total", "Processes and threads made since boot.")},
    {"procs_running", gauge("node_procs_running", "Threads running or ready to run.")},
    {"procs_blocked", gauge("node_procs_blocked", "Threads waiting for a disk.")},
};
constexpr auto kMetrics = [] {
  std::array<const MetricDesc*, std::size(kFields)> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = &kFields[i].family;
  return all;
}();

class Stat final : public Collector {
 public:
  explicit Stat(const Environment& environment) : file_(environment.fs.open(kPath, FileKind::kTable)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_TRY(const std::string_view text, file_->read());
    UPKEEP_CHECK(each_line(kPath, text, [&](std::string_view line) { return add_line(line, out); }));
    if (out.size() == 0) return fail(ErrorCode::kParse, "proc/stat: none of its fields found");
    return {};
  }

 private:
  static constexpr std::string_view kPath = "proc/stat";

  static Result<> add_line(std::string_view line, SampleSink& out) {
    Words words(line);
    const std::string_view key = words.next();
    for (const Field& field : kFields) {
      if (key != field.key) continue;
      const auto value = words.next_u64();
      if (!value) return fail(ErrorCode::kParse, "a number expected");
      out.add(field.family, static_cast<double>(*value));
    }
    return {};
  }

  std::unique_ptr<File> file_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Stat>(environment);
}

}  // namespace

const CollectorType stat_collector = {
    .name = "stat",
    .section = "host",
    .help = "Interrupts, context switches, forks, boot time, running and blocked threads.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
