// The table of contents of pg_dump's archives: at the beginning of a custom one, the file toc.dat of the two others.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "collectors/backups/reader.h"
#include "collectors/backups/text_dump.h"

namespace upkeep::backups {

// As the header of an archive has it.
enum class ArchiveKind : std::uint8_t { kCustom = 1, kTar = 3 };  // a directory calls itself tar

struct ArchiveEntry {
  int id = 0;
  std::string what;  // for messages: "the data of accounts"
  bool is_blobs = false;
  TableData kind = TableData::kInserts;
  std::string file;            // where its data is; not in a custom archive
  bool has_position = false;   // in a custom archive: pg_dump could go back and note it
  std::uint64_t position = 0;  // then
};

struct ArchiveToc {
  int minor_version = 0;  // of 1.12 (Postgres 9.0) to 1.16 (17 and 18)
  Compression compression = Compression::kNone;
  std::vector<ArchiveEntry> with_data;
};

inline constexpr std::string_view kArchiveMagic = "PGDMP";
inline constexpr std::size_t kArchiveEntries = 2'000'000;  // with data, which are kept
inline constexpr int kManyBlobLists = 16;                  // from this version on, each with its own name

// Fails the job where it is damaged, and with kUnknownFormat where it is of another version.
ArchiveToc read_archive_toc(Reader& reader, ArchiveKind kind);

// The files of large objects, as the file that lists them has it: lines of a number and a file.
std::vector<std::string> read_blob_list(Reader& reader);

// An integer as pg_dump writes it.
std::int64_t read_archive_int(Reader& reader);

}  // namespace upkeep::backups
