#include "collectors/backups/catalogue.h"

#include <algorithm>
#include <utility>

namespace upkeep::backups {

// By its date, which lies in the past when a backup was copied here with it; so by what was seen of it, too.
bool Cataloguer::is_settled(const Seen& seen, bool is_future, std::int64_t age_ns, Clock::time_point now) const {
  if (seen.changed && now - *seen.changed < settle_) return false;
  return is_future ? now - seen.first >= settle_ : age_ns >= settle_.count();
}

Catalogue Cataloguer::sort_out(std::span<const Item> items, Clock::wall_time wall, Clock::time_point now) {
  const std::int64_t wall_ns = std::chrono::nanoseconds(wall.time_since_epoch()).count();
  constexpr std::int64_t kSkewNs = std::chrono::nanoseconds(kClockSkew).count();
  Catalogue catalogue;
  std::map<std::string, Seen> seen;
  for (const Item& item : items) {
    const BackupFile& file = item.file;
    const auto known = seen_.find(file.path);
    Seen& mark = seen[file.path];
    mark = known == seen_.end() ? Seen{file, now, std::nullopt} : std::move(known->second);
    if (mark.file != file) {
      mark.changed = now;
      mark.file = file;
    }
    const bool is_future = file.modified_ns > wall_ns + kSkewNs;
    const bool settled = is_settled(mark, is_future, wall_ns - file.modified_ns, now);
    if (item.kind == ItemKind::kTemporary || (item.kind == ItemKind::kUnfinished && settled)) {
      ++catalogue.temporary;
      catalogue.temporary_oldest_ns =
          std::min(catalogue.temporary_oldest_ns.value_or(file.modified_ns), file.modified_ns);
    } else if (!settled) {
      ++catalogue.in_progress;
    } else {
      (is_future ? catalogue.future : catalogue.complete).push_back(file);
    }
  }
  seen_ = std::move(seen);
  const auto newer = [](const BackupFile& one, const BackupFile& other) {
    return std::tie(one.modified_ns, one.path) > std::tie(other.modified_ns, other.path);
  };
  std::ranges::sort(catalogue.complete, newer);
  std::ranges::sort(catalogue.future, newer);
  return catalogue;
}

}  // namespace upkeep::backups
