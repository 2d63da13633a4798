// Text from outside made safe to show: valid UTF-8, whatever bytes came.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace upkeep {

// Appends `bytes`, with U+FFFD for each byte that does not belong to a well-formed UTF-8 sequence (RFC 3629).
void append_utf8(std::string& out, std::string_view bytes);

// Whether append_utf8 would change nothing.
bool is_utf8(std::string_view bytes);

// The largest length <= `limit` that does not cut a sequence of the valid UTF-8 `text`.
std::size_t utf8_boundary(std::string_view text, std::size_t limit);

}  // namespace upkeep
