// Moves a backup into a database: through pg_restore where it is an archive, past the filter, into psql.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/backups/guard.h"
#include "collectors/backups/process.h"
#include "collectors/backups/run.h"
#include "collectors/backups/source.h"
#include "collectors/backups/sql_filter.h"

namespace upkeep::backups {

// A dump as SQL.
class SqlText {
 public:
  virtual ~SqlText() = default;
  // More of it, valid until the next call; waits a moment at most. Empty: nothing yet, or the end.
  virtual Drilled<std::string_view> next() = 0;
  [[nodiscard]] virtual bool has_ended() const = 0;
};

std::unique_ptr<SqlText> read_plain(std::unique_ptr<Source> source);
// What pg_restore makes of it; `source` is null where its arguments name a directory.
Drilled<std::unique_ptr<SqlText>> read_archive(std::unique_ptr<Source> source, Command pg_restore);

// Feeds psql with `begin` and all that is left of `text`. `psql` reads from its standard input and stops at the first
// error. The value: how many rows the dump holds in COPY blocks.
Drilled<std::uint64_t> restore(std::string_view begin, SqlText& text, Command psql, SqlFilter::Rules rules,
                               Guard& guard);

}  // namespace upkeep::backups
