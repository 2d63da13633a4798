#include "collectors/backups/reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace upkeep::backups {

void Reader::fail(Reason reason, std::string_view message) {
  job_.fail(reason, fmt::format("{}: {} (at byte {})", name_, message, offset_));
}

std::string_view Reader::peek(std::size_t size) {
  if (rest_.empty()) rest_ = source_.next();
  if (rest_.size() < size) {
    std::string whole(rest_);
    while (whole.size() < size) {
      const std::string_view more = source_.next();
      if (more.empty()) break;
      whole += more;
    }
    stash_.swap(whole);
    rest_ = stash_;
  }
  return job_.failed() ? std::string_view() : rest_.substr(0, size);
}

std::string_view Reader::piece(std::uint64_t most) {
  if (rest_.empty()) rest_ = source_.next();
  if (job_.failed()) return {};
  const std::string_view taken = rest_.substr(0, std::min<std::uint64_t>(most, rest_.size()));
  rest_.remove_prefix(taken.size());
  offset_ += taken.size();
  return taken;
}

unsigned char Reader::byte() {
  const std::string_view one = piece(1);
  if (one.empty()) {
    fail(Reason::kTruncated, "ends in the middle");
    return 0;
  }
  return static_cast<unsigned char>(one.front());
}

std::string Reader::bytes(std::size_t size) {
  std::string all;
  while (all.size() < size) {
    const std::string_view more = piece(size - all.size());
    if (more.empty()) {
      fail(Reason::kTruncated, "ends in the middle");
      return {};
    }
    all += more;
  }
  return all;
}

void Reader::skip(std::uint64_t size) {
  while (size > 0) {
    const std::string_view more = piece(size);
    if (more.empty()) return fail(Reason::kTruncated, "ends in the middle");
    size -= more.size();
  }
}

std::string_view PartSource::next() {
  if (left_ == 0) return {};
  const std::string_view piece = reader_.piece(left_);
  if (piece.empty()) reader_.fail(Reason::kTruncated, "ends in the middle");
  left_ -= piece.size();
  return piece;
}

}  // namespace upkeep::backups
