// How mistakes in upkeep.yml are shown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporter/config_tree.h"

namespace upkeep {

// "NAME:LINE:COLUMN: MESSAGE", the line and a caret for each, in the order of the text, none twice, at most
// limits::kConfigMistakes. A line that may hold a secret is not shown.
std::vector<std::string> render_mistakes(std::string_view name, std::string_view text,
                                         std::vector<ConfigMistake> mistakes);

// A value for use in a message: without control characters, and cut, with "..." after it, at `limit` bytes.
std::string shortened(std::string_view value, std::size_t limit = 60);

}  // namespace upkeep
