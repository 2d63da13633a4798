// What somebody who mistyped a word probably meant.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace upkeep {

// How many letters to insert, delete, replace or swap with their neighbour to turn one word into the other, without
// regard to case.
std::size_t edit_distance(std::string_view from, std::string_view to);

// ", did you mean 'timeout'?" with the candidate closest to `word`; empty when none is close.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace upkeep
