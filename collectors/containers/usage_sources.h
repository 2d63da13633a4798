// Which files of a control group are read, how often, and what stands in them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "collectors/containers/cgroups.h"
#include "collectors/containers/usage.h"

namespace upkeep::containers {

enum class Shape : std::uint8_t {
  kNumber,      // one number
  kLimit,       // one number; "max", or one no machine has, is 0: no limit
  kWeight,      // cpu.weight, given as shares
  kCpuMax,      // quota and period
  kQuota,       // the quota of version 1; -1 is none
  kFields,      // lines "key number"
  kPressure,    // see pressure.cc
  kIo,          // io.stat
  kIoBytes,     // blkio.throttle.io_service_bytes
  kIoRequests,  // blkio.throttle.io_serviced
};

struct Key {
  std::string_view name;
  Value value;
  double per = 1;  // how many of the file's units make one
};

// When a file can say something new.
enum class When : std::uint8_t {
  kAlways,
  kItRan,   // what only changes while its tasks run
  kIo,      // what only changes when it reads or writes
  kMinute,  // once a minute, in which it ran
  kRarely,  // what people set
};

// What a file that says something new tells of others.
enum class Tells : std::uint8_t { kNothing, kItRan, kIo };

struct Source {
  Controller hierarchy;
  Controller unless;  // of version 2: not where version 1 has this controller; kUnified: always
  std::string_view file;
  Shape shape;
  When when;
  std::span<const Key> keys;  // of kFields; of the others the values in the order of the file
  Tells tells = Tells::kNothing;
  bool only_with_quota = false;  // says nothing without
};

inline constexpr double kClockTicks = 0;  // as Key::per: as many ticks as the kernel has in a second

std::span<const Source> sources();

// Takes out of `usage` what the file said.
void forget_source(const Source& source, Usage& usage);

// Reads the text of a file into `usage`. The message of an error does not name the file.
Result<> parse_source(const Source& source, std::string_view text, double clock_ticks_per_second, Usage& usage);

}  // namespace upkeep::containers
