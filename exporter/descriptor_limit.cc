#include "exporter/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>

#include "exporter/limits.h"

namespace upkeep {

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return limits::kKeptOpenFiles;
  if (limit.rlim_cur < limits::kOpenFiles && limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = std::min<rlim_t>(limits::kOpenFiles, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return static_cast<std::size_t>(std::min<rlim_t>(limits::kKeptOpenFiles, limit.rlim_cur / 2));
}

}  // namespace upkeep
