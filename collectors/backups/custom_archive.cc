// https://github.com/postgres/postgres/blob/master/src/bin/pg_dump/pg_backup_custom.c
#include "collectors/backups/custom_archive.h"

#include <fmt/format.h>

#include <unordered_map>

#include "collectors/backups/archive_toc.h"

namespace upkeep::backups {
namespace {

// The data of a table comes in chunks, each with its length before it; a length of zero ends it.
class ChunkSource final : public Source {
 public:
  explicit ChunkSource(Reader& reader) : reader_(reader) {}

  std::string_view next() override {
    if (left_ == 0 && !ended_) begin_chunk();
    if (ended_ || reader_.failed()) return {};
    const std::string_view piece = reader_.piece(left_);
    if (piece.empty()) reader_.fail(Reason::kTruncated, "ends in the middle");
    left_ -= piece.size();
    return piece;
  }

  // What the decompressor did not want of it does not belong there.
  void check_ended() {
    if (!next().empty()) reader_.fail(Reason::kCorrupt, "data goes on after its end");
  }

 private:
  void begin_chunk() {
    const std::int64_t size = read_archive_int(reader_);
    if (size < 0) reader_.fail(Reason::kCorrupt, "the length of some data is not sound");
    left_ = reader_.failed() ? 0 : static_cast<std::uint64_t>(size);
    ended_ = left_ == 0;
  }

  Reader& reader_;
  std::uint64_t left_ = 0;
  bool ended_ = false;
};

class CustomArchive {
 public:
  CustomArchive(Job& job, Reader& reader, bool alone) : job_(job), in_(reader), alone_(alone) {}

  void check() {
    toc_ = read_archive_toc(in_, ArchiveKind::kCustom);
    for (const ArchiveEntry& entry : toc_.with_data) {
      if (!waiting_.try_emplace(entry.id, &entry).second) {
        return in_.fail(Reason::kCorrupt, "two entries have the same number");
      }
    }
    while (!in_.failed() && !in_.at_end()) check_block();
    if (in_.failed() || waiting_.empty()) return;
    // pg_dump notes where data is when it is done; what was noted and is not there was cut off afterwards.
    const ArchiveEntry& missing = *waiting_.begin()->second;
    in_.fail(missing.has_position ? Reason::kTruncated : Reason::kIncomplete,
             fmt::format("{} is missing, as that of {} entries", missing.what, waiting_.size()));
  }

 private:
  enum : unsigned char { kData = 1, kBlobs = 3 };

  void check_block() {
    const std::uint64_t position = in_.offset();
    const unsigned char type = in_.byte();
    const std::int64_t id = read_archive_int(in_);
    if (in_.failed()) return;
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return in_.fail(Reason::kCorrupt, "data that belongs to no entry");
    const ArchiveEntry& entry = *found->second;
    waiting_.erase(found);
    if (type != (entry.is_blobs ? kBlobs : kData) || (entry.has_position && entry.position != position)) {
      return in_.fail(Reason::kCorrupt, fmt::format("{} is not in its place", entry.what));
    }
    if (!entry.is_blobs) return check_data(entry);
    while (!in_.failed() && read_archive_int(in_) != 0) check_data(entry);
  }

  void check_data(const ArchiveEntry& entry) {
    const std::uint64_t began = in_.offset();
    ChunkSource chunks(in_);
    const std::string_view first = chunks.next();
    // pg_dump 16 and later compress nothing to nothing.
    const Compression compression = first.empty() ? Compression::kNone : toc_.compression;
    DecodedSource data(job_, chunks, compression, fmt::format("{}: {}", in_.name(), entry.what), first);
    check_table_data(job_, data, entry.kind, in_.name() + ": " + entry.what);
    if (in_.failed()) return;
    chunks.check_ended();
    if (alone_ && data.is_checked()) job_.covered_bytes += in_.offset() - began;
  }

  Job& job_;
  Reader& in_;
  const bool alone_;
  ArchiveToc toc_;
  std::unordered_map<std::int64_t, const ArchiveEntry*> waiting_;  // for their data, by number
};

}  // namespace

void check_custom_archive(Job& job, Reader& reader, bool alone) { CustomArchive(job, reader, alone).check(); }

}  // namespace upkeep::backups
