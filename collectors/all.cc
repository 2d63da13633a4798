#include "collectors/all.h"

namespace upkeep {
namespace {

#define UPKEEP_ADDRESS(name) &name##_collector,
const CollectorType* const kAll[] = {UPKEEP_COLLECTORS(UPKEEP_ADDRESS)};
#undef UPKEEP_ADDRESS

}  // namespace

std::span<const CollectorType* const> all_collectors() { return kAll; }

}  // namespace upkeep
