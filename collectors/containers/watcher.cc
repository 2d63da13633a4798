#include "collectors/containers/watcher.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include "collectors/containers/api.h"
#include "collectors/containers/engine_json.h"

namespace upkeep::containers {
namespace {

using std::chrono::milliseconds;

// Starts that are behind the container's present run, as far as the engine counts them.
int starts_of(const Container& container) {
  return container.restart_count - (container.state == State::kRestarting ? 1 : 0);  // which is counted before it is
}

const std::string& id_of(const std::shared_ptr<const Container>& container) { return container->id; }

class Watcher {
 public:
  Watcher(const WatcherSettings& settings, std::shared_ptr<const EngineView> last, std::stop_token stop,
          const Publish& publish)
      : settings_(settings), pace_(settings.pace), stop_(std::move(stop)), publish_(publish), view_(std::move(last)) {}

  void watch() {
    milliseconds retry = pace_.retry;
    while (!stop_.stop_requested()) {
      const Clock::time_point began = settings_.clock.now();
      reached_ = false;
      const http::Problem problem = try_to_converse();
      if (stop_.stop_requested()) return;
      // A stream that ends after a good while is no news: proxies end them, and engines that restart.
      const bool lasted = reached_ && settings_.clock.now() - began >= pace_.check;
      if (!lasted || problem.why != http::Failure::kLost) mark_down(problem);
      if (lasted) retry = pace_.retry;
      rest(retry);
      retry = std::min(retry * 2, pace_.retry_at_most);
    }
  }

 private:
  http::Problem try_to_converse() {
    try {
      return converse();
    } catch (const std::exception& error) {  // no memory: nothing may leave a thread
      return {http::Failure::kOther, error.what()};
    }
  }

  // Until the connection is lost or the engine fails to answer: then why.
  http::Problem converse() {
    auto api = Api::connect(settings_.engine.socket_path, pace_, stop_);
    if (!api) return api.error();
    // Listening begins before the list is asked for: nothing can happen in between.
    if (auto open = api->listen(last_event_); !open) return open.error();
    if (auto listed = take_list(*api); !listed) return listed.error();
    mark_up(api->version());
    publish();
    while (true) {
      if (auto looked = inspect_some(*api); !looked) return looked.error();
      if (dirty_.empty()) catching_up_ = false;
      // While there is much to catch up with only now and then: each view is a copy.
      if (!catching_up_ || settings_.clock.now() - published_ >= std::chrono::seconds(1)) publish();
      auto events = api->events(time_to_act());
      if (!events) return events.error();
      std::ranges::for_each(*events, [&](const ContainerEvent& event) { take_event(event); });
      if (auto checked = check(*api); !checked) return checked.error();
      if (dirty_.size() > 2 * kMaxContainers) {  // a storm: what is left of it is cheaper to list
        if (auto listed = take_list(*api); !listed) return listed.error();
      }
    }
  }

  // Until there is something to do besides listening.
  [[nodiscard]] milliseconds time_to_act() const {
    if (catching_up_) return milliseconds(0);
    const Clock::time_point next = dirty_.empty() ? next_check_ : std::min(next_check_, next_inspections_);
    const auto left = std::chrono::duration_cast<milliseconds>(next - settings_.clock.now());
    return std::clamp(left, milliseconds(1), pace_.check);
  }

  // Now and then: whether it is still there, and how many tests in a row the unhealthy have failed, of which no event
  // tells.
  http::Answered<> check(Api& api) {
    const Clock::time_point now = settings_.clock.now();
    if (now < next_check_) return {};
    next_check_ = now + pace_.check;
    if (auto there = api.ping(); !there) return there;
    constexpr int kChecksBetweenLists = 20;
    if (view_->left_out > 0 && ++checks_ % kChecksBetweenLists == 0) return take_list(api);
    for (const auto& container : view_->containers) {
      if (container->health == Health::kStarting || container->health == Health::kUnhealthy)
        dirty_.insert(container->id);
    }
    draft().refreshed = settings_.clock.wall();
    return {};
  }

  http::Answered<> take_list(Api& api) {
    auto list = api.list();
    if (!list) return std::unexpected(list.error());
    std::vector<Container>& listed = list->containers;
    std::ranges::sort(listed, {}, &Container::id);
    const auto repeated = std::ranges::unique(listed, {}, &Container::id);
    listed.erase(repeated.begin(), repeated.end());
    dirty_.clear();
    std::vector<std::shared_ptr<const Container>> containers;
    for (Container& container : listed) {
      dirty_.insert(container.id);
      keep_labels(container);
      // What is known of it stays until it is looked at again.
      const Container* const known = find(container.id);
      const bool is_inspected = known != nullptr && known->inspected;
      containers.push_back(is_inspected ? std::make_shared<const Container>(*known)
                                        : std::make_shared<const Container>(std::move(container)));
    }
    EngineView& next = draft();
    next.containers = std::move(containers);
    next.left_out = list->left_out;
    catching_up_ = true;
    return {};
  }

  void take_event(const ContainerEvent& event) {
    if (event.id.empty()) return;
    last_event_ = std::max(last_event_, event.nanoseconds);
    if (event.action == "destroy" || event.action == "remove") return forget(event.id);
    dirty_.insert(event.id);
    const Container* const known = event.action == "oom" ? find(event.id) : nullptr;
    // The kernel gives notice several times of what is one kill (cgroup v1).
    constexpr double kOneKillSeconds = 1;
    if (known == nullptr || event.time < known->last_oom + kOneKillSeconds) return;
    Container changed = *known;
    ++changed.ooms;
    changed.last_oom = event.time;
    put(std::move(changed));
  }

  // A few of those that may have changed, in turn. Not all the time: containers may come and go by the thousand.
  http::Answered<> inspect_some(Api& api) {
    const Clock::time_point now = settings_.clock.now();
    if (dirty_.empty() || (!catching_up_ && now < next_inspections_)) return {};
    next_inspections_ = now + pace_.between_inspections;
    for (std::size_t i = 0; i < pace_.inspected_at_once && !dirty_.empty(); ++i) {
      auto next = dirty_.upper_bound(last_inspected_);
      if (next == dirty_.end()) next = dirty_.begin();
      last_inspected_ = *next;
      dirty_.erase(next);
      auto found = api.inspect(last_inspected_);
      // One container that is stuck makes the engine silent about itself, and says nothing of the others.
      if (!found && found.error().why == http::Failure::kTimeout && api.ping()) continue;
      if (!found) return std::unexpected(found.error());
      if (found->gone) forget(last_inspected_);
      if (found->container) take(*std::move(found->container));
    }
    return {};
  }

  void keep_labels(Container& container) const {
    const std::vector<std::string>& kept = settings_.engine.labels;
    std::erase_if(container.labels,
                  [&](const auto& label) { return std::ranges::find(kept, label.first) == kept.end(); });
  }

  void take(Container now) {
    keep_labels(now);
    const Container* const before = find(now.id);
    if (before == nullptr && present().containers.size() >= kMaxContainers) {
      ++draft().left_out;
      return;
    }
    carry_over(before == nullptr ? Container() : *before, now);
    put(std::move(now));
  }

  // In the place of what was known of it, if anything was.
  void put(Container container) {
    std::vector<std::shared_ptr<const Container>>& containers = draft().containers;
    const auto place = std::ranges::lower_bound(containers, container.id, {}, id_of);
    auto changed = std::make_shared<const Container>(std::move(container));
    if (place != containers.end() && (*place)->id == changed->id) {
      *place = std::move(changed);
    } else {
      containers.insert(place, std::move(changed));
    }
  }

  void forget(const std::string& id) {
    dirty_.erase(id);
    if (find(id) == nullptr) return;
    auto& containers = draft().containers;
    containers.erase(std::ranges::lower_bound(containers, id, {}, id_of));
  }

  [[nodiscard]] const EngineView& present() const { return draft_ ? *draft_ : *view_; }
  [[nodiscard]] const Container* find(const std::string& id) const { return find_container(present(), id); }

  // The next view, which begins as a copy of the present one.
  EngineView& draft() {
    if (!draft_) {
      draft_ = std::make_shared<EngineView>(*view_);
      ++draft_->generation;
    }
    return *draft_;
  }
  void publish() {
    if (!draft_) return;
    published_ = settings_.clock.now();
    view_ = std::move(draft_);
    draft_.reset();
    publish_(view_);
  }

  void mark_up(const EngineVersion& version) {
    EngineView& next = draft();
    const bool is_news = !next.known || !next.up;
    next.known = next.up = true;
    next.reason = "";
    next.name = version.name;
    next.version = version.version;
    next.api_version = to_string(chosen_version(version));
    next.refreshed = settings_.clock.wall();
    next_check_ = settings_.clock.now() + pace_.check;
    reached_ = true;
    if (!is_news) return;
    settings_.log.info("Container engine reached", {{"socket", settings_.engine.socket_path},
                                                    {"engine", next.name},
                                                    {"version", next.version},
                                                    {"api_version", next.api_version}});
  }

  void mark_down(const http::Problem& problem) {
    EngineView& next = draft();
    const bool is_news = !next.known || next.up;
    next.known = true;
    next.up = false;
    next.reason = reason_of(problem.why);
    if (is_news) {
      settings_.log.warn("Container engine unreachable",
                         {{"socket", settings_.engine.socket_path}, {"reason", next.reason}, {"err", problem.message}});
    }
    publish();
  }

  void rest(milliseconds time) {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop_, time, [] { return false; });
  }

  const WatcherSettings settings_;
  const EnginePace& pace_;
  const std::stop_token stop_;
  const Publish& publish_;
  std::shared_ptr<const EngineView> view_;  // as published
  std::shared_ptr<EngineView> draft_;       // the next one, if something has changed
  std::set<std::string> dirty_;             // whose containers have to be looked at
  std::string last_inspected_;
  bool catching_up_ = false;  // with a list
  bool reached_ = false;      // in the present conversation
  std::uint64_t last_event_ = 0;
  Clock::time_point next_check_{}, next_inspections_{}, published_{};
  int checks_ = 0;
};

}  // namespace

void carry_over(const Container& before, Container& now) {
  const int starts = starts_of(now);
  now.restarts = before.restarts;
  now.ooms = before.ooms;
  now.last_oom = before.last_oom;
  now.restarts_at_start = before.restarts_at_start;
  if (!before.inspected) {
    now.restarts = static_cast<std::uint64_t>(std::max(starts, 0));
    now.restarts_at_start = starts;
  } else if (now.started != before.started && now.started != 0) {
    const int unseen = std::max(1, starts - before.restarts_at_start);
    if (before.started != 0) now.restarts += static_cast<std::uint64_t>(unseen);
    now.restarts_at_start = starts;
  }
  if (now.oom_killed && now.last_oom < now.started) {
    ++now.ooms;
    now.last_oom = now.started;
  }
}

void watch_engine(const WatcherSettings& settings, std::shared_ptr<const EngineView> last, std::stop_token stop,
                  const Publish& publish) {
  Watcher(settings, std::move(last), std::move(stop), publish).watch();
}

}  // namespace upkeep::containers
