// The only door to liblzma. https://tukaani.org/xz/xz-file-format.txt
#include <lzma.h>

#include "collectors/backups/module/codecs.h"

namespace upkeep::backups {
namespace {

// Of what is decompressed at a time. More would push what the library works with out of the nearest cache.
constexpr std::size_t kOutputBytes = std::size_t{8} << 10;

class XzDecoder final : public Decoder {
 public:
  XzDecoder() : ready_(::lzma_stream_decoder(&stream_, kWindowBytes, kFlags) == LZMA_OK) {}
  ~XzDecoder() override { ::lzma_end(&stream_); }
  XzDecoder(const XzDecoder&) = delete;
  XzDecoder& operator=(const XzDecoder&) = delete;

  [[nodiscard]] bool is_ready() const { return ready_; }

  Checked<std::string_view> decode(std::string_view& input) override {
    while (!input.empty() || more_) {
      const std::string_view before = input;
      const lzma_ret code = run(input, LZMA_RUN);
      if (code != LZMA_OK && code != LZMA_BUF_ERROR) return problem(code);
      const std::size_t size = output_.size() - stream_.avail_out;
      note_padding(before.substr(0, before.size() - input.size()), size);
      if (zeros_ > kPaddingBytes) return found(Reason::kCorrupt, "zeros after the end of the compressed stream");
      more_ = stream_.avail_out == 0;
      if (size > 0) return std::string_view(output_.data(), size);
    }
    return std::string_view();
  }

  Checked<> finish() override {
    std::string_view nothing;
    const lzma_ret code = run(nothing, LZMA_FINISH);
    if (code == LZMA_STREAM_END) return {};
    if (code == LZMA_OK || code == LZMA_BUF_ERROR) {
      return found(Reason::kTruncated, "the compressed stream ends in the middle");
    }
    return problem(code);
  }
  [[nodiscard]] bool is_checked() const override { return checked_; }

 private:
  lzma_ret run(std::string_view& input, lzma_action action) {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
    stream_.avail_in = input.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(output_.data());
    stream_.avail_out = output_.size();
    lzma_ret code = LZMA_OK;
    do {
      code = ::lzma_code(&stream_, action);
      if (code == LZMA_NO_CHECK || code == LZMA_UNSUPPORTED_CHECK) checked_ = false;
    } while (code == LZMA_NO_CHECK || code == LZMA_UNSUPPORTED_CHECK);
    input.remove_prefix(input.size() - stream_.avail_in);
    return code;
  }

  // Zeros may follow a stream, as many as there are for the library.
  void note_padding(std::string_view used, std::size_t output) {
    if (output > 0 || used.find_first_not_of('\0') != std::string_view::npos)
      zeros_ = 0;
    else
      zeros_ += used.size();
  }

  static std::unexpected<Problem> problem(lzma_ret code) {
    switch (code) {
      case LZMA_MEM_ERROR:
        return found(Reason::kUnreadable, "out of memory");
      case LZMA_MEMLIMIT_ERROR:
        return found(Reason::kTooLarge, "decompressing takes over 256 MiB of memory");
      case LZMA_FORMAT_ERROR:
        return found(Reason::kCorrupt, "bytes after the end of the compressed stream");
      case LZMA_OPTIONS_ERROR:
        return found(Reason::kCorrupt, "a header asks for what is not known");
      default:
        return found(Reason::kCorrupt, "compressed data is corrupt");
    }
  }

  static constexpr std::uint32_t kFlags = LZMA_CONCATENATED | LZMA_TELL_NO_CHECK | LZMA_TELL_UNSUPPORTED_CHECK;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  const bool ready_;
  bool more_ = false;  // may be held back by the library
  bool checked_ = true;
  std::size_t zeros_ = 0;  // of which nothing has come
  std::string output_ = std::string(kOutputBytes, '\0');
};

}  // namespace

std::unique_ptr<Decoder> make_xz_decoder() {
  auto decoder = std::make_unique<XzDecoder>();
  return decoder->is_ready() ? std::move(decoder) : nullptr;
}

}  // namespace upkeep::backups
