#include "collectors/backups/job.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace upkeep::backups {
namespace {

bool is_same(const FileStatus& one, const FileStatus& other) {
  return one.device == other.device && one.inode == other.inode && one.size_bytes == other.size_bytes &&
         one.modified_ns == other.modified_ns;
}

Problem problem_of(const Error& error) { return {Reason::kUnreadable, error.message}; }

}  // namespace

FileSource::FileSource(Job& job, const std::string& path, Reason when_missing) : job_(job), path_(path) {
  auto stream = job_.fs.stream(path_);
  const auto status = stream ? (*stream)->status() : std::unexpected(stream.error());
  if (!status) {
    const bool is_missing = status.error().code == ErrorCode::kNotFound;
    job_.fail(is_missing ? when_missing : Reason::kUnreadable, status.error().message);
    return;
  }
  stream_ = *std::move(stream);
  opened_ = *status;
}

std::string_view FileSource::next() {
  if (job_.failed()) return {};
  const std::uint64_t left = opened_.size_bytes - std::min(read_bytes_, opened_.size_bytes);
  if (!job_.pace.go_on(std::min<std::size_t>(left, limits::kStreamBlockBytes))) {
    job_.fail(Reason::kStopped, "stopped");
    return {};
  }
  const auto block = stream_->next();
  if (!block) {
    job_.fail(problem_of(block.error()));
    return {};
  }
  job_.read_bytes += block->size();
  read_bytes_ += block->size();
  for (const auto& see : taps_) see(*block);
  return *block;
}

std::optional<std::string> FileSource::change() {
  if (!stream_) return std::nullopt;
  const auto still = stream_->status();
  const auto by_name = job_.fs.status(path_);
  if (!still || !is_same(*still, opened_)) return path_ + ": written to while it was read";
  if (!by_name || !is_same(*by_name, opened_)) return path_ + ": replaced while it was read";
  return std::nullopt;
}

DecodedSource::DecodedSource(Job& job, Source& from, Compression compression, std::string name, std::string_view first)
    : job_(job), from_(from), name_(std::move(name)), input_(first) {
  if (compression == Compression::kNone) return;
  auto decoder = make_decoder(compression);
  if (decoder) {
    decoder_ = *std::move(decoder);
  } else {
    job_.fail(decoder.error());
  }
}

std::string_view DecodedSource::fail(const Problem& problem) {
  job_.fail(problem.reason,
            fmt::format("{}: {} (after {} of content)", name_, problem.message, in_units(expanded_bytes_)));
  return {};
}

std::string_view DecodedSource::next() {
  if (ended_ || job_.failed()) return {};
  const std::string_view piece = decode();
  if (piece.empty() || job_.failed()) {
    ended_ = true;
    return {};
  }
  if (!decoder_) return piece;
  expanded_bytes_ += piece.size();
  job_.expanded_bytes += piece.size();
  if (job_.expanded_bytes > job_.max_expanded_bytes) {
    job_.fail(Reason::kTooLarge, fmt::format("{}: over {} decompressed", name_, in_units(job_.max_expanded_bytes)));
    return {};
  }
  if (!job_.pace.go_on(0)) {
    job_.fail(Reason::kStopped, "stopped");
    return {};
  }
  return piece;
}

std::string_view DecodedSource::decode() {
  for (;;) {
    if (decoder_) {
      const auto piece = decoder_->decode(input_);
      if (!piece) return fail(piece.error());
      if (!piece->empty()) return *piece;
    } else if (!input_.empty()) {
      return std::exchange(input_, {});
    }
    input_ = from_.next();
    if (!input_.empty()) continue;
    if (job_.failed() || !decoder_) return {};
    if (const auto finished = decoder_->finish(); !finished) return fail(finished.error());
    return {};
  }
}

void drain(Source& source) {
  while (!source.next().empty()) continue;
}

std::string in_units(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", value, kUnits.at(unit));
}

}  // namespace upkeep::backups
