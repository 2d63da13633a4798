#include "exporter/connection_guard.h"

#include <algorithm>

#include "exporter/limits.h"

namespace upkeep {
namespace {

bool counts_as_same(const own_sockets::Address& a, const own_sockets::Address& b) {
  constexpr own_sockets::Address kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::size_t kMappedPrefix = 12, kNetwork = 8;
  const bool ipv4 = std::equal(kMapped.begin(), kMapped.begin() + kMappedPrefix, a.begin());
  return ipv4 ? a == b : std::equal(a.begin(), a.begin() + kNetwork, b.begin());
}

}  // namespace

bool ConnectionGuard::has_room_for(const Connection& connection) const {
  int all = 0, of_address = 0;
  for (const Seen& seen : seen_) {
    if (!seen.let_in) continue;
    ++all;
    if (counts_as_same(seen.connection.peer, connection.peer)) ++of_address;
  }
  if (of_address >= limits::kConnectionsPerAddress) return false;
  const bool crowded = all >= limits::kHttpWorkers - limits::kSpareHttpWorkers;
  return !crowded || of_address < limits::kFewConnections;
}

std::span<const own_sockets::Connection> ConnectionGuard::too_many(std::span<const Connection> present) {
  std::swap(seen_, before_);
  seen_.clear();
  too_many_.clear();
  const auto known = [&](const Connection& connection) {
    return std::ranges::find(before_, connection, &Seen::connection);
  };
  for (const Connection& connection : present) {
    if (const auto seen = known(connection); seen != before_.end()) seen_.push_back(*seen);
  }
  for (const Connection& connection : present) {
    if (known(connection) != before_.end()) continue;
    const bool let_in = has_room_for(connection);
    seen_.push_back({connection, let_in});
    if (!let_in) too_many_.push_back(connection);
  }
  return too_many_;
}

}  // namespace upkeep
