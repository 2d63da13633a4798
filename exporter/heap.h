// What the program asks of the C library's heap: that it holds little of what nobody uses.
#pragma once

#include "exporter/clock.h"

namespace upkeep {

// To be called before there are threads.
void set_up_heap();

// One thread at a time.
class Heap {
 public:
  // To be called often: now and then it gives free memory back to the system.
  void tend(Clock::time_point now);

 private:
  Clock::time_point next_{};
};

}  // namespace upkeep
