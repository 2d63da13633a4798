// Backups made byte by byte, for tests of what reads them: pg_dump's archives, tar, and scripts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace upkeep::testing {

// A script as pg_dump writes it; with a key, as it does since August 2025.
std::string pg_dump_script(std::string_view content, std::string_view key = "");

// What pg_dump -Fc, -Ft and -Fd write.
struct ArchiveTable {
  int id = 0;
  std::string name, data;
  bool is_blobs = false;  // then `data` is that of one large object, number 16401
};
struct ArchiveSpec {
  int minor_version = 14;
  char kind = 1;          // 1: custom, 3: tar and directory
  char compression = 0;   // of 1.15 and later by name: none, gzip, lz4, zstd
  bool positions = true;  // noted, as where pg_dump could go back
  std::string stream(const std::string& data) const { return compress ? compress(data) : data; }
  std::string (*compress)(const std::string&) = nullptr;
  std::vector<ArchiveTable> tables;
};
std::string archive_toc(const ArchiveSpec& spec);
std::string custom_archive(const ArchiveSpec& spec);

// One file in a tar archive, and what ends one.
std::string tar_member(std::string_view name, std::string_view content);
std::string tar_end();

// Gzip, without compressing.
std::string stored_gzip(std::string_view content);
// The same with zlib's header.
std::string stored_zlib(std::string_view content);

}  // namespace upkeep::testing
