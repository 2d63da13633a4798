// How well the clock is kept: what the kernel's clock discipline says of itself.
// https://man7.org/linux/man-pages/man2/adjtimex.2.html
#include <sys/timex.h>

#include "collectors/all.h"
#include "exporter/kernel.h"

namespace upkeep {

namespace {

constexpr MetricDesc kSync = gauge("node_timex_sync_status", "Whether the clock follows a reliable source.");
constexpr MetricDesc kOffset = gauge("node_timex_offset_seconds", "Offset between the clock and its source.");
constexpr MetricDesc kFrequency =
    gauge("node_timex_frequency_adjustment_ratio", "How much faster than by itself the clock is made to run.");
constexpr MetricDesc kMaxError = gauge("node_timex_maxerror_seconds", "Largest error the clock may have.");
constexpr MetricDesc kEstimatedError = gauge("node_timex_estimated_error_seconds", "Estimated error of the clock.");
constexpr MetricDesc kStatus = gauge("node_timex_status", "Status bits (STA_*) as a number.");
constexpr MetricDesc kConstant = gauge("node_timex_loop_time_constant", "Time constant of the phase-locked loop.");
constexpr MetricDesc kTick = gauge("node_timex_tick_seconds", "Time between clock ticks.");
constexpr MetricDesc kPpsFrequency = gauge("node_timex_pps_frequency_hertz", "Frequency by the pulse per second.");
constexpr MetricDesc kPpsJitter = gauge("node_timex_pps_jitter_seconds", "Jitter of the pulse per second.");
constexpr MetricDesc kPpsShift = gauge("node_timex_pps_shift_seconds", "Interval over which pulses are averaged.");
constexpr MetricDesc kPpsStability =
    gauge("node_timex_pps_stability_hertz", "Average of recent changes of the pulse's frequency.");
constexpr MetricDesc kPpsJitterCount =
    counter("node_timex_pps_jitter_total", "Pulses with more jitter than is allowed.");
constexpr MetricDesc kPpsCalibrations =
    counter("node_timex_pps_calibration_total", "Calibration intervals by the pulse per second.");
constexpr MetricDesc kPpsErrors = counter("node_timex_pps_error_total", "Calibration errors by the pulse per second.");
constexpr MetricDesc kPpsStabilityCount =
    counter("node_timex_pps_stability_exceeded_total", "Times the pulse was less stable than is allowed.");
constexpr MetricDesc kTai = gauge("node_timex_tai_offset_seconds", "Offset between UTC and atomic time (TAI).");

constexpr const MetricDesc* kMetrics[] = {&kSync,
                                          &kOffset,
                                          &kFrequency,
                                          &kMaxError,
                                          &kEstimatedError,
                                          &kStatus,
                                          &kConstant,
                                          &kTick,
                                          &kPpsFrequency,
                                          &kPpsJitter,
                                          &kPpsShift,
                                          &kPpsStability,
                                          &kPpsJitterCount,
                                          &kPpsCalibrations,
                                          &kPpsErrors,
                                          &kPpsStabilityCount,
                                          &kTai};

constexpr double kMicro = 1e6;
constexpr double kNano = 1e9;
constexpr double kScaledPpm = 1e6 * 65536;  // parts per million with 16 bits after the point

class Timex final : public Collector {
 public:
  explicit Timex(Kernel& kernel) : kernel_(kernel) {}

  Result<> collect(const Run&, SampleSink& out) override {
    timex clock{};
    const auto state = kernel_.adjtimex(clock);
    // Containers may not be allowed to ask, and then never will be.
    if (!state && state.error().code == ErrorCode::kPermission) return fail(ErrorCode::kNoData, state.error().message);
    if (!state) return std::unexpected(state.error());
    const double fraction = (clock.status & STA_NANO) != 0 ? kNano : kMicro;
    out.add(kSync, *state == TIME_ERROR ? 0 : 1);
    out.add(kOffset, static_cast<double>(clock.offset) / fraction);
    out.add(kFrequency, 1 + static_cast<double>(clock.freq) / kScaledPpm);
    out.add(kMaxError, static_cast<double>(clock.maxerror) / kMicro);
    out.add(kEstimatedError, static_cast<double>(clock.esterror) / kMicro);
    out.add(kStatus, clock.status);
    out.add(kConstant, static_cast<double>(clock.constant));
    out.add(kTick, static_cast<double>(clock.tick) / kMicro);
    out.add(kPpsFrequency, static_cast<double>(clock.ppsfreq) / kScaledPpm);
    out.add(kPpsJitter, static_cast<double>(clock.jitter) / fraction);
    out.add(kPpsShift, clock.shift);
    out.add(kPpsStability, static_cast<double>(clock.stabil) / kScaledPpm);
    out.add(kPpsJitterCount, static_cast<double>(clock.jitcnt));
    out.add(kPpsCalibrations, static_cast<double>(clock.calcnt));
    out.add(kPpsErrors, static_cast<double>(clock.errcnt));
    out.add(kPpsStabilityCount, static_cast<double>(clock.stbcnt));
    out.add(kTai, clock.tai);
    return {};
  }

 private:
  Kernel& kernel_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Timex>(environment.kernel);
}

}  // namespace

const CollectorType timex_collector = {
    .name = "timex",
    .section = "host",
    .help = "How well the clock is kept.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
