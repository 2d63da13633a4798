// The list of all groups of queries. To add one: one file that defines its NAME_queries(), one line here.
#pragma once

#include "collectors/postgres/query.h"

// In the order in which they are asked and published: cheap ones first.
#define UPKEEP_POSTGRES_QUERIES(X) \
  X(activity)                      \
  X(locks)                         \
  X(database)                      \
  X(replication)                   \
  X(checkpoints)                   \
  X(server)                        \
  X(settings)                      \
  X(statements)                    \
  X(tables)                        \
  X(indexes)                       \
  X(bloat)

namespace upkeep::postgres {

#define UPKEEP_DECLARE(name) std::span<const Query> name##_queries();
UPKEEP_POSTGRES_QUERIES(UPKEEP_DECLARE)
#undef UPKEEP_DECLARE

}  // namespace upkeep::postgres
