#include "exporter/heap.h"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdint>

// Of the linker: where the program's headers, constants and code begin, and where its code ends.
extern "C" const char __executable_start, etext;

namespace upkeep {
namespace {

// The code that flags and the configuration need lies between that which goes on to be used, and stays in memory with
// it. What is used comes back page by page, from the same place.
void let_go_of_code() {
  constexpr std::uintptr_t kPage = 4096;
  const auto begin = reinterpret_cast<std::uintptr_t>(&__executable_start);
  const auto end = reinterpret_cast<std::uintptr_t>(&etext) / kPage * kPage;
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);  // nothing of it was ever written to
}

}  // namespace

void set_up_heap() {
  // Threads that allocate little and seldom need no heap each: a dozen of those would hold megabytes for nothing.
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_THRESHOLD, 128 << 10);  // large pages and answers go back to the system when they are freed
}

void Heap::tend(Clock::time_point now) {
  constexpr auto kPause = std::chrono::seconds(30);
  if (now < next_) return;
  if (next_ == Clock::time_point{}) let_go_of_code();
  next_ = now + kPause;
  ::malloc_trim(0);
}

}  // namespace upkeep
