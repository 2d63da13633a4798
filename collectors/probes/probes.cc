// Endpoints: whether they answer, with what, and how fast. A thread of its own asks them (prober.h); a scrape takes
// what it knows, and /probe has one asked at once. See options.h for what may be expected of one, probe.h for how it is
// asked.
#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "collectors/all.h"
#include "collectors/probes/families.h"
#include "collectors/probes/on_demand.h"
#include "collectors/probes/options.h"
#include "collectors/probes/prober.h"
#include "collectors/probes/publish.h"
#include "exporter/on_demand.h"

namespace upkeep {
namespace probes {
namespace {

class Probes final : public Collector, public OnDemand {
 public:
  Probes(Options options, const Environment& environment)
      : clock_(environment.clock),
        options_(std::move(options)),
        prober_(options_, environment.clock, environment.log) {}

  Result<> collect(const Run&, SampleSink& out) override {
    if (options_.targets.empty()) return {};
    const ProberView view = prober_.view();
    for (std::size_t i = 0; i < options_.targets.size(); ++i) {
      const Target& target = options_.targets[i];
      publish(target, view.records[i], out);
      if (view.records[i].last) publish(target, *view.records[i].last, out);
    }
    out.add(kUnderWay, static_cast<double>(view.under_way));
    out.add(kNamesUnderWay, static_cast<double>(view.names_under_way));
    out.add(kBehind, view.behind_seconds);
    if (!view.error.empty()) return fail(ErrorCode::kSystem, view.error);
    return {};
  }

  OnDemand* on_demand() override { return options_.targets.empty() && options_.modules.empty() ? nullptr : this; }
  [[nodiscard]] std::string_view path() const override { return "/probe"; }

  Result<> answer(const Query& query, const Run& run, SampleSink& out) override {
    UPKEEP_TRY(const Target target, target_of(options_, query));
    UPKEEP_TRY(const auto outcome, prober_.ask(target, std::min(run.deadline, clock_.now() + target.timeout)));
    if (outcome->reason == Reason::kNotAllowed) return fail(ErrorCode::kParse, outcome->message);
    publish(target, out);
    publish(target, *outcome, out);
    return {};
  }

 private:
  const Clock& clock_;
  const Options options_;
  Prober prober_;  // which refers to them
};

Result<std::unique_ptr<Collector>> make(ConfigReader& config, const Environment& environment) {
  return std::make_unique<Probes>(read_options(config), environment);
}

}  // namespace
}  // namespace probes

const CollectorType probes_collector = {
    .name = "probes",
    .section = "probes",
    .help = "Endpoints: whether they answer as expected, and how fast.",
    .metrics = probes::kAllFamilies,
    .make = probes::make,
    .max_series = limits::kSeriesOfProbes,
};

}  // namespace upkeep
