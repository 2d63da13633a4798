// The conversation with a container engine, for the thread of an Engine: from the first connection, through every loss
// of it, until the thread is stopped.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "collectors/containers/engine.h"

namespace upkeep::containers {

struct WatcherSettings {
  const EngineSettings& engine;
  const Clock& clock;
  Log& log;
  const EnginePace& pace;
};

using Publish = std::function<void(std::shared_ptr<const EngineView>)>;

// Returns once `stop` is set, and not much later. `last`: what is known from before.
void watch_engine(const WatcherSettings& settings, std::shared_ptr<const EngineView> last, std::stop_token stop,
                  const Publish& publish);

// What a new look at a container says, with what only we know of it: how often it restarted and was killed for memory.
void carry_over(const Container& before, Container& now);

}  // namespace upkeep::containers
