#include "exporter/heap.h"

#include <malloc.h>

namespace upkeep {

void set_up_heap() {
  // Threads that allocate little and seldom need no heap each: a dozen of those would hold megabytes for nothing.
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_THRESHOLD, 128 << 10);  // large pages and answers go back to the system when they are freed
}

void Heap::tend(Clock::time_point now) {
  constexpr auto kPause = std::chrono::seconds(30);
  if (now < next_) return;
  next_ = now + kPause;
  ::malloc_trim(0);
}

}  // namespace upkeep
