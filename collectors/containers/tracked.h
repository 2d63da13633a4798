// One container that is followed from scrape to scrape.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/containers/engine.h"
#include "collectors/containers/usage.h"
#include "exporter/clock.h"

namespace upkeep::containers {

// All families of which it publishes samples, with a fixed name and their own labels only.
std::span<const MetricDesc> tracked_families();

// What all of them need to publish.
struct Tools {
  FileSystem& fs;
  const Clock& clock;
  double clock_ticks_per_second;
  const Hierarchies& hierarchies;
  const ContainerFamilies& families;  // of tracked_families()
  std::span<const std::string> label_keys;
  std::string own_network = {};                 // network namespace of the host; empty: not known
  std::vector<std::string_view> networks = {};  // namespaces that were published in this scrape
  DeviceNames devices = DeviceNames(fs);
};

// One thread at a time.
class Tracked {
 public:
  Tracked(const Tools& tools, std::string_view path);
  Tracked(const Tracked&) = delete;
  Tracked& operator=(const Tracked&) = delete;
  ~Tracked() = default;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string_view id() const { return id_; }
  // By which it is included or excluded.
  [[nodiscard]] std::string_view name() const;

  // What the engine says of it, valid until the next call is over; null: nothing, and its labels stay what they were.
  void set_engine(const Tools& tools, const Container* container);
  // Whether its group is there.
  void set_present(const Tools& tools, bool present);
  [[nodiscard]] bool is_present() const { return is_present_; }
  [[nodiscard]] Clock::duration gone_for(Clock::time_point now) const { return now - seen_; }

  // Reads and publishes. An error is of one file; what the others say is published. One that is gone keeps telling when
  // it was last seen.
  Result<> publish(Tools& tools, SampleSink& out);

 private:
  void begin_anew(const Tools& tools);
  [[nodiscard]] ContainerLabels labels(const Tools& tools) const;
  void publish_times(ContainerSamples& out) const;
  Result<> publish_network(Tools& tools, ContainerSamples& out);
  void find_process(const Tools& tools);

  const std::string path_;
  const std::string_view id_;             // part of the path
  std::vector<std::string> last_labels_;  // from when the engine knew it, if it does no more
  UsageFiles files_;
  const Container* container_ = nullptr;
  bool is_present_ = true;
  Clock::time_point seen_;
  Clock::wall_time seen_wall_;  // the epoch: never
  double made_ = 0;             // when its groups were; Unix seconds, 0: not known
  double cpu_seconds_ = 0;      // that it had used when last seen
  Refresh process_due_{std::chrono::minutes(1)};
  int process_ = 0;  // whose network is the container's; 0: not known, or the host's
  std::string network_;
};

}  // namespace upkeep::containers
