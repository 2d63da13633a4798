#include "exporter/heap.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace upkeep {
namespace {

// Called for the program, then for each of its libraries.
int let_go_of_code(dl_phdr_info* loaded, std::size_t, void*) {
  constexpr std::uintptr_t kPage = 4096;
  for (std::size_t i = 0; i < loaded->dlpi_phnum; ++i) {
    const auto& segment = loaded->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (loaded->dlpi_addr + segment.p_vaddr) / kPage * kPage;
    const std::uintptr_t end = loaded->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells them as numbers
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

// What the loader, flags and the configuration need lies between what goes on to be used, and stays in memory with it.
// Nothing of it was ever written to: what is used comes back from the file, page by page.
void let_go_of_code() { ::dl_iterate_phdr(let_go_of_code, nullptr); }

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
