// Takes the compression off a stream, and says where it is damaged. What is behind it, zlib, libzstd and liblzma, and
// the checksums of libcrypto, is a module of its own that is loaded when the first backup is looked into.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace upkeep::backups {

// Why a backup is not good, in as many words as an alert needs.
enum class Reason : std::uint8_t {
  kNone,  // it is good
  kEmpty,
  kTruncated,
  kCorrupt,     // a checksum or the structure of the format says so
  kIncomplete,  // whole as a stream, but who wrote it did not reach the end
  kChecksum,    // a manifest says so
  kTooLarge,    // decompressed
  kChanged,     // while it was read
  kUnreadable,
  kUnknownFormat,  // nothing can be said of it
  kStopped,        // nothing was said of it
};
std::string_view to_string(Reason reason);

struct Problem {
  Reason reason = Reason::kNone;
  std::string message;  // one line
};

template <class T = void>
using Checked = std::expected<T, Problem>;

inline std::unexpected<Problem> found(Reason reason, std::string message) {
  return std::unexpected<Problem>(Problem{reason, std::move(message)});
}

enum class Compression : std::uint8_t { kNone, kGzip, kZlib, kZstd, kXz, kLz4 };
// By the first bytes of a file; kZlib, which has no magic number, is never found.
Compression compression_of(std::string_view first_bytes);
std::string_view to_string(Compression compression);

// One thread at a time. Streams that follow each other (members, frames) are one, as for gzip, zstd and xz themselves.
class Decoder {
 public:
  virtual ~Decoder() = default;
  // Decompresses from the front of `input` and takes away what it used. The result is valid until the next call; empty:
  // `input` is used up, and more of it is needed. Damage is found where it shows, and ends the decoder's use.
  virtual Checked<std::string_view> decode(std::string_view& input) = 0;
  // To be asked when there is no more input: whether the stream may end here.
  virtual Checked<> finish() = 0;
  // Whether a checksum covers all that was decompressed so far.
  [[nodiscard]] virtual bool is_checked() const = 0;
};

// Fails when the module cannot be loaded, or there is no memory (kUnreadable).
Checked<std::unique_ptr<Decoder>> make_decoder(Compression compression);

enum class Algorithm : std::uint8_t { kSha224, kSha256, kSha384, kSha512 };

class Digest {
 public:
  virtual ~Digest() = default;
  virtual void update(std::string_view bytes) = 0;
  virtual std::string hex() = 0;  // once
};
Checked<std::unique_ptr<Digest>> make_digest(Algorithm algorithm);

}  // namespace upkeep::backups

// What the module exports. Null: the library cannot begin.
extern "C" upkeep::backups::Decoder* upkeep_archives_make_decoder(upkeep::backups::Compression compression);
extern "C" upkeep::backups::Digest* upkeep_archives_make_digest(upkeep::backups::Algorithm algorithm);
