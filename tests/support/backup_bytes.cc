#include "tests/support/backup_bytes.h"

#include <fmt/format.h>

namespace upkeep::testing {
namespace {

std::string little(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

std::string integer(std::int64_t value) {
  return (value < 0 ? '\1' : '\0') + little(static_cast<std::uint64_t>(value < 0 ? -value : value), 4);
}
std::string text(std::string_view value) {
  return integer(static_cast<std::int64_t>(value.size())) + std::string(value);
}
std::string no_text() { return integer(-1); }

std::string toc_entry(const ArchiveSpec& spec, const ArchiveTable& table, std::uint64_t position) {
  const bool custom = spec.kind == 1;
  std::string out = integer(table.id) + integer(1) + text("0") + text("16385") + text(table.name);
  out += text(table.is_blobs ? "BLOBS" : "TABLE DATA") + integer(3) + text("") + text("");
  out += table.is_blobs ? no_text() : text("COPY public.t (id) FROM stdin;\n");
  out += text("public") + no_text();
  if (spec.minor_version >= 14) out += no_text();
  if (spec.minor_version >= 16) out += integer('r');
  out += text("postgres") + text("false") + text("12") + no_text();
  const std::string file = table.is_blobs ? fmt::format("blobs_{}.toc", table.id) : fmt::format("{}.dat", table.id);
  return out + (custom ? (spec.positions ? '\2' : '\1') + little(spec.positions ? position : 0, 8) : text(file));
}

std::string block(const ArchiveSpec& spec, const ArchiveTable& table) {
  const std::string data = spec.stream(table.data);
  std::string out = (table.is_blobs ? '\3' : '\1') + integer(table.id);
  if (table.is_blobs) out += integer(16401);
  const std::size_t half = data.size() / 2;
  if (half > 0) out += integer(static_cast<std::int64_t>(half)) + data.substr(0, half);
  if (!data.empty()) out += integer(static_cast<std::int64_t>(data.size() - half)) + data.substr(half);
  out += integer(0);
  return table.is_blobs ? out + integer(0) : out;
}

std::string toc(const ArchiveSpec& spec, std::uint64_t first_position) {
  std::string out = "PGDMP\1" + std::string(1, static_cast<char>(spec.minor_version)) + '\0' + "\4\10";
  out += spec.kind;
  out += spec.minor_version >= 15 ? std::string(1, spec.compression) : integer(spec.compression);
  for (const int field : {59, 30, 12, 24, 10, 126, 0}) out += integer(field);
  out += text("shop") + text("15.18") + text("15.18") + integer(static_cast<std::int64_t>(spec.tables.size()) + 1);
  // One without data.
  out += integer(1) + integer(0) + text("0") + text("0") + text("ENCODING") + text("ENCODING") + integer(2);
  out += text("SET client_encoding = 'UTF8';\n") + no_text() + no_text() + no_text() + no_text();
  if (spec.minor_version >= 14) out += no_text();
  if (spec.minor_version >= 16) out += integer(0);
  out += text("") + text("false") + no_text() + (spec.kind == 1 ? '\3' + little(0, 8) : text(""));
  std::uint64_t position = first_position;
  for (const ArchiveTable& table : spec.tables) {
    out += toc_entry(spec, table, position);
    position += block(spec, table).size();
  }
  return out;
}

std::uint32_t crc32(std::string_view content) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char c : content) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
  }
  return ~crc;
}

std::string stored_blocks(std::string_view content) {
  std::string out;
  do {
    const std::string_view part = content.substr(0, 65535);
    content.remove_prefix(part.size());
    out += content.empty() ? '\1' : '\0';
    out += little(part.size(), 2) + little(~part.size(), 2) + std::string(part);
  } while (!content.empty());
  return out;
}

}  // namespace

std::string pg_dump_script(std::string_view content, std::string_view key) {
  const std::string lock = key.empty() ? "" : fmt::format("\\restrict {}\n\n", key);
  const std::string unlock = key.empty() ? "" : fmt::format("\\unrestrict {}\n\n", key);
  return fmt::format(
      "--\n-- PostgreSQL database dump\n--\n\n{}{}\n\n--\n-- PostgreSQL database dump complete\n--\n\n{}", lock,
      content, unlock);
}

std::string archive_toc(const ArchiveSpec& spec) { return toc(spec, toc(spec, 0).size()); }

std::string custom_archive(const ArchiveSpec& spec) {
  std::string out = archive_toc(spec);
  for (const ArchiveTable& table : spec.tables) out += block(spec, table);
  return out;
}

std::string tar_member(std::string_view name, std::string_view content) {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(100, 8, std::string("0000600\0", 8));
  header.replace(124, 12, fmt::format("{:011o}", content.size()) + '\0');
  header.replace(136, 12, std::string("00000000000\0", 12));
  header.replace(148, 8, "        ");
  header[156] = '0';
  header.replace(257, 8, std::string("ustar\00000", 8));
  std::uint32_t sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  header.replace(148, 8, fmt::format("{:06o}", sum) + '\0' + ' ');
  return header + std::string(content) + std::string((512 - content.size() % 512) % 512, '\0');
}

std::string tar_end() { return std::string(1024, '\0'); }

std::string stored_gzip(std::string_view content) {
  const std::string header("\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
  return header + stored_blocks(content) + little(crc32(content), 4) + little(content.size(), 4);
}

std::string stored_zlib(std::string_view content) {
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const char c : content) {
    a = (a + static_cast<unsigned char>(c)) % 65521;
    b = (b + a) % 65521;
  }
  std::string sum = little(b << 16 | a, 4);
  return "\x78\x01" + stored_blocks(content) + std::string(sum.rbegin(), sum.rend());
}

}  // namespace upkeep::testing
