#include "collectors/backups/decoder.h"

#include <gtest/gtest.h>

#include "tests/support/backup_bytes.h"

namespace upkeep::backups {
namespace {

using std::string_view_literals::operator""sv;

// What is decompressed of `input` in pieces of so many bytes; or why not.
std::string decoded(Compression compression, std::string_view input, std::size_t piece) {
  const auto decoder = make_decoder(compression).value();
  std::string out;
  while (!input.empty()) {
    std::string_view part = input.substr(0, piece);
    input.remove_prefix(part.size());
    for (;;) {
      const auto got = decoder->decode(part);
      if (!got) return std::string(to_string(got.error().reason)) + ": " + got.error().message;
      if (got->empty()) break;
      out += *got;
    }
    EXPECT_TRUE(part.empty());
  }
  const auto end = decoder->finish();
  return end ? out + (decoder->is_checked() ? "" : " (unchecked)")
             : std::string(to_string(end.error().reason)) + ": " + end.error().message;
}

// printf 'hello\n' | zstd, zstd --no-check, xz, lz4
constexpr std::string_view kZstd = "\x28\xb5\x2f\xfd\x04\x58\x31\x00\x00\x68\x65\x6c\x6c\x6f\x0a\x53\x88\xbd\x91"sv;
constexpr std::string_view kZstdUnchecked = "\x28\xb5\x2f\xfd\x00\x58\x31\x00\x00\x68\x65\x6c\x6c\x6f\x0a"sv;
constexpr std::string_view kXz =
    "\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00\x74\x2f\xe5\xa3\x01\x00\x05\x68"
    "\x65\x6c\x6c\x6f"
    "\x0a\x00\x00\x00\xa5\x60\x97\xf1\x94\xf6\xfd\xe0\x00\x01\x1e\x06"
    "\xc1\x2f\xa4\x1d\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a"sv;
constexpr std::string_view kLz4 =
    "\x04\x22\x4d\x18\x64\x40\xa7\x06\x00\x00\x80\x68\x65\x6c\x6c\x6f\x0a\x00\x00\x00\x00\xf9\x5b\x6b\x94"sv;

TEST(Decoder, KnowsStreamsByTheirFirstBytes) {
  const auto f = [](std::string_view bytes) { return to_string(compression_of(bytes)); };
  EXPECT_EQ(f("\x1f\x8b\x08\x00"sv), "gzip");
  EXPECT_EQ(f(kZstd), "zstd");
  EXPECT_EQ(f("\x50\x2a\x4d\x18"sv), "zstd");
  EXPECT_EQ(f("\xfd\x37zXZ\0\0"sv), "xz");
  EXPECT_EQ(f("\x04\x22\x4d\x18"sv), "lz4");
  EXPECT_EQ(f("\x1f\x8b"sv), "");
  EXPECT_EQ(f(""), "");
  EXPECT_EQ(f("--\n"), "");
}

TEST(Decoder, DecompressesInPiecesOfAnySize) {
  const std::string gzip = testing::stored_gzip("hello ") + testing::stored_gzip("world\n");
  for (std::size_t piece = 1; piece < 40; ++piece) {
    EXPECT_EQ(decoded(Compression::kGzip, gzip, piece), "hello world\n") << piece;
    EXPECT_EQ(decoded(Compression::kGzip, gzip + std::string(100, '\0'), piece), "hello world\n") << piece;
    EXPECT_EQ(decoded(Compression::kZlib, testing::stored_zlib("hello"), piece), "hello") << piece;
    EXPECT_EQ(decoded(Compression::kZstd, std::string(kZstd) + std::string(kZstd), piece), "hello\nhello\n") << piece;
    EXPECT_EQ(decoded(Compression::kZstd, std::string(kZstd) + std::string(kZstdUnchecked), piece),
              "hello\nhello\n (unchecked)")
        << piece;
    EXPECT_EQ(decoded(Compression::kXz, std::string(kXz) + std::string(kXz), piece), "hello\nhello\n") << piece;
    EXPECT_EQ(decoded(Compression::kXz, std::string(kXz) + std::string(100, '\0'), piece), "hello\n") << piece;
    EXPECT_EQ(decoded(Compression::kLz4, std::string(kLz4) + std::string(kLz4), piece), "hello\nhello\n") << piece;
    EXPECT_EQ(decoded(Compression::kGzip, gzip + "x", piece), "corrupt: bytes after the end of the compressed stream")
        << piece;
    EXPECT_EQ(decoded(Compression::kZlib, testing::stored_zlib("hello") + "x", piece),
              "corrupt: bytes after the end of the compressed stream")
        << piece;
  }
}

TEST(Decoder, AnyEndButTheLastIsTooEarly) {
  const std::string_view cut = "truncated: the compressed stream ends in the middle";
  const std::string gzip = testing::stored_gzip("hello");
  for (std::size_t size = 0; size < gzip.size(); ++size) {
    EXPECT_EQ(decoded(Compression::kGzip, gzip.substr(0, size), 7), cut) << size;
  }
  for (std::size_t size = 0; size < kZstd.size(); ++size) {
    EXPECT_EQ(decoded(Compression::kZstd, kZstd.substr(0, size), 7), cut) << size;
  }
  for (std::size_t size = 0; size < kXz.size(); ++size) {
    EXPECT_EQ(decoded(Compression::kXz, kXz.substr(0, size), 7), cut) << size;
  }
  for (std::size_t size = 0; size < kLz4.size(); ++size) {
    EXPECT_EQ(decoded(Compression::kLz4, kLz4.substr(0, size), 7), cut) << size;
  }
}

TEST(Decoder, ZerosThatGoOnAfterAStreamAreDamage) {
  const std::string zeros(200'000, '\0');
  const std::string_view damage = "corrupt: zeros after the end of the compressed stream";
  EXPECT_EQ(decoded(Compression::kGzip, testing::stored_gzip("x") + zeros, 65536), damage);
  EXPECT_EQ(decoded(Compression::kXz, std::string(kXz) + zeros, 65536), damage);
}

TEST(Digest, OfEveryKind) {
  const auto f = [](Algorithm algorithm) {
    const auto digest = make_digest(algorithm).value();
    digest->update("a");
    digest->update("bc");
    return digest->hex();
  };
  EXPECT_EQ(f(Algorithm::kSha224), "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
  EXPECT_EQ(f(Algorithm::kSha256), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(f(Algorithm::kSha384).substr(0, 16), "cb00753f45a35e8b");
  EXPECT_EQ(f(Algorithm::kSha512).substr(0, 16), "ddaf35a193617aba");
}

}  // namespace
}  // namespace upkeep::backups
