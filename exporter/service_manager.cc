// The protocol is one datagram to the socket that $NOTIFY_SOCKET names, documented in sd_notify(3) as stable and as fit
// to be spoken without libsystemd, whose own libraries would be the largest part of this program's memory. What send()
// returns is of no use: there is nobody else to tell.
#include "exporter/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "exporter/text.h"

namespace upkeep::service_manager {
namespace {

void notify(std::string_view state) {
  const char* const name = std::getenv("NOTIFY_SOCKET");
  if (name == nullptr || (name[0] != '/' && name[0] != '@')) return;
  sockaddr_un address{};
  const std::size_t length = std::strlen(name);
  if (length >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name, length);
  if (name[0] == '@') address.sun_path[0] = '\0';  // an abstract socket
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
  ::close(socket);
}

std::optional<std::uint64_t> number_in(const char* variable) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? std::nullopt : to_u64(text);
}

}  // namespace

void ready() { notify("READY=1"); }

void reloading() {
  // Type=notify-reload tells by the time which READY=1 answers which RELOADING=1.
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000 + now.tv_nsec / 1'000));
}

void stopping() { notify("STOPPING=1"); }

// A newline would begin another assignment.
void status(std::string_view line) { notify(fmt::format("STATUS={}", line.substr(0, line.find('\n')))); }

std::optional<std::chrono::microseconds> watchdog_interval() {
  const auto microseconds = number_in("WATCHDOG_USEC");
  const auto process = number_in("WATCHDOG_PID");
  if (!microseconds || *microseconds == 0) return std::nullopt;
  if (process && *process != static_cast<std::uint64_t>(::getpid())) return std::nullopt;  // meant for another
  return std::chrono::microseconds(*microseconds);
}

void feed() { notify("WATCHDOG=1"); }

}  // namespace upkeep::service_manager
