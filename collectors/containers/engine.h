// What a container engine says of its containers: Docker's API, or Podman's that speaks like it, over a Unix socket.
//
// A thread of its own asks and listens: once for the list, once for each container, and then only about what an event
// says has changed. Nobody else ever waits for the engine; when it hangs or restarts, what it said last stays.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "exporter/clock.h"
#include "exporter/log.h"

namespace upkeep::containers {

enum class State : std::uint8_t { kCreated, kRunning, kPaused, kRestarting, kRemoving, kExited, kDead };
inline constexpr std::array<std::string_view, 7> kStateNames = {"created",  "running", "paused", "restarting",
                                                                "removing", "exited",  "dead"};
enum class Health : std::uint8_t { kNone, kStarting, kHealthy, kUnhealthy };
inline constexpr std::array<std::string_view, 4> kHealthNames = {"none", "starting", "healthy", "unhealthy"};

// As the engine's API says.
struct Container {
  std::string id;               // 64 hex digits
  std::string name;             // without the leading slash
  std::string image, image_id;  // what was asked for, and what that was: "sha256:..."
  std::map<std::string, std::string> labels;
  State state{};
  Health health{};
  int failing_streak = 0;
  int exit_code = 0;
  bool oom_killed = false;
  int restart_count = 0;                          // the engine's own count, which a start by hand sets to 0
  std::uint64_t restarts = 0, ooms = 0;           // of ours: they only grow, whatever the engine forgets
  double created = 0, started = 0, finished = 0;  // Unix seconds; 0: never
  int pid = 0;                                    // of the first process, 0 when not running
  bool own_network = false;                       // neither the host's nor another container's
  std::string log_path;                           // of json-file, else empty

  bool inspected = false;     // false: known from the list alone, so what is not in it stands at its default
  int restarts_at_start = 0;  // restart_count when it last started
  double last_oom = 0;        // until then every OOM kill is counted
};

struct EngineView {
  bool known = false;  // whether it was tried yet
  bool up = false;
  std::string_view reason;                 // refused, timeout, denied, not_found, malformed, other; "" when up
  std::string name, version, api_version;  // "docker" or "podman"; of the last time it was up
  Clock::wall_time refreshed;              // when it was last known to be right; the epoch: never
  std::vector<std::shared_ptr<const Container>> containers;  // sorted by id; the next view shares those that stay
  std::size_t left_out = 0;                                  // beyond kMaxContainers
  std::uint64_t generation = 0;                              // of `containers`: the same number, the same containers
};

inline constexpr std::size_t kMaxContainers = 10'000;

// Null: there is none.
const Container* find_container(const EngineView& view, std::string_view id);

class EngineSource {
 public:
  virtual ~EngineSource() = default;
  // Never null, never waits.
  [[nodiscard]] virtual std::shared_ptr<const EngineView> view() const = 0;
};

// What to ask, and what of it to keep: a container has dozens of labels, of which few are needed.
struct EngineSettings {
  std::string socket_path;
  std::vector<std::string> labels;
};

// How patient it is. Tests are in a hurry.
struct EnginePace {
  std::chrono::milliseconds answer{5'000};  // for all but the list
  std::chrono::milliseconds list{30'000};
  std::chrono::milliseconds check{15'000};             // whether it is still there, and how the unhealthy are
  std::chrono::milliseconds between_inspections{250};  // of at most so many containers at once:
  std::size_t inspected_at_once = 100;
  std::chrono::milliseconds retry{1'000}, retry_at_most{10'000};
};

// Thread-safe.
class Engine final : public EngineSource {
 public:
  Engine(EngineSettings settings, const Clock& clock, Log& log, EnginePace pace = {});
  // Whatever the engine does, ends within a second.
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The first one begins the thread, if there is a socket.
  [[nodiscard]] std::shared_ptr<const EngineView> view() const override;

 private:
  void start() const;
  void give_up(std::string_view reason) const;

  const EngineSettings settings_;
  const Clock& clock_;
  Log& log_;
  const EnginePace pace_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::shared_ptr<const EngineView> view_;
  mutable std::jthread thread_;
};

std::unique_ptr<EngineSource> make_engine(EngineSettings settings, const Clock& clock, Log& log);

}  // namespace upkeep::containers
