// Containers: what each one uses, from the kernel's control groups, whatever runs it; and, where a container engine
// answers, what they are called and in which state they are. See cgroups.h, usage.h and engine.h.
#include "collectors/containers/containers.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <vector>

#include "collectors/all.h"
#include "collectors/containers/compose.h"
#include "collectors/containers/machine.h"
#include "collectors/containers/network.h"
#include "collectors/containers/states.h"
#include "collectors/containers/tracked.h"
#include "exporter/kernel.h"

namespace upkeep {
namespace containers {
namespace {

using namespace std::chrono_literals;

// The label `id` of containers, which of those that do not run has to be remembered or guessed.
class Ids {
 public:
  // Of one that runs.
  void learn(const std::string& path) {
    const std::string id(container_id(path));
    if (!is_shape_known_) {
      const std::size_t at = path.rfind(id);
      before_ = path.substr(0, at);
      after_ = path.substr(at + id.size());
      is_shape_known_ = true;
    }
    others_.erase(id);
    if (path != this->path(id)) others_.emplace(id, path);
  }
  // Valid until the next call.
  std::string_view path(const std::string& id) {
    if (const auto found = others_.find(id); found != others_.end()) return found->second;
    return last_ = before_ + id + after_;
  }
  // Forgets most of those that no engine knows any more.
  void keep_few(std::size_t count) {
    if (others_.size() > 2 * count + kSpare) others_.clear();
  }

 private:
  static constexpr std::size_t kSpare = 1000;
  std::unordered_map<std::string, std::string> others_;  // by id; whose paths are not of the shape of most
  bool is_shape_known_ = false;
  std::string before_ = "/docker/", after_;  // of the first that was learned
  std::string last_;
};

class Containers final : public Collector {
 public:
  Containers(Options options, const Environment& environment, MakeEngine make_engine)
      : options_(std::move(options)),
        environment_(environment),
        make_engine_(std::move(make_engine)),
        cgroups_(environment.fs),
        machine_(environment.fs),
        families_(tracked_families(), options_.label_keys),
        tools_{.fs = environment.fs,
               .clock = environment.clock,
               .clock_ticks_per_second = environment.kernel.clock_ticks_per_second(),
               .hierarchies = cgroups_.hierarchies(),
               .families = families_,
               .label_keys = options_.label_keys},
        states_(options_.label_keys),
        compose_(options_.expected, options_.compose_files) {}

  Result<> collect(const Run&, SampleSink& out) override {
    const Clock::time_point now = environment_.clock.now();
    if (due_.due(now)) refresh();
    const std::shared_ptr<const EngineView> view = engine_ ? engine_->view() : nullptr;
    const bool is_news = view && (!view_ || view->generation != view_->generation);
    Result<> result = cgroups_.look(now, is_news && lacks_any(*view));
    if (engine_ || result || result.error().code != ErrorCode::kNotFound) note(std::move(result));
    follow(view.get());
    view_ = view;
    // Names that are on their way are worth waiting for: without them all series would change right after the start.
    if (!view || view->known) publish_tracked(now, out);
    if (ids_present_.empty() && !engine_) {
      if (!error_) return take_error();
      return fail(ErrorCode::kNoData, "no container in sys/fs/cgroup, and no socket of a container engine");
    }
    machine_.publish(now, out);
    if (view) publish_engine(*view, now, out);
    return take_error();
  }

 private:
  // What changes seldom.
  void refresh() {
    tools_.devices.forget();
    tools_.own_network = network_namespace(environment_.fs, "1");
    if (tools_.own_network.empty()) tools_.own_network = network_namespace(environment_.fs, "self");
    if (engine_) return;
    auto socket = find_socket(options_, environment_.fs);
    if (!socket) return;
    EngineSettings settings{.socket_path = *std::move(socket), .labels = options_.label_keys};
    settings.labels.insert(settings.labels.end(), std::begin(kComposeLabels), std::end(kComposeLabels));
    engine_ = make_engine_(std::move(settings));
  }

  // Whether a container runs of which there is no control group yet.
  [[nodiscard]] bool lacks_any(const EngineView& view) const {
    return std::ranges::any_of(view.containers, [&](const auto& container) {
      return container->pid != 0 && !std::ranges::binary_search(ids_present_, container->id);
    });
  }

  // Brings tracked_ up to date.
  void follow(const EngineView* view) {
    const std::vector<std::string>& paths = cgroups_.paths();
    for (const std::string& path : paths) {
      if (tracked_.contains(path)) continue;
      auto tracked = std::make_unique<Tracked>(tools_, path);
      const std::string_view name = tracked->path();
      tracked_.emplace(name, std::move(tracked));
      ids_.learn(path);
    }
    ids_present_.clear();
    auto path = paths.begin();
    for (auto& [name, tracked] : tracked_) {
      while (path != paths.end() && *path < name) ++path;
      tracked->set_present(tools_, path != paths.end() && *path == name);
      if (tracked->is_present()) ids_present_.push_back(tracked->id());
      tracked->set_engine(tools_, view == nullptr ? nullptr : find_container(*view, tracked->id()));
    }
    std::ranges::sort(ids_present_);
    if (view != nullptr) ids_.keep_few(view->containers.size());
  }

  void publish_tracked(Clock::time_point now, SampleSink& out) {
    tools_.networks.clear();
    for (auto item = tracked_.begin(); item != tracked_.end();) {
      Tracked& tracked = *item->second;
      if (options_.names.keeps(tracked.name())) note(tracked.publish(tools_, out));
      // Of one that came and went unseen there is nothing to tell.
      const bool is_over = !tracked.is_present() && tracked.gone_for(now) >= options_.grace;
      item = is_over ? tracked_.erase(item) : std::next(item);
    }
  }

  void publish_engine(const EngineView& view, Clock::time_point now, SampleSink& out) {
    const IdOf id_of = [this](const Container& container) { return ids_.path(container.id); };
    states_.publish(view, id_of, out, [this](const Container& container) {
      return options_.names.keeps(container.name.empty() ? container.id : container.name);
    });
    note(compose_.publish(view, now, out));
  }

  // The first error of a look is its result.
  void note(Result<> result) {
    if (!result && error_) error_ = std::move(result);
  }
  Result<> take_error() { return std::exchange(error_, Result<>()); }

  Options options_;
  const Environment environment_;
  const MakeEngine make_engine_;
  std::unique_ptr<EngineSource> engine_;
  std::shared_ptr<const EngineView> view_;  // of the last look; tracked_ points into it
  Refresh due_{1min};
  Cgroups cgroups_;
  Machine machine_;
  ContainerFamilies families_;
  Tools tools_;
  std::map<std::string_view, std::unique_ptr<Tracked>> tracked_;  // by path
  std::vector<std::string_view> ids_present_;                     // sorted
  Ids ids_;
  StateFamilies states_;
  Compose compose_;
  Result<> error_;
};

std::vector<const MetricDesc*> all_families() {
  std::vector<const MetricDesc*> all;
  const auto add = [&](std::span<const MetricDesc> families) {
    for (const MetricDesc& family : families) {
      const auto same = [&](const MetricDesc* known) { return known->name == family.name; };
      if (std::ranges::none_of(all, same)) all.push_back(&family);
    }
  };
  add(tracked_families());
  add(machine_families());
  add(StateFamilies::metrics());
  add(Compose::metrics());
  return all;
}
const std::vector<const MetricDesc*> kAllFamilies = all_families();

Result<std::unique_ptr<Collector>> make(ConfigReader& config, const Environment& environment) {
  return make_containers(read_options(config), environment,
                         [&clock = environment.clock, &log = environment.log](EngineSettings settings) {
                           return make_engine(std::move(settings), clock, log);
                         });
}

}  // namespace

std::unique_ptr<Collector> make_containers(Options options, const Environment& environment, MakeEngine make_engine) {
  return std::make_unique<Containers>(std::move(options), environment, std::move(make_engine));
}

}  // namespace containers

const CollectorType containers_collector = {
    .name = "containers",
    .section = "containers",
    .help = "Containers: what they use, whether they are healthy, how often they died.",
    .metrics = containers::kAllFamilies,
    .make = containers::make,
    .max_series = limits::kSeriesOfContainers,
};

}  // namespace upkeep
