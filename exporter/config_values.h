// Values with units, as people write them in upkeep.yml.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "exporter/result.h"

namespace upkeep {

// "-5", "0", "512". Errors are kParse and say what was expected, not what was found; so for all below.
Result<std::int64_t> parse_integer(std::string_view text);

// "500ms", "15s", "5m", "26h", "30d", "1w", and several with the largest first: "1h30m". At most a hundred years.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// The shortest way to write a duration: "1h30m", "0s".
std::string format_duration(std::chrono::milliseconds duration);

// "512", "512B", "64KiB", "1MiB", "2GiB", "1TiB", "1kB", "1MB", "1GB", "1TB": bytes.
Result<std::uint64_t> parse_size(std::string_view text);

}  // namespace upkeep
