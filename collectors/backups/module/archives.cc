// What the module exports: decoders and digests by their kind.
#include <new>

#include "collectors/backups/module/codecs.h"

namespace upkeep::backups {
namespace {

std::unique_ptr<Decoder> make(Compression compression) {
  switch (compression) {
    case Compression::kGzip:
    case Compression::kZlib:
      return make_deflate_decoder(compression);
    case Compression::kZstd:
      return make_zstd_decoder();
    case Compression::kXz:
      return make_xz_decoder();
    case Compression::kLz4:
      return make_lz4_decoder();
    case Compression::kNone:
      break;
  }
  return nullptr;
}

}  // namespace
}  // namespace upkeep::backups

// Nothing may be thrown over the module's edge, and who calls owns what comes back.
upkeep::backups::Decoder* upkeep_archives_make_decoder(upkeep::backups::Compression compression) {
  try {
    return upkeep::backups::make(compression).release();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

upkeep::backups::Digest* upkeep_archives_make_digest(upkeep::backups::Algorithm algorithm) {
  try {
    return upkeep::backups::make_crypto_digest(algorithm).release();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
