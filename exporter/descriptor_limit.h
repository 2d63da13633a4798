// How many files the process may have open.
#pragma once

#include <cstddef>

namespace upkeep {

// Raises the soft limit as far as the hard one allows, to limits::kOpenFiles at most. How many descriptors may be kept
// open between reads: limits::kKeptOpenFiles, but no more than half of the limit.
std::size_t raise_descriptor_limit();

}  // namespace upkeep
