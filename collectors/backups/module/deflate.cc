// The only door to zlib: gzip files, and the streams inside archives of pg_dump.
// https://www.rfc-editor.org/rfc/rfc1952 (gzip), rfc1950 (zlib)
#include <zlib.h>

#include <algorithm>

#include "collectors/backups/module/codecs.h"

namespace upkeep::backups {
namespace {

// Of what is decompressed at a time. More would not stay in the caches for who looks at it.
constexpr std::size_t kOutputBytes = std::size_t{64} << 10;

class DeflateDecoder final : public Decoder {
 public:
  explicit DeflateDecoder(Compression compression)
      : gzip_(compression == Compression::kGzip),
        ready_(::inflateInit2(&stream_, gzip_ ? 16 + MAX_WBITS : MAX_WBITS) == Z_OK) {}
  ~DeflateDecoder() override {
    if (ready_) ::inflateEnd(&stream_);
  }
  DeflateDecoder(const DeflateDecoder&) = delete;
  DeflateDecoder& operator=(const DeflateDecoder&) = delete;

  [[nodiscard]] bool is_ready() const { return ready_; }

  Checked<std::string_view> decode(std::string_view& input) override {
    while (!input.empty()) {
      if (between_) {
        if (auto begun = begin_member(input); !begun) return std::unexpected(begun.error());
        if (between_) return std::string_view();
      }
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
      stream_.avail_in = static_cast<uInt>(input.size());
      stream_.next_out = reinterpret_cast<Bytef*>(output_.data());
      stream_.avail_out = static_cast<uInt>(output_.size());
      const int code = ::inflate(&stream_, Z_NO_FLUSH);
      input.remove_prefix(input.size() - stream_.avail_in);
      if (code == Z_STREAM_END) {
        between_ = true;
      } else if (code == Z_MEM_ERROR) {
        return found(Reason::kUnreadable, "out of memory");
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return found(Reason::kCorrupt, stream_.msg != nullptr ? stream_.msg
                                       : code == Z_NEED_DICT  ? "a dictionary is asked for"
                                                              : "damaged");
      }
      const std::size_t size = output_.size() - stream_.avail_out;
      if (size > 0) return std::string_view(output_.data(), size);
    }
    return std::string_view();
  }

  Checked<> finish() override {
    if (!between_ || half_magic_) return found(Reason::kTruncated, "the compressed stream ends in the middle");
    return {};
  }
  [[nodiscard]] bool is_checked() const override { return true; }

 private:
  // After a member: another one, or padding, or what does not belong there.
  Checked<> begin_member(std::string_view& input) {
    if (!gzip_) return found(Reason::kCorrupt, "bytes after the end of the compressed stream");
    const std::size_t zeros = std::min(input.find_first_not_of('\0'), input.size());
    if (half_magic_ && zeros > 0) return found(Reason::kCorrupt, "bytes after the end of the compressed stream");
    padding_ += zeros;
    input.remove_prefix(zeros);
    if (padding_ > kPaddingBytes) return found(Reason::kCorrupt, "zeros after the end of the compressed stream");
    if (input.empty()) return {};
    // The two bytes of its magic number may come apart.
    const char expected = half_magic_ ? '\x8b' : '\x1f';
    if (padding_ > 0 || input.front() != expected) {
      return found(Reason::kCorrupt, "bytes after the end of the compressed stream");
    }
    if (!half_magic_ && input.size() == 1) {
      half_magic_ = true;
      input.remove_prefix(1);
      return {};
    }
    ::inflateReset(&stream_);
    between_ = false;
    if (!half_magic_) return {};
    half_magic_ = false;
    Bytef first = 0x1f;
    stream_.next_in = &first;
    stream_.avail_in = 1;
    stream_.next_out = reinterpret_cast<Bytef*>(output_.data());
    stream_.avail_out = static_cast<uInt>(output_.size());
    ::inflate(&stream_, Z_NO_FLUSH);
    return {};
  }

  const bool gzip_;
  z_stream stream_{};
  const bool ready_;
  bool between_ = false;     // members: the last one has ended
  bool half_magic_ = false;  // of the next one has come
  std::size_t padding_ = 0;
  std::string output_ = std::string(kOutputBytes, '\0');
};

}  // namespace

std::unique_ptr<Decoder> make_deflate_decoder(Compression compression) {
  auto decoder = std::make_unique<DeflateDecoder>(compression);
  return decoder->is_ready() ? std::move(decoder) : nullptr;
}

}  // namespace upkeep::backups
