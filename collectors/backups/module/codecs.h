// What the files of this module, each the only door to its library, offer to archives.cc. Null: no memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "collectors/backups/decoder.h"

namespace upkeep::backups {

// What a damaged or hostile header may ask for: zstd --ultra -22 and xz -9 need less.
inline constexpr std::size_t kWindowBytes = std::size_t{256} << 20;
// Tapes and block devices pad a stream with zeros; a file that was stretched is damaged.
inline constexpr std::size_t kPaddingBytes = std::size_t{64} << 10;

std::unique_ptr<Decoder> make_deflate_decoder(Compression compression);  // kGzip or kZlib
std::unique_ptr<Decoder> make_zstd_decoder();
std::unique_ptr<Decoder> make_xz_decoder();
std::unique_ptr<Decoder> make_lz4_decoder();
std::unique_ptr<Digest> make_crypto_digest(Algorithm algorithm);

}  // namespace upkeep::backups
