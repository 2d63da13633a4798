#include "collectors/certificates/visit.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "collectors/certificates/connection.h"

namespace upkeep::certificates {
namespace {

using namespace std::chrono_literals;

struct Underway {
  std::size_t place;  // of its destination
  std::unique_ptr<Connection> connection;
};

// Until one of them can go on, or has waited for long enough.
void wait(std::span<const Underway> underway, const Tour& tour) {
  constexpr auto kAtMost = 1000ms;
  std::vector<pollfd> waiting{{.fd = tour.resolver.woken(), .events = POLLIN, .revents = 0}};
  Clock::time_point first = tour.deadline;
  for (const Underway& one : underway) {
    first = std::min(first, one.connection->deadline());
    waiting.push_back({.fd = one.connection->descriptor(), .events = one.connection->events(), .revents = 0});
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - tour.clock.now());
  const auto patience = std::clamp<std::chrono::milliseconds>(left, 0ms, kAtMost);
  ::poll(waiting.data(), waiting.size(), static_cast<int>(patience.count()));
  if (waiting.front().revents != 0) tour.resolver.forget_wakes();
}

}  // namespace

std::string_view to_string(Failure failure) {
  constexpr std::string_view kWords[] = {"",        "dns",  "dns_timeout", "dns_busy",  "refused", "unreachable",
                                         "timeout", "lost", "starttls",    "handshake", "ca_file", "not_reached",
                                         "other"};
  return kWords[static_cast<std::size_t>(failure)];
}

std::vector<Visited> visit(std::span<const Destination> destinations, const Tour& tour) {
  const std::size_t count = destinations.size();
  std::vector<Visited> results(count);
  std::vector<Underway> underway;
  tour.resolver.begin_pass();
  std::size_t begun = 0;
  // Wakes poll() through the event of lookups.
  const std::stop_callback on_stop(tour.stop, [&tour] {
    const std::uint64_t one = 1;
    static_cast<void>(::write(tour.resolver.woken(), &one, sizeof one));
  });
  while (!tour.stop.stop_requested() && tour.clock.now() < tour.deadline) {
    while (begun < count && underway.size() < tour.at_once) {
      const std::size_t place = (tour.first + begun++) % count;
      underway.push_back({place, std::make_unique<Connection>(destinations[place], tour)});
    }
    std::erase_if(underway, [&](Underway& one) {
      one.connection->advance();
      if (one.connection->is_done()) results[one.place] = one.connection->take_result();
      return one.connection->is_done();
    });
    if (underway.empty() && begun == count) break;
    if (underway.size() == tour.at_once || begun == count) wait(underway, tour);
  }
  return results;
}

}  // namespace upkeep::certificates
