// What systemd is told of the service's life. Without systemd all of it does nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace upkeep::service_manager {

// Started: clients may come.
void ready();
// A reload begins; ready() ends it.
void reloading();
void stopping();
// One line for `systemctl status`.
void status(std::string_view line);

// How often at least systemd wants to hear from feed() before it restarts the service; nothing when it does not watch.
std::optional<std::chrono::microseconds> watchdog_interval();
void feed();

}  // namespace upkeep::service_manager
