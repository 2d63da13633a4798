#include "exporter/table.h"

#include <fmt/format.h>

namespace upkeep {

Error bad_line(std::string_view path, std::size_t number, std::string_view line, Error error) {
  constexpr std::size_t kShownBytes = 100;
  const bool cut = line.size() > kShownBytes;
  return {error.code, fmt::format("{}:{}: {}: \"{}{}\"", path, number, error.message, line.substr(0, kShownBytes),
                                  cut ? "..." : "")};
}

}  // namespace upkeep
