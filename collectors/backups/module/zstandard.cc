// The only door to libzstd. https://www.rfc-editor.org/rfc/rfc8878
#include <zstd.h>
#include <zstd_errors.h>

#include "collectors/backups/module/codecs.h"

namespace upkeep::backups {
namespace {

// Of what is decompressed at a time. More would not stay in the caches for who looks at it.
constexpr std::size_t kOutputBytes = std::size_t{32} << 10;

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : stream_(::ZSTD_createDCtx()) {}

  [[nodiscard]] bool is_ready() const { return stream_ != nullptr; }

  Checked<std::string_view> decode(std::string_view& input) override {
    while (!input.empty() || more_) {
      ZSTD_inBuffer in{input.data(), input.size(), 0};
      ZSTD_outBuffer out{output_.data(), output_.size(), 0};
      const std::size_t left = ::ZSTD_decompressStream(stream_.get(), &out, &in);
      if (::ZSTD_isError(left) != 0) return problem(left);
      note_header(input.substr(0, in.pos));
      input.remove_prefix(in.pos);
      more_ = left != 0 && out.pos == out.size;
      between_ = left == 0;
      if (between_) end_frame();
      if (out.pos > 0) return std::string_view(output_.data(), out.pos);
    }
    return std::string_view();
  }

  Checked<> finish() override {
    if (!between_) return found(Reason::kTruncated, "the compressed stream ends in the middle");
    return {};
  }
  [[nodiscard]] bool is_checked() const override { return checked_; }

 private:
  struct Cleanup {
    void operator()(ZSTD_DCtx* stream) const { ::ZSTD_freeDCtx(stream); }
  };

  static std::unexpected<Problem> problem(std::size_t code) {
    switch (::ZSTD_getErrorCode(code)) {
      case ZSTD_error_memory_allocation:
        return found(Reason::kUnreadable, "out of memory");
      case ZSTD_error_frameParameter_windowTooLarge:
        return found(Reason::kTooLarge, "decompressing takes over 128 MiB of memory");
      case ZSTD_error_dictionary_wrong:
        return found(Reason::kUnknownFormat, "compressed with a dictionary");
      default:
        return found(Reason::kCorrupt, ::ZSTD_getErrorName(code));
    }
  }

  // The fifth byte of a frame tells whether it ends with a checksum; a frame to be skipped over needs none.
  void note_header(std::string_view used) {
    constexpr std::size_t kDescriptor = 4;
    constexpr unsigned char kHasChecksum = 0x04;
    if (at_ == 0 && !used.empty()) skippable_ = used.front() != '\x28';
    if (at_ <= kDescriptor && used.size() > kDescriptor - at_ && !skippable_) {
      checked_ &= (static_cast<unsigned char>(used[kDescriptor - at_]) & kHasChecksum) != 0;
    }
    at_ += used.size();
  }
  void end_frame() { at_ = 0; }

  const std::unique_ptr<ZSTD_DCtx, Cleanup> stream_;
  bool more_ = false;     // is held back by the library
  bool between_ = false;  // frames: the last one has ended
  bool skippable_ = false;
  bool checked_ = true;
  std::size_t at_ = 0;  // of the present frame
  std::string output_ = std::string(kOutputBytes, '\0');
};

}  // namespace

std::unique_ptr<Decoder> make_zstd_decoder() {
  auto decoder = std::make_unique<ZstdDecoder>();
  return decoder->is_ready() ? std::move(decoder) : nullptr;
}

}  // namespace upkeep::backups
