// Times as JSON has them: "2026-01-01T00:00:00.123456789+01:00".
#pragma once

#include <string_view>

namespace upkeep::json {

// Unix time; 0 of what is no time, and of what was before 1970.
double parse_rfc3339(std::string_view text);

}  // namespace upkeep::json
