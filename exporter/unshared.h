// Whether storage that was handed out may be used again.
#pragma once

#include <memory>

namespace upkeep {

// True when `pointer` is the last of its kind, and nobody can copy it meanwhile: then everything the other holders did
// happened before this returned.
template <class T>
bool is_unshared(const std::shared_ptr<T>& pointer) {
  if (pointer.use_count() != 1) return false;
  // use_count() orders nothing. Dropping a copy does: its decrement acquires what the last holder's decrement released.
  std::shared_ptr<T>(pointer).reset();
  return true;
}

}  // namespace upkeep
