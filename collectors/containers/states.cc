#include "collectors/containers/states.h"

#include <array>

namespace upkeep::containers {
namespace {

constexpr std::array kFamilies = {
    gauge("container_state_status", "1 for the state that the container is in, 0 for the others.", {"status"}),
    gauge("container_state_health_status",
          "1 for what the container's health check says, 0 for the others; none: it has no check.", {"status"}),
    gauge("container_health_state", "1 healthy, 0 unhealthy or starting, -1 without a health check."),
    gauge("container_health_failing_streak", "Health checks that failed in a row."),
    gauge("container_restartcount", "Restarts by the restart policy, as the engine counts: a start by hand resets it."),
    counter("container_restarts_total", "Starts after the first one, by the policy or by hand."),
    gauge("container_exitcode", "How the last run ended, of a container that does not run."),
    gauge("container_state_oomkilled", "Whether the last run was ended for lack of memory."),
    gauge("container_state_startedat", "Unix time of the last start."),
    gauge("container_state_finishedat", "Unix time of the last end."),
    counter("container_oom_events_total",
            "Times that something in the container was killed for lack of memory; notices of one second are one."),
    gauge("upkeep_container_engine_up", "Whether the engine's API answers.", {"engine"}),
    gauge("upkeep_container_engine_failed", "1 while the engine's API does not answer, with why.",
          {"engine", "reason"}),
    gauge("upkeep_container_engine_info", "The engine and the version of its API that is spoken.",
          {"engine", "version", "api_version"}),
    gauge("upkeep_container_engine_refreshed_timestamp_seconds", "When the engine last confirmed what is known of it.",
          {"engine"}),
    gauge("upkeep_containers_truncated", "Containers that are left out because there are too many."),
};
enum Family : std::uint8_t {
  kStatus,
  kHealthStatus,
  kHealthState,
  kFailingStreak,
  kRestartCount,
  kRestarts,
  kExitCode,
  kOomKilled,
  kStartedAt,
  kFinishedAt,
  kOomEvents,
  kEngineUp,
  kEngineFailed,
  kEngineInfo,
  kEngineRefreshed,
  kTruncated,
};

// 1 for the name at `place`, 0 for the others.
void add_each(Family family, std::span<const std::string_view> names, std::size_t place, ContainerSamples& out) {
  for (std::size_t i = 0; i < names.size(); ++i) out.add(family, i == place ? 1 : 0, {names[i]});
}

double health_state(Health health) { return health == Health::kNone ? -1 : health == Health::kHealthy ? 1 : 0; }

void publish_container(const Container& container, ContainerSamples& out) {
  add_each(kStatus, kStateNames, static_cast<std::size_t>(container.state), out);
  if (!container.inspected) return;  // the list says no more
  add_each(kHealthStatus, kHealthNames, static_cast<std::size_t>(container.health), out);
  out.add(kHealthState, health_state(container.health));
  if (container.health != Health::kNone) out.add(kFailingStreak, container.failing_streak);
  out.add(kRestartCount, container.restart_count);
  out.add(kRestarts, static_cast<double>(container.restarts));
  const bool is_running = container.state == State::kRunning || container.state == State::kPaused;
  if (!is_running && container.finished != 0) out.add(kExitCode, container.exit_code);
  out.add(kOomKilled, container.oom_killed ? 1 : 0);
  if (container.started != 0) out.add(kStartedAt, container.started);
  if (container.finished != 0) out.add(kFinishedAt, container.finished);
  out.add(kOomEvents, static_cast<double>(container.ooms));
}

void publish_engine(const EngineView& view, SampleSink& out) {
  if (!view.known) return;
  const std::string_view engine = view.name.empty() ? "unknown" : std::string_view(view.name);
  out.add(kFamilies[kEngineUp], view.up ? 1 : 0, {engine});
  if (!view.up) out.add(kFamilies[kEngineFailed], 1, {engine, view.reason});
  if (view.refreshed == Clock::wall_time{}) return;
  out.add(kFamilies[kEngineInfo], 1, {engine, view.version, view.api_version});
  out.add(kFamilies[kEngineRefreshed], unix_seconds(view.refreshed), {engine});
  out.add(kFamilies[kTruncated], static_cast<double>(view.left_out));
}

}  // namespace

StateFamilies::StateFamilies(std::span<const std::string> keys)
    : keys_(keys.begin(), keys.end()), families_(std::span(kFamilies).first(kEngineUp), keys_) {}

void StateFamilies::publish(const EngineView& view, const IdOf& id_of, SampleSink& out,
                            const std::function<bool(const Container&)>& keeps) const {
  publish_engine(view, out);
  for (const auto& container : view.containers) {
    if (keeps && !keeps(*container)) continue;
    ContainerSamples samples(families_, ContainerLabels(id_of(*container), *container, keys_), out);
    publish_container(*container, samples);
  }
}

std::span<const MetricDesc> StateFamilies::metrics() { return kFamilies; }

}  // namespace upkeep::containers
