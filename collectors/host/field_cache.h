// Which family each field of a "name value" file belongs to, remembered by position: the kernel writes the same fields
// in the same order every time, so a run that finds them in place looks nothing up and allocates nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporter/metric.h"
#include "exporter/result.h"

namespace upkeep {

struct Field {
  std::string name;                    // with the mark behind it
  const MetricDesc* family = nullptr;  // null: not wanted
};

class FieldCache {
 public:
  // `mark` stands between name and value.
  explicit FieldCache(char mark) : mark_(mark) {}

  // The field of the line at `position`, valid until the next call. `find` (name -> Result<const MetricDesc*>) is asked
  // when another one stood there last time.
  template <class Find>
  Result<const Field*> at(std::size_t position, std::string_view line, Find find) {
    if (position >= fields_.size()) fields_.resize(position + 1);
    Field& field = fields_[position];
    if (!field.name.empty() && line.starts_with(field.name)) return &field;
    const std::size_t end = line.find(mark_);
    if (end == std::string_view::npos) return fail(ErrorCode::kParse, "name and value expected");
    field.name.clear();  // so that a failure is met again next time
    UPKEEP_TRY(field.family, find(line.substr(0, end)));
    field.name = line.substr(0, end + 1);
    return &field;
  }

 private:
  char mark_;
  std::vector<Field> fields_;  // by line
};

}  // namespace upkeep
