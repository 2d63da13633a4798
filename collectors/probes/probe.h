// One attempt at one endpoint: the name looked up, the connection made, redirects followed, the answer judged. Never
// waits; whoever drives it waits for what it says that it waits for.
#pragma once

#include <poll.h>

#include <memory>
#include <optional>
#include <string>

#include "collectors/http/transfers.h"
#include "collectors/probes/datagram.h"
#include "collectors/probes/options.h"
#include "collectors/probes/outcome.h"
#include "collectors/probes/resolver.h"
#include "exporter/clock.h"

namespace upkeep::probes {

struct Tools {
  http::Transfers& transfers;
  Resolver& resolver;
  const Clock& clock;
};

class Probe {
 public:
  // `attempt` counts from 0: each one tries another address of a name that has several. What is passed in outlives
  // this.
  Probe(const Target& target, const Tools& tools, Clock::time_point deadline, unsigned attempt = 0);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  // Does what can be done now. Call it when a lookup, the socket or the time may have come.
  void advance();
  // The transfer that it waits for, if it does, and what to do with its answer.
  [[nodiscard]] std::optional<http::Transfers::Id> transfer() const { return transfer_; }
  void take(http::Answer answer);
  // To wait for; fd is -1 when there is none.
  [[nodiscard]] pollfd socket() const;

  [[nodiscard]] Clock::time_point deadline() const { return deadline_; }
  [[nodiscard]] bool is_done() const { return is_done_; }
  // Once it is done.
  Outcome take_outcome() { return std::move(outcome_); }

 private:
  void look_up(const std::string& host, std::uint16_t port);
  void resolved();
  void connect(const Address& address);
  [[nodiscard]] http::Request http_request(const Address& address) const;
  [[nodiscard]] http::Request tcp_request(const Address& address) const;
  void ask(const Address& address);
  void listen();
  void follow(http::Answer answer);
  void add_phases(const http::Phases& phases);
  void finish(Verdict verdict);
  [[nodiscard]] Clock::duration duration() const;
  [[nodiscard]] std::chrono::milliseconds left() const;

  const Target& target_;
  const Tools tools_;
  const Clock::time_point began_, deadline_;
  const unsigned attempt_;
  bool is_done_ = false;
  Outcome outcome_;

  http::Url url_;           // of HTTP, of this hop
  std::string method_;      // likewise
  bool is_trusted_ = true;  // with credentials and body: the host is the one that was configured
  HostPort peer_;           // who is looked up or asked
  std::shared_ptr<const Lookup> lookup_;
  Clock::time_point looked_up_{}, asked_{};
  std::optional<http::Transfers::Id> transfer_;
  std::optional<Datagram> datagram_;
  std::uint16_t question_ = 0;  // of DNS: its id
};

}  // namespace upkeep::probes
