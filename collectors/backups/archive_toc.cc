#include "collectors/backups/archive_toc.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "exporter/text.h"

namespace upkeep::backups {
namespace {

// What holds of everything pg_dump writes, and would hardly hold of anything else.
// https://github.com/postgres/postgres/blob/master/src/bin/pg_dump/pg_backup_archiver.c: WriteHead, WriteToc
constexpr int kOldest = 12, kTableAccessMethods = 14, kCompressionByName = 15, kRelationKinds = 16, kNewest = 16;
constexpr unsigned char kIntBytes = 4, kOffsetBytes = 8;
constexpr std::size_t kTextBytes = std::size_t{1} << 30;  // the most that Postgres has in one value

class TocParser {
 public:
  TocParser(Reader& reader, ArchiveKind kind) : in_(reader), kind_(kind) {}

  ArchiveToc parse() {
    read_header();
    if (in_.failed()) return {};
    const std::int64_t count = integer(0, INT32_MAX, "number of entries");
    for (std::int64_t i = 0; i < count && !in_.failed(); ++i) read_entry();
    return std::move(toc_);
  }

 private:
  void corrupt(std::string_view what) { in_.fail(Reason::kCorrupt, fmt::format("{} is not sound", what)); }

  std::int64_t integer(std::int64_t least, std::int64_t most, std::string_view what) {
    const std::int64_t value = read_archive_int(in_);
    if (!in_.failed() && (value < least || value > most)) corrupt(what);
    return in_.failed() ? 0 : value;
  }

  // Length, -1 for none. What is longer than `kept` is not kept.
  std::optional<std::string> text(std::string_view what, std::size_t kept = 0) {
    const std::int64_t size = integer(-1, kTextBytes, what);
    if (in_.failed() || size < 0) return std::nullopt;
    if (static_cast<std::size_t>(size) <= kept) return in_.bytes(static_cast<std::size_t>(size));
    std::uint64_t left = static_cast<std::uint64_t>(size);
    while (left > 0) {
      const std::string_view piece = in_.piece(left);
      if (piece.empty()) in_.fail(Reason::kTruncated, "ends in the middle");
      if (piece.empty()) return std::nullopt;
      if (piece.find('\0') != std::string_view::npos) corrupt(what);
      left -= piece.size();
    }
    return size > 0 ? "..." : "";
  }

  std::optional<std::string> number(std::string_view what) {
    constexpr std::size_t kDigits = 10;
    const auto digits = text(what, kDigits);
    if (digits && (digits->empty() || digits->find_first_not_of("0123456789") != std::string::npos)) corrupt(what);
    return digits;
  }

  void read_header() {
    if (in_.bytes(kArchiveMagic.size()) != kArchiveMagic) return corrupt("the beginning");
    const int major = in_.byte();
    toc_.minor_version = in_.byte();
    const int revision = in_.byte();
    if (in_.failed()) return;
    if (major != 1 || revision != 0 || toc_.minor_version < kOldest || toc_.minor_version > kNewest) {
      return in_.fail(Reason::kUnknownFormat, fmt::format("an archive of version {}.{}, where 1.{} to 1.{} are known",
                                                          major, toc_.minor_version, kOldest, kNewest));
    }
    if (in_.byte() != kIntBytes || in_.byte() != kOffsetBytes) return corrupt("the header");
    if (in_.byte() != static_cast<unsigned char>(kind_)) return corrupt("the kind of archive");
    read_compression();
    integer(0, 61, "its date");
    integer(0, 59, "its date");
    integer(0, 23, "its date");
    integer(1, 31, "its date");
    integer(0, 11, "its date");
    integer(70, 8099, "its date");
    integer(-1, 1, "its date");
    text("the name of the database");
    text("the version of the server");
    text("the version of pg_dump");
  }

  void read_compression() {
    constexpr Compression kByName[] = {Compression::kNone, Compression::kZlib, Compression::kLz4, Compression::kZstd};
    if (toc_.minor_version < kCompressionByName) {
      toc_.compression = integer(-1, 9, "the compression") == 0 ? Compression::kNone : Compression::kZlib;
      return;
    }
    const unsigned char name = in_.byte();
    if (name >= std::size(kByName)) return corrupt("the compression");
    toc_.compression = kByName[name];
  }

  void read_entry() {
    ArchiveEntry entry;
    entry.id = static_cast<int>(integer(1, INT32_MAX, "the number of an entry"));
    const bool has_data = integer(0, 1, "an entry") == 1;
    number("an entry");
    number("an entry");
    const std::string tag = text("the name of an entry", 256).value_or("");
    const std::string description = text("the kind of an entry", 256).value_or("");
    integer(1, 4, "the section of an entry");
    text("the definition of an entry");
    text("the definition of an entry");
    const bool copy = !text("the definition of an entry").value_or("").empty();
    text("the schema of an entry");
    text("the tablespace of an entry");
    if (toc_.minor_version >= kTableAccessMethods) text("the access method of an entry");
    if (toc_.minor_version >= kRelationKinds) integer(0, 127, "the kind of an entry");
    text("the owner of an entry");
    const auto with_oids = text("an entry", 5);
    if (!in_.failed() && with_oids != "true" && with_oids != "false") corrupt("an entry");
    while (!in_.failed() && number("what an entry depends on")) continue;
    const bool promises_data = kind_ == ArchiveKind::kCustom ? read_position(entry) : read_file_name(entry);
    if (in_.failed()) return;
    if (promises_data != has_data) return corrupt("the place of an entry's data");
    if (!has_data) return;
    entry.is_blobs = description == "BLOBS";
    entry.kind = entry.is_blobs ? TableData::kLargeObject : copy ? TableData::kCopy : TableData::kInserts;
    entry.what = entry.is_blobs ? "the large objects" : "the data of " + printable(tag);
    if (toc_.with_data.size() >= kArchiveEntries) {
      return in_.fail(Reason::kTooLarge, fmt::format("over {} tables", kArchiveEntries));
    }
    toc_.with_data.push_back(std::move(entry));
  }

  // Whether there is data; where it is may be unknown.
  bool read_position(ArchiveEntry& entry) {
    enum : unsigned char { kNotSet = 1, kSet = 2, kNoData = 3 };
    const unsigned char flag = in_.byte();
    for (unsigned i = 0; i < kOffsetBytes; ++i) entry.position |= std::uint64_t{in_.byte()} << (8 * i);
    if (!in_.failed() && (flag < kNotSet || flag > kNoData)) corrupt("the place of an entry's data");
    entry.has_position = flag == kSet;
    return flag != kNoData;
  }

  bool read_file_name(ArchiveEntry& entry) {
    entry.file = text("the file of an entry", 64).value_or("");
    if (entry.file.find('/') != std::string::npos || entry.file.find('\0') != std::string::npos) {
      corrupt("the file of an entry");
    }
    return !entry.file.empty();
  }

  static std::string printable(std::string text) {
    for (char& c : text) c = c >= ' ' && c < 0x7f ? c : '?';
    return text;
  }

  Reader& in_;
  const ArchiveKind kind_;
  ArchiveToc toc_;
};

}  // namespace

std::int64_t read_archive_int(Reader& reader) {
  const unsigned char sign = reader.byte();
  std::int64_t value = 0;
  for (unsigned i = 0; i < kIntBytes; ++i) value |= std::int64_t{reader.byte()} << (8 * i);
  if (!reader.failed() && sign > 1) reader.fail(Reason::kCorrupt, "a number is not sound");
  return reader.failed() ? 0 : sign == 1 ? -value : value;
}

std::vector<std::string> read_blob_list(Reader& reader) {
  constexpr std::size_t kBytes = 8 * limits::kFileBytes;
  std::vector<std::string> files;
  std::string text;
  for (auto piece = reader.piece(kBytes); !piece.empty(); piece = reader.piece(kBytes)) {
    text += piece;
    if (text.size() > kBytes) reader.fail(Reason::kTooLarge, "too many large objects");
  }
  if (!reader.failed() && !text.empty() && !text.ends_with('\n')) reader.fail(Reason::kTruncated, "ends in the middle");
  for (const std::string_view line : Lines(text)) {
    Words words(line);
    const bool has_number = words.next_u64().has_value();
    const std::string_view file = words.next();
    if (!has_number || file.empty() || file.find('/') != std::string_view::npos) {
      reader.fail(Reason::kCorrupt, "a line of the list of large objects is not sound");
    }
    if (reader.failed()) return {};
    files.emplace_back(file);
  }
  return files;
}

ArchiveToc read_archive_toc(Reader& reader, ArchiveKind kind) { return TocParser(reader, kind).parse(); }

}  // namespace upkeep::backups
