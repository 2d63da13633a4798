// Going through a kernel table line by line: a bad line is an error that names it, and does not cost the others.
#pragma once

#include <string_view>
#include <utility>

#include "exporter/result.h"
#include "exporter/text.h"

namespace upkeep {

// The error of one line: "proc/diskstats:3: 11 counters expected: \"8 0 sda 1\"". Long lines are cut.
Error bad_line(std::string_view path, std::size_t number, std::string_view line, Error error);

// Calls `row` (std::string_view -> Result<>) for every line of `text`, which came from `path`. All lines are gone
// through; the first error is returned.
template <class Row>
Result<> each_line(std::string_view path, std::string_view text, Row row) {
  Result<> result;
  std::size_t number = 0;
  for (const std::string_view line : Lines(text)) {
    ++number;
    if (Result<> read = row(line); !read && result)
      result = std::unexpected(bad_line(path, number, line, std::move(read).error()));
  }
  return result;
}

}  // namespace upkeep
