#include "collectors/containers/engine.h"

#include <algorithm>
#include <system_error>

#include "collectors/containers/api.h"
#include "collectors/containers/watcher.h"

namespace upkeep::containers {

const Container* find_container(const EngineView& view, std::string_view id) {
  const auto id_of = [](const auto& container) -> const std::string& { return container->id; };
  const auto found = std::ranges::lower_bound(view.containers, id, {}, id_of);
  return found != view.containers.end() && (*found)->id == id ? found->get() : nullptr;
}

Engine::Engine(EngineSettings settings, const Clock& clock, Log& log, EnginePace pace)
    : settings_(std::move(settings)),
      clock_(clock),
      log_(log),
      pace_(pace),
      view_(std::make_shared<const EngineView>()) {}

Engine::~Engine() {
  std::jthread thread;
  {
    const std::lock_guard lock(mutex_);
    thread = std::move(thread_);
  }
  // Stopped and waited for by its own destructor.
}

std::shared_ptr<const EngineView> Engine::view() const {
  const std::lock_guard lock(mutex_);
  if (!thread_.joinable()) start();
  return view_;
}

// Costs a host without an engine one look for its socket, and no thread.
void Engine::start() const {
  if (is_missing(settings_.socket_path)) return give_up("not_found");
  try {
    thread_ = std::jthread([this, last = view_](const std::stop_token& stop) {
      watch_engine({settings_, clock_, log_, pace_}, last, stop, [this](std::shared_ptr<const EngineView> view) {
        const std::lock_guard lock(mutex_);
        view_ = std::move(view);
      });
    });
  } catch (const std::system_error&) {  // no more threads now: the next look tries again
    give_up("other");
  }
}

void Engine::give_up(std::string_view reason) const {
  if (view_->reason == reason) return;
  auto view = std::make_shared<EngineView>();
  view->known = true;
  view->reason = reason;
  view_ = std::move(view);
  log_.warn("Container engine unreachable", {{"socket", settings_.socket_path}, {"reason", reason}});
}

std::unique_ptr<EngineSource> make_engine(EngineSettings settings, const Clock& clock, Log& log) {
  return std::make_unique<Engine>(std::move(settings), clock, log);
}

}  // namespace upkeep::containers
