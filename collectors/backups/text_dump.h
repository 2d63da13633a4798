// Dumps that are text: whole SQL scripts, and the data of one table.
#pragma once

#include <string>
#include <string_view>

#include "collectors/backups/reader.h"

namespace upkeep::backups {

// How much of a file's beginning tells whether it is such a script.
inline constexpr std::size_t kScriptBeginning = 1024;
bool begins_as_script(std::string_view beginning);

// Reads a script to its end: it has to be complete, as who wrote it says in its last line. Text holds no zero byte.
void check_script(Reader& reader);

enum class TableData : std::uint8_t { kCopy, kInserts, kLargeObject };
// Reads the data of one table, or of one large object, to the source's end. `what` is for messages.
void check_table_data(Job& job, Source& source, TableData kind, const std::string& what);

}  // namespace upkeep::backups
