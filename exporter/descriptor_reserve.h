// File descriptors put by for bad times. When the process (or the machine) has none left, accept() fails while the
// connection stays in the queue, and the HTTP library tries it again at once, for ever: a whole core burns. Giving the
// reserve back lets it take those connections, answer or refuse them, and close them. The reserve is as large as all
// that it can hold at a time, so that it does not run out again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "exporter/limits.h"

namespace upkeep {

// One thread at a time.
class DescriptorReserve {
 public:
  // Takes `size` descriptors, or as many as there are.
  explicit DescriptorReserve(std::size_t size = affordable(limits::kReservedDescriptors));
  ~DescriptorReserve();
  DescriptorReserve(const DescriptorReserve&) = delete;
  DescriptorReserve& operator=(const DescriptorReserve&) = delete;

  enum class Change : std::uint8_t { kNone, kGivenBack, kTakenAgain };
  // To be called a few times a second. Gives the reserve back when not one more descriptor is to be had, and takes it
  // again when there are twice as many free as it needs.
  Change tend();

  [[nodiscard]] std::size_t held() const { return held_.size(); }

  // `size`, but no more than an eighth of what the process may have.
  static std::size_t affordable(std::size_t size);

 private:
  bool take(std::size_t count);
  void give_back();

  const std::size_t size_;
  std::vector<int> held_;
};

}  // namespace upkeep
