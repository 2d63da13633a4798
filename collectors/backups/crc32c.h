// The CRC-32 of Castagnoli, with which Postgres lists the files of a base backup. RFC 3720, appendix B.4.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace upkeep::backups {

namespace crc32c {
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;
constexpr Tables make_tables() {
  constexpr std::uint32_t kPolynomial = 0x82F63B78;
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][i] = crc;
  }
  for (std::size_t t = 1; t < 8; ++t) {
    for (std::size_t i = 0; i < 256; ++i) tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 0xFF];
  }
  return tables;
}
}  // namespace crc32c

class Crc32c {
 public:
  void update(std::string_view bytes) {
    std::uint32_t crc = state_;
    for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), sizeof word);
      static_assert(std::endian::native == std::endian::little);
      word ^= crc;
      crc = 0;
      for (unsigned i = 0; i < 8; ++i) crc ^= kTables[7 - i][word >> (8 * i) & 0xFF];
    }
    for (const char c : bytes) crc = crc >> 8 ^ kTables[0][(crc ^ static_cast<unsigned char>(c)) & 0xFF];
    state_ = crc;
  }
  [[nodiscard]] std::uint32_t value() const { return ~state_; }

 private:
  static constexpr crc32c::Tables kTables = crc32c::make_tables();

  std::uint32_t state_ = ~std::uint32_t{0};
};

}  // namespace upkeep::backups
