// Who may hold how many connections. Each one holds a thread of the HTTP server, so whoever could open many of them and
// say nothing would keep everybody else out.
#pragma once

#include <span>
#include <vector>

#include "exporter/own_sockets.h"

namespace upkeep {

// One thread at a time.
class ConnectionGuard {
 public:
  using Connection = own_sockets::Connection;

  // Told of every connection there is, returns those that are to be turned away, once; valid until the next call. One
  // that was let in stays. A new one is too many when its address has limits::kConnectionsPerAddress, or when all but
  // limits::kSpareHttpWorkers threads are taken and its address has limits::kFewConnections. Of IPv6 a /64 counts as
  // one address, because that is what one machine is given.
  std::span<const Connection> too_many(std::span<const Connection> present);

 private:
  [[nodiscard]] bool has_room_for(const Connection& connection) const;

  struct Seen {
    Connection connection;
    bool let_in;
  };
  std::vector<Seen> seen_, before_;
  std::vector<Connection> too_many_;
};

}  // namespace upkeep
