// https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html ("ustar Interchange Format"), and what GNU tar
// adds: https://www.gnu.org/software/tar/manual/html_node/Standard.html
#include "collectors/backups/tar.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <optional>
#include <set>

#include "collectors/backups/archive_toc.h"
#include "exporter/text.h"

namespace upkeep::backups {
namespace {

constexpr std::size_t kSumAt = 148, kSumBytes = 8, kSizeAt = 124, kSizeBytes = 12, kNameBytes = 100, kTypeAt = 156;
constexpr std::uint64_t kPaddingBytes = std::uint64_t{1} << 20;  // after the end: a record of the largest sort

std::string_view until_zero(std::string_view field) { return field.substr(0, field.find('\0')); }

// Octal digits; or, for files above 8 GiB, a number in base 256 with the first bit set.
std::optional<std::uint64_t> number(std::string_view field) {
  if ((static_cast<unsigned char>(field.front()) & 0x80) == 0) return to_u64(trim(until_zero(field)), 8);
  std::uint64_t value = static_cast<unsigned char>(field.front()) & 0x7F;
  for (const char c : field.substr(1)) {
    if (value >> 55 != 0) return std::nullopt;
    value = value << 8 | static_cast<unsigned char>(c);
  }
  return value;
}

bool is_zero(std::string_view text) { return text.find_first_not_of('\0') == std::string_view::npos; }

struct Member {
  std::string name;  // as the header has it: cut at 100 bytes, where another entry tells the rest
  bool is_file = false;
};

// Calls `take` with every member and its content, which it may leave.
class Tar {
 public:
  using Take = std::function<void(const Member&, Source&)>;
  Tar(Reader& reader, Take take) : in_(reader), take_(std::move(take)) {}

  void read() {
    while (!in_.failed()) {
      const std::string_view block = in_.peek(kTarBlock);
      if (in_.failed()) return;
      if (block.empty()) return in_.fail(Reason::kTruncated, "ends without the blocks that end a tar archive");
      if (block.size() < kTarBlock) return in_.fail(Reason::kTruncated, "ends in the middle");
      if (is_zero(block)) return read_end();
      if (!begins_as_tar(block)) return in_.fail(Reason::kCorrupt, "the header of a file is not sound");
      read_member(std::string(block));
    }
  }

 private:
  void read_member(const std::string& header) {
    in_.skip(kTarBlock);
    const std::string_view all = header;
    const auto size = number(all.substr(kSizeAt, kSizeBytes));
    if (!size) return in_.fail(Reason::kCorrupt, "the size of a file is not sound");
    const char type = header[kTypeAt];
    // Links and devices have a size and no content.
    const std::uint64_t content = type >= '1' && type <= '6' ? 0 : *size;
    PartSource part(in_, content);
    take_({std::string(until_zero(all.substr(0, kNameBytes))), type == '0' || type == '\0'}, part);
    drain(part);
    const std::uint64_t rest = content % kTarBlock;
    if (rest > 0) read_padding(kTarBlock - rest);
  }

  void read_padding(std::size_t size) {
    if (!is_zero(in_.bytes(size))) in_.fail(Reason::kCorrupt, "a file goes on after its end");
  }

  void read_end() {
    std::uint64_t size = 0;
    for (std::string_view piece = in_.piece(UINT64_MAX); !piece.empty(); piece = in_.piece(UINT64_MAX)) {
      size += piece.size();
      if (!is_zero(piece)) return in_.fail(Reason::kCorrupt, "bytes after the end of the tar archive");
      if (size > kPaddingBytes) return in_.fail(Reason::kCorrupt, "zeros after the end of the tar archive");
    }
    if (!in_.failed() && size < 2 * kTarBlock) {
      in_.fail(Reason::kTruncated, "ends without the blocks that end a tar archive");
    }
  }

  Reader& in_;
  const Take take_;
};

// pg_dump's: the table of contents first, then the files it names.
class DumpTar {
 public:
  DumpTar(Job& job, Reader& reader) : job_(job), in_(reader) {}

  void check() {
    Tar(in_, [this](const Member& member, Source& content) { take(member, content); }).read();
    if (in_.failed()) return;
    for (const auto& [file, entry] : waiting_) {
      return in_.fail(Reason::kIncomplete,
                      fmt::format("{} is missing ({}), as {} files are", entry->what, file, waiting_.size()));
    }
    for (const std::string& file : listed_blobs_) {
      if (!blobs_.contains(file)) return in_.fail(Reason::kIncomplete, fmt::format("{} is missing", file));
    }
  }

 private:
  void take(const Member& member, Source& content) {
    if (member.name == "toc.dat") return take_toc(content);
    const bool is_blob = member.name.starts_with("blob_");
    if (is_blob && blobs_.size() < kArchiveEntries) blobs_.insert(member.name);
    const auto found = waiting_.find(member.name);
    if (found == waiting_.end()) return;
    const ArchiveEntry& entry = *found->second;
    waiting_.erase(found);
    if (entry.is_blobs) {
      Reader reader(job_, content, in_.name() + ": the list of large objects");
      for (std::string& file : read_blob_list(reader)) listed_blobs_.push_back(std::move(file));
      return;
    }
    check_table_data(job_, content, entry.kind, fmt::format("{}: {}", in_.name(), entry.what));
  }

  void take_toc(Source& content) {
    Reader reader(job_, content, in_.name() + ": toc.dat");
    toc_ = read_archive_toc(reader, ArchiveKind::kTar);
    if (!reader.failed() && !reader.at_end()) reader.fail(Reason::kCorrupt, "bytes after its end");
    for (const ArchiveEntry& entry : toc_.with_data) {
      const bool one_list = entry.is_blobs && toc_.minor_version < kManyBlobLists;
      waiting_[one_list ? "blobs.toc" : entry.file] = &entry;
    }
  }

  Job& job_;
  Reader& in_;
  ArchiveToc toc_;
  std::map<std::string, const ArchiveEntry*> waiting_;  // by file
  std::set<std::string> blobs_;
  std::vector<std::string> listed_blobs_;
};

}  // namespace

bool begins_as_tar(std::string_view block) {
  if (block.size() < kTarBlock) return false;
  const auto expected = number(block.substr(kSumAt, kSumBytes));
  std::uint64_t sum = 0;
  std::int64_t signed_sum = 0;  // of some old programs
  for (std::size_t i = 0; i < kTarBlock; ++i) {
    const char c = i >= kSumAt && i < kSumAt + kSumBytes ? ' ' : block[i];
    sum += static_cast<unsigned char>(c);
    signed_sum += static_cast<signed char>(c);
  }
  return expected && !is_zero(block.substr(0, kTarBlock)) &&
         (*expected == sum || static_cast<std::int64_t>(*expected) == signed_sum);
}

bool begins_as_dump_tar(std::string_view block) {
  return begins_as_tar(block) && until_zero(block.substr(0, kNameBytes)) == "toc.dat";
}

void check_tar(Reader& reader) {
  Tar(reader, [](const Member&, Source&) {}).read();
}

void check_dump_tar(Job& job, Reader& reader) { DumpTar(job, reader).check(); }

}  // namespace upkeep::backups
