// That memory holds little of what nobody uses: of the C library's heap, and of the program's code.
#pragma once

#include "exporter/clock.h"

namespace upkeep {

// To be called before there are threads.
void set_up_heap();

// One thread at a time.
class Heap {
 public:
  // To be called often: now and then it gives free memory back to the system, and at first the code of the start.
  void tend(Clock::time_point now);

 private:
  Clock::time_point next_{};
};

}  // namespace upkeep
