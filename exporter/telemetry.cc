// prometheus-cpp holds the counters. Its registry is never asked for them all: that would build the text's worth of
// strings and vectors for each scrape.
#include "exporter/telemetry.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <string>
#include <vector>

#include "exporter/build_info.h"
#include "exporter/log.h"
#include "exporter/process_metrics.h"

namespace upkeep {
namespace {

constexpr MetricDesc kBuildInfo = gauge("upkeep_build_info", "1, with what Upkeep was built from as labels.",
                                        {"version", "revision", "branch", "compiler"});
constexpr MetricDesc kNodeBuildInfo = gauge(
    "node_exporter_build_info", "1, for dashboards that find their hosts by this series. The version is Upkeep's.",
    {"version", "revision", "branch", "goversion", "goos", "goarch", "tags"});
constexpr MetricDesc kResponses =
    counter("upkeep_http_responses_total", "HTTP responses by what was asked for and how it was answered.",
            {"handler", "code"});
constexpr MetricDesc kInFlight =
    gauge("upkeep_http_scrapes_in_flight", "Scrapes being answered now, this one included.");
constexpr MetricDesc kRefused =
    counter("upkeep_http_connections_refused_total", "Connections closed because their address had too many.");
constexpr MetricDesc kReloadOk =
    gauge("upkeep_config_last_reload_successful", "Whether the configuration was good when it was last read.");
constexpr MetricDesc kReloadTime = gauge("upkeep_config_last_reload_success_timestamp_seconds",
                                         "When the configuration in force was read, in Unix time.");
constexpr MetricDesc kLogDropped =
    counter("upkeep_log_dropped_total", "Log lines that were never written because stderr stalled or failed.");
constexpr const MetricDesc* kOwn[] = {&kBuildInfo, &kNodeBuildInfo, &kResponses,  &kInFlight,
                                      &kRefused,   &kReloadOk,      &kReloadTime, &kLogDropped};

#if defined(__x86_64__)
constexpr std::string_view kArchitecture = "amd64";
#elif defined(__aarch64__)
constexpr std::string_view kArchitecture = "arm64";
#else
constexpr std::string_view kArchitecture = "";
#endif

constexpr std::array<std::string_view, 7> kHandlers = {"metrics", "landing",   "healthy", "ready",
                                                       "reload",  "on_demand", "other"};
constexpr std::array<std::string_view, 12> kCodes = {"200", "400", "403", "404", "405", "411",
                                                     "413", "431", "500", "503", "505", "other"};

std::size_t handler_index(std::string_view handler) {
  const auto at = std::ranges::find(kHandlers, handler);
  return static_cast<std::size_t>((at == kHandlers.end() ? at - 1 : at) - kHandlers.begin());
}
std::size_t code_index(int code) {
  std::array<char, 12> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), code).ptr;
  const auto at = std::ranges::find(kCodes, std::string_view(digits.data(), end));
  return static_cast<std::size_t>((at == kCodes.end() ? at - 1 : at) - kCodes.begin());
}

// Shown before it happens for the first time, so that rate() sees that first time.
bool is_expected(std::size_t handler, std::size_t code) {
  return kHandlers[handler] == "metrics" && (kCodes[code] == "200" || kCodes[code] == "500" || kCodes[code] == "503");
}

}  // namespace

struct Telemetry::State {
  State(FileSystem& fs, const Clock& with_clock, const Log& with_log)
      : clock(with_clock), log(with_log), process(fs, with_clock) {
    auto& family = prometheus::BuildCounter().Name(std::string(kResponses.name)).Register(registry);
    for (std::size_t h = 0; h < kHandlers.size(); ++h) {
      for (std::size_t c = 0; c < kCodes.size(); ++c) {
        responses[h][c] = &family.Add({{"handler", std::string(kHandlers[h])}, {"code", std::string(kCodes[c])}});
      }
    }
  }
  prometheus::Gauge& a_gauge(const MetricDesc& desc) {
    return prometheus::BuildGauge().Name(std::string(desc.name)).Register(registry).Add({});
  }

  const Clock& clock;
  const Log& log;
  ProcessMetrics process;
  prometheus::Registry registry;
  std::array<std::array<prometheus::Counter*, kCodes.size()>, kHandlers.size()> responses{};
  prometheus::Gauge& in_flight = a_gauge(kInFlight);
  prometheus::Counter& refused = prometheus::BuildCounter().Name(std::string(kRefused.name)).Register(registry).Add({});
  prometheus::Gauge& reload_ok = a_gauge(kReloadOk);
  prometheus::Gauge& reload_time = a_gauge(kReloadTime);
  std::atomic<bool> ever_reloaded = false;
};

Telemetry::Telemetry(FileSystem& fs, const Clock& clock, const Log& log)
    : state_(std::make_unique<State>(fs, clock, log)) {}
Telemetry::~Telemetry() = default;

std::span<const MetricDesc* const> Telemetry::metrics() {
  static const std::vector<const MetricDesc*> all = [] {
    std::vector<const MetricDesc*> both(std::begin(kOwn), std::end(kOwn));
    both.insert(both.end(), ProcessMetrics::metrics().begin(), ProcessMetrics::metrics().end());
    return both;
  }();
  return all;
}

void Telemetry::count_response(std::string_view handler, int code) {
  state_->responses[handler_index(handler)][code_index(code)]->Increment();
}
void Telemetry::scrape_began() { state_->in_flight.Increment(); }
void Telemetry::scrape_ended() { state_->in_flight.Decrement(); }
void Telemetry::connection_refused() { state_->refused.Increment(); }

void Telemetry::reloaded(bool successful) {
  state_->reload_ok.Set(successful ? 1 : 0);
  if (successful) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(state_->clock.wall().time_since_epoch());
    state_->reload_time.Set(static_cast<double>(seconds.count()));
  }
  state_->ever_reloaded = true;
}

void Telemetry::collect(SampleSink& out) {
  State& s = *state_;
  out.add(kBuildInfo, 1, {build_info::kVersion, build_info::kRevision, build_info::kBranch, build_info::kCompiler});
  out.add(kNodeBuildInfo, 1,
          {build_info::kVersion, build_info::kRevision, build_info::kBranch, "", "linux", kArchitecture, ""});
  for (std::size_t h = 0; h < kHandlers.size(); ++h) {
    for (std::size_t c = 0; c < kCodes.size(); ++c) {
      const double count = s.responses[h][c]->Value();
      if (count > 0 || is_expected(h, c)) out.add(kResponses, count, {kHandlers[h], kCodes[c]});
    }
  }
  out.add(kInFlight, s.in_flight.Value());
  out.add(kRefused, s.refused.Value());
  if (s.ever_reloaded) {
    out.add(kReloadOk, s.reload_ok.Value());
    if (s.reload_time.Value() > 0) out.add(kReloadTime, s.reload_time.Value());
  }
  out.add(kLogDropped, static_cast<double>(s.log.dropped()));
  s.process.collect(out);
}

}  // namespace upkeep
