// What is known of the endpoints that are watched: of each what it showed last, and how the last visit went.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "collectors/certificates/options.h"
#include "collectors/certificates/visit.h"
#include "exporter/collector.h"

namespace upkeep::certificates {

struct EndpointState {
  std::optional<Served> served;  // the last that there was
  double seen = 0;               // when: Unix time
  Visited last;                  // without `served`
};

class Endpoints {
 public:
  Endpoints(std::vector<Endpoint> endpoints, std::size_t connections, const Environment& environment)
      : endpoints_(std::move(endpoints)),
        connections_(connections),
        environment_(environment),
        states_(endpoints_.size()) {}

  // Visits them all, as far as there is time before `deadline`. The error: the library is not there.
  Result<> look(Clock::time_point deadline, const std::stop_token& stop);

  [[nodiscard]] const std::vector<Endpoint>& all() const { return endpoints_; }
  [[nodiscard]] const EndpointState& state_of(std::size_t place) const { return states_[place]; }
  [[nodiscard]] std::size_t resolver_threads() const { return resolver_.threads(); }

 private:
  void log_change(const Endpoint& endpoint, const Visited& before, const Visited& now);

  const std::vector<Endpoint> endpoints_;
  const std::size_t connections_;
  const Environment environment_;
  Resolver resolver_;
  std::vector<EndpointState> states_;
  std::size_t next_first_ = 0;
};

}  // namespace upkeep::certificates
