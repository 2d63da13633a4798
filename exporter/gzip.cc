#include "exporter/gzip.h"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <array>
#include <limits>

namespace upkeep {

struct Gzip::State {
  isal_zstream stream;
  std::array<std::uint8_t, ISAL_DEF_LVL1_SMALL> tables;  // as quick as with more, and a little smaller
};

Gzip::Gzip() : state_(std::make_unique_for_overwrite<State>()) {}
Gzip::~Gzip() = default;

void Gzip::compress(std::string_view text, std::string& out) { compress(text, nullptr, out); }

void Gzip::compress(const Source& next, std::string& out) { compress(next(), next, out); }

// `next` may be null: then there is no more than `piece`, of which the library makes less work when it knows.
void Gzip::compress(std::string_view piece, const Source& next, std::string& out) {
  constexpr std::size_t kLeastRoom = 16'384;
  constexpr std::size_t kAtATime = std::numeric_limits<std::uint32_t>::max();  // that the library takes and gives
  const std::lock_guard lock(mutex_);
  isal_zstream& stream = state_->stream;
  isal_deflate_init(&stream);
  stream.gzip_flag = IGZIP_GZIP;
  stream.level = 1;
  stream.level_buf = state_->tables.data();
  stream.level_buf_size = static_cast<std::uint32_t>(state_->tables.size());
  stream.end_of_stream = next ? 0 : 1;
  std::size_t written = 0;
  do {
    if (piece.empty() && stream.end_of_stream == 0) {
      piece = next();
      stream.end_of_stream = piece.empty() ? 1 : 0;
    }
    const std::size_t given = std::min(piece.size(), kAtATime);
    if (out.size() - written < kLeastRoom) {
      const std::size_t room = std::max(out.capacity(), 2 * written + kLeastRoom);
      out.resize_and_overwrite(room, [](char*, std::size_t size) { return size; });
    }
    const std::size_t room = std::min(out.size() - written, kAtATime);
    stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(piece.data()));  // which is only read
    stream.avail_in = static_cast<std::uint32_t>(given);
    stream.next_out = reinterpret_cast<std::uint8_t*>(out.data() + written);
    stream.avail_out = static_cast<std::uint32_t>(room);
    isal_deflate(&stream);  // whose only errors are wrong parameters
    piece.remove_prefix(given - stream.avail_in);
    written += room - stream.avail_out;
  } while (stream.internal_state.state != ZSTATE_END);
  out.resize(written);
}

}  // namespace upkeep
