#include "collectors/backups/source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace upkeep::backups {
namespace {

constexpr std::size_t kTarHeaderBytes = 512;

DumpKind kind_of(std::string_view begin) {
  if (begin.starts_with("PGDMP")) return DumpKind::kCustom;
  if (begin.size() >= kTarHeaderBytes && begin.substr(257, 5) == "ustar") {
    // pg_dump writes this file first.
    return begin.starts_with(std::string_view("toc.dat\0", 8)) ? DumpKind::kTar : DumpKind::kUnknown;
  }
  const auto is_binary = [](unsigned char c) { return c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f'; };
  return std::ranges::any_of(begin.substr(0, kTarHeaderBytes), is_binary) ? DumpKind::kUnknown : DumpKind::kSql;
}

std::unexpected<DrillProblem> unreadable(const Error& error) {
  return drill_fails(DrillReason::kRestore, error.message);
}

}  // namespace

Drilled<std::unique_ptr<Source>> Source::open(FileSystem& fs, const std::string& path) {
  auto stream = fs.stream(path);
  if (!stream) return unreadable(stream.error());
  std::unique_ptr<Source> source(new Source(*std::move(stream), path));
  if (auto begun = source->begin(); !begun) return std::unexpected(begun.error());
  return source;
}

Drilled<> Source::begin() {
  const auto first = stream_->next();
  if (!first) return unreadable(first.error());
  if (first->empty()) return drill_fails(DrillReason::kRestore, path_ + ": the backup is empty");
  input_ = *first;
  const Compression compression = compression_of(*first);
  if (compression != Compression::kNone) {
    auto decoder = make_decoder(compression);
    if (!decoder) return drill_fails(DrillReason::kOther, decoder.error().message);
    decoder_ = *std::move(decoder);
  }
  while (begin_.size() < kTarHeaderBytes) {
    const auto more = decoded();
    if (!more) return std::unexpected(more.error());
    if (more->empty()) break;
    begin_ += *more;
  }
  if (begin_.empty()) return drill_fails(DrillReason::kRestore, path_ + ": the backup is empty");
  kind_ = kind_of(begin_);
  return {};
}

Drilled<std::string_view> Source::next() {
  if (!std::exchange(begin_given_, true)) return begin_;
  return decoded();
}

Drilled<std::string_view> Source::decoded() {
  while (!ended_) {
    if (input_.empty() && !input_ended_) {
      const auto more = stream_->next();
      if (!more) return unreadable(more.error());
      input_ = *more;
      input_ended_ = input_.empty();
    }
    if (!decoder_) {
      ended_ = input_ended_;
      return std::exchange(input_, {});
    }
    const auto out = input_ended_ ? Checked<std::string_view>("") : decoder_->decode(input_);
    if (!out) return drill_fails(DrillReason::kRestore, path_ + ": " + out.error().message);
    if (!out->empty()) return *out;
    if (!input_ended_) continue;
    ended_ = true;
    if (auto finished = decoder_->finish(); !finished)
      return drill_fails(DrillReason::kRestore, path_ + ": " + finished.error().message);
  }
  return "";
}

Drilled<> copy_directory(FileSystem& fs, const std::string& path, const std::string& to,
                         const std::optional<Account>& owner, Guard& guard) {
  const auto entries = fs.list(path);
  if (!entries) return unreadable(entries.error());
  for (const DirectoryEntry& entry : *entries) {
    if (entry.is_directory || entry.is_link) continue;
    auto stream = fs.stream(path + "/" + entry.name);
    if (!stream) return unreadable(stream.error());
    const std::string copy = to + "/" + entry.name;
    const Handle file(::open(copy.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.is_open()) return drill_fails(DrillReason::kOther, system_failure(errno, copy).error().message);
    if (owner && ::fchown(file.get(), owner->user, owner->group) != 0)
      return drill_fails(DrillReason::kOther, system_failure(errno, copy).error().message);
    for (;;) {
      if (auto checked = guard.check(); !checked) return checked;
      const auto block = (*stream)->next();
      if (!block) return unreadable(block.error());
      if (block->empty()) break;
      // Regular files take all of it, or the disk is full.
      if (::write(file.get(), block->data(), block->size()) != static_cast<ssize_t>(block->size()))
        return drill_fails(DrillReason::kTooLarge, copy + ": cannot be written, the disk may be full");
    }
  }
  return {};
}

}  // namespace upkeep::backups
