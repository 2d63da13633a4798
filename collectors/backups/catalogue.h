// Which of the files that were found are backups, and which are not or not yet.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "collectors/backups/places.h"
#include "exporter/clock.h"

namespace upkeep::backups {

// What bears a later date was written with another clock: no age can be told of it.
inline constexpr auto kClockSkew = std::chrono::minutes(5);

struct Catalogue {
  std::vector<BackupFile> complete;  // newest first
  std::vector<BackupFile> future;    // complete as well, but dated later than now
  std::size_t in_progress = 0;       // of a final name, but still written
  std::size_t temporary = 0;         // of a temporary name, or given up by who wrote it
  std::optional<std::int64_t> temporary_oldest_ns;
};

// Tells what still grows by looking at it again and again.
class Cataloguer {
 public:
  // `settle`: so long must a file have stayed as it is.
  explicit Cataloguer(std::chrono::milliseconds settle) : settle_(settle) {}
  Catalogue sort_out(std::span<const Item> items, Clock::wall_time wall, Clock::time_point now);

 private:
  struct Seen {
    BackupFile file;
    Clock::time_point first;
    std::optional<Clock::time_point> changed;
  };
  bool is_settled(const Seen& seen, bool is_future, std::int64_t age_ns, Clock::time_point now) const;

  const std::chrono::nanoseconds settle_;
  std::map<std::string, Seen> seen_;  // by path; those of the last look
};

}  // namespace upkeep::backups
