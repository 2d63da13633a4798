// Only notifications: sd_notify() sends one datagram to $NOTIFY_SOCKET, and does nothing where that is not set. What it
// returns is of no use: there is nobody else to tell.
#include "exporter/service_manager.h"

#include <systemd/sd-daemon.h>
#include <time.h>

#include <cstdint>
#include <string>

namespace upkeep::service_manager {

void ready() { sd_notify(0, "READY=1"); }

void reloading() {
  // Type=notify-reload tells by the time which READY=1 answers which RELOADING=1.
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
             static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000);
}

void stopping() { sd_notify(0, "STOPPING=1"); }

void status(std::string_view line) {
  // A newline would begin another assignment.
  const std::string state = "STATUS=" + std::string(line.substr(0, line.find('\n')));
  sd_notify(0, state.c_str());
}

std::optional<std::chrono::microseconds> watchdog_interval() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  return std::chrono::microseconds(microseconds);
}

void feed() { sd_notify(0, "WATCHDOG=1"); }

}  // namespace upkeep::service_manager
