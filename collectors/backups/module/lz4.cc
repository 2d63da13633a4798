// The only door to liblz4, for what pg_dump 16 and later compress with it.
// https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
#include <lz4frame.h>

#include "collectors/backups/module/codecs.h"

namespace upkeep::backups {
namespace {

// Of what is decompressed at a time. As much as the largest block: less would be copied once more.
constexpr std::size_t kOutputBytes = std::size_t{4} << 20;

class Lz4Decoder final : public Decoder {
 public:
  Lz4Decoder() {
    if (LZ4F_isError(::LZ4F_createDecompressionContext(&stream_, LZ4F_VERSION)) != 0) stream_ = nullptr;
  }
  ~Lz4Decoder() override { ::LZ4F_freeDecompressionContext(stream_); }
  Lz4Decoder(const Lz4Decoder&) = delete;
  Lz4Decoder& operator=(const Lz4Decoder&) = delete;

  [[nodiscard]] bool is_ready() const { return stream_ != nullptr; }

  Checked<std::string_view> decode(std::string_view& input) override {
    while (!input.empty() || more_) {
      std::size_t used = input.size();
      std::size_t size = output_.size();
      const std::size_t left = ::LZ4F_decompress(stream_, output_.data(), &size, input.data(), &used, nullptr);
      if (LZ4F_isError(left) != 0) return found(Reason::kCorrupt, ::LZ4F_getErrorName(left));
      note_header(input.substr(0, used));
      input.remove_prefix(used);
      more_ = left != 0 && size == output_.size();
      between_ = left == 0;
      if (between_) at_ = 0;
      if (size > 0) return std::string_view(output_.data(), size);
    }
    return std::string_view();
  }

  Checked<> finish() override {
    if (!between_) return found(Reason::kTruncated, "the compressed stream ends in the middle");
    return {};
  }
  [[nodiscard]] bool is_checked() const override { return checked_; }

 private:
  // The fifth byte of a frame tells whether its blocks (bit 4) or its content (bit 2) have checksums.
  void note_header(std::string_view used) {
    constexpr std::size_t kFlags = 4;
    constexpr unsigned char kHasChecksum = 0x14;
    if (at_ <= kFlags && used.size() > kFlags - at_) {
      checked_ &= (static_cast<unsigned char>(used[kFlags - at_]) & kHasChecksum) != 0;
    }
    at_ += used.size();
  }

  LZ4F_dctx* stream_ = nullptr;
  bool more_ = false;     // may be held back by the library
  bool between_ = false;  // frames: the last one has ended
  bool checked_ = true;
  std::size_t at_ = 0;  // of the present frame
  std::string output_ = std::string(kOutputBytes, '\0');
};

}  // namespace

std::unique_ptr<Decoder> make_lz4_decoder() {
  auto decoder = std::make_unique<Lz4Decoder>();
  return decoder->is_ready() ? std::move(decoder) : nullptr;
}

}  // namespace upkeep::backups
