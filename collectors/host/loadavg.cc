// The load averages. https://docs.kernel.org/filesystems/proc.html ("loadavg")
//   0.20 0.18 0.12 1/80 11206
#include <array>

#include "collectors/all.h"
#include "exporter/filesystem.h"
#include "exporter/text.h"

namespace upkeep {

namespace {

using Loads = std::array<double, 3>;  // over 1, 5 and 15 minutes

Result<Loads> parse(std::string_view text) {
  Loads loads;
  Words words(text);
  for (double& load : loads) {
    const auto value = to_number(words.next());
    if (!value) return fail(ErrorCode::kParse, "proc/loadavg: three load averages expected");
    load = *value;
  }
  return loads;
}

constexpr MetricDesc kLoad1 = gauge("node_load1", "1m load average.");
constexpr MetricDesc kLoad5 = gauge("node_load5", "5m load average.");
constexpr MetricDesc kLoad15 = gauge("node_load15", "15m load average.");
constexpr const MetricDesc* kMetrics[] = {&kLoad1, &kLoad5, &kLoad15};

class Loadavg final : public Collector {
 public:
  explicit Loadavg(const Environment& environment) : file_(environment.fs.open("proc/loadavg", FileKind::kTable)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_TRY(const std::string_view text, file_->read());
    UPKEEP_TRY(const Loads loads, parse(text));
    out.add(kLoad1, loads[0]);
    out.add(kLoad5, loads[1]);
    out.add(kLoad15, loads[2]);
    return {};
  }

 private:
  std::unique_ptr<File> file_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Loadavg>(environment);
}

}  // namespace

const CollectorType loadavg_collector = {
    .name = "loadavg",
    .section = "host",
    .help = "Load averages.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
