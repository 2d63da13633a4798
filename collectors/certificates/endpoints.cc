#include "collectors/certificates/endpoints.h"

#include <map>
#include <utility>

#include "collectors/certificates/find.h"
#include "exporter/log.h"

namespace upkeep::certificates {
namespace {

// The authorities of each `ca_file`, read once a pass; null where that fails.
class Authorities {
 public:
  Authorities(const Library& library, FileSystem& fs) : library_(library), fs_(fs) {}

  std::shared_ptr<Trust> of(const std::string& ca_file) {
    const auto [place, is_new] = known_.try_emplace(ca_file);
    if (is_new) place->second = load(ca_file);
    return place->second;
  }

 private:
  std::shared_ptr<Trust> load(const std::string& ca_file) {
    std::string pem;
    if (!ca_file.empty()) {
      auto bytes = read_bytes(fs_, ca_file);
      if (!bytes || bytes->empty()) return nullptr;  // none: those of the system would be taken
      pem = *std::move(bytes);
    }
    auto trust = library_.trust(pem);
    return trust ? *std::move(trust) : nullptr;
  }

  const Library& library_;
  FileSystem& fs_;
  std::map<std::string, std::shared_ptr<Trust>> known_;
};

}  // namespace

Result<> Endpoints::look(Clock::time_point deadline, const std::stop_token& stop) {
  if (endpoints_.empty()) return {};
  const auto opened = library();
  if (!opened) return fail(ErrorCode::kSystem, opened.error().message);
  Authorities authorities(**opened, environment_.fs);
  std::vector<Destination> destinations;
  for (const Endpoint& endpoint : endpoints_) {
    destinations.push_back({.host = endpoint.host,
                            .port = endpoint.port,
                            .starttls = endpoint.starttls,
                            .server_name = endpoint.server_name,
                            .timeout = endpoint.timeout,
                            .trust = authorities.of(endpoint.ca_file)});
  }
  std::vector<Visited> visited = visit(destinations, {.library = **opened,
                                                      .resolver = resolver_,
                                                      .clock = environment_.clock,
                                                      .deadline = deadline,
                                                      .stop = stop,
                                                      .at_once = connections_,
                                                      .first = next_first_});
  if (stop.stop_requested()) return {};
  // Those that there was no time for come first the next time.
  for (std::size_t i = 0; i < visited.size(); ++i) {
    const std::size_t place = (next_first_ + i) % visited.size();
    if (visited[place].failure != Failure::kNotReached) continue;
    next_first_ = place;
    break;
  }
  for (std::size_t place = 0; place < visited.size(); ++place) {
    EndpointState& state = states_[place];
    Visited& now = visited[place];
    if (now.served) {
      state.served = std::exchange(now.served, std::nullopt);
      state.seen = unix_seconds(environment_.clock.wall());
    }
    log_change(endpoints_[place], state.last, now);
    state.last = std::move(now);
  }
  return {};
}

void Endpoints::log_change(const Endpoint& endpoint, const Visited& before, const Visited& now) {
  if (before.failure == now.failure) return;
  if (now.failure == Failure::kNone) {
    if (before.failure != Failure::kNotReached)
      environment_.log.info("Endpoint shows its certificate again", {{"endpoint", endpoint.name}});
    return;
  }
  environment_.log.warn("Endpoint shows no certificate",
                        {{"endpoint", endpoint.name}, {"reason", to_string(now.failure)}, {"err", now.why}});
}

}  // namespace upkeep::certificates
