// Which family each field of a "name value" file belongs to, remembered by position: the kernel writes the same fields
// in the same order every time, so a run that finds them in place looks nothing up and allocates nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporter/metric.h"
#include "exporter/result.h"

namespace upkeep {

class FieldCache {
 public:
  // The family of the field at `position`; null for a field that is not wanted. `find` (field -> Result<const
  // MetricDesc*>) is asked when another field stood there last time.
  template <class Find>
  Result<const MetricDesc*> at(std::size_t position, std::string_view field, Find find) {
    if (position < entries_.size() && entries_[position].field == field) return entries_[position].family;
    if (position >= entries_.size()) entries_.resize(position + 1);
    Entry& entry = entries_[position];
    entry.field.clear();  // so that a failure is met again next time
    UPKEEP_TRY(entry.family, find(field));
    entry.field = field;
    return entry.family;
  }

 private:
  struct Entry {
    std::string field;
    const MetricDesc* family = nullptr;
  };
  std::vector<Entry> entries_;
};

}  // namespace upkeep
