// https://www.postgresql.org/docs/current/backup-manifest-format.html
//   { "Path": "base/1/112", "Size": 8192, "Last-Modified": "...", "Checksum-Algorithm": "CRC32C", "Checksum":
//   "536f950b" },
#include "collectors/backups/base_backup.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "collectors/backups/crc32c.h"
#include "collectors/backups/reader.h"
#include "exporter/text.h"

namespace upkeep::backups {
namespace {

constexpr std::size_t kLineBytes = 16384;

// The value of a key of one line, as it stands there. Postgres writes a file a line, with the keys in this order.
std::optional<std::string_view> value_of(std::string_view line, std::string_view key) {
  const std::string quoted = fmt::format("\"{}\": ", key);
  const std::size_t at = line.find(quoted);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view value = line.substr(at + quoted.size());
  if (!value.starts_with('"')) return value.substr(0, value.find_first_of(", }"));
  value.remove_prefix(1);
  for (std::size_t end = 0; end < value.size(); ++end) {
    if (value[end] == '"') return value.substr(0, end);
    if (value[end] == '\\') ++end;
  }
  return std::nullopt;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      plain += text[i];
      continue;
    }
    // Of control characters, which no file of a cluster has, there may be others.
    if (++i == text.size() || (text[i] != '"' && text[i] != '\\' && text[i] != '/')) return std::nullopt;
    plain += text[i];
  }
  return plain;
}

std::optional<std::string> from_hex(std::string_view hex) {
  std::string bytes;
  for (; hex.size() >= 2; hex.remove_prefix(2)) {
    const auto byte = to_u64(hex.substr(0, 2), 16);
    if (!byte) return std::nullopt;
    bytes += static_cast<char>(*byte);
  }
  return hex.empty() ? std::optional(bytes) : std::nullopt;
}

// Who restores a base backup may write to these; pg_verifybackup leaves them alone too.
bool is_ignored(std::string_view path) {
  return path == "postgresql.auto.conf" || path == "recovery.signal" || path == "standby.signal" ||
         path.starts_with("pg_wal/");
}

class BaseBackup {
 public:
  BaseBackup(Job& job, const std::string& path)
      : job_(job), path_(path), manifest_(path + "/" + std::string(kBackupManifest)) {}

  void check() {
    FileSource file(job_, manifest_);
    Reader reader(job_, file, manifest_);
    auto digest = make_digest(Algorithm::kSha256);
    if (!digest) job_.fail(digest.error());
    while (!job_.failed()) {
      const std::string line = read_line(reader);
      if (job_.failed()) return;
      if (line.starts_with("\"Manifest-Checksum\": ")) return check_end(reader, line, (*digest)->hex());
      (*digest)->update(line);
      if (line.starts_with("{ \"Path\": ") || line.starts_with("{ \"Encoded-Path\": ")) check_file(line);
    }
  }

 private:
  // With its end.
  std::string read_line(Reader& reader) {
    const std::string_view ahead = reader.peek(kLineBytes);
    const std::size_t end = ahead.find('\n');
    if (job_.failed()) return {};
    if (end != std::string_view::npos) return reader.bytes(end + 1);
    const bool is_whole = ahead.size() < kLineBytes;
    job_.fail(is_whole ? Reason::kTruncated : Reason::kUnknownFormat,
              manifest_ + (is_whole ? ": ends in the middle" : ": not as Postgres writes it"));
    return {};
  }

  void check_end(Reader& reader, std::string_view line, const std::string& digest) {
    if (value_of(line, "Manifest-Checksum") != digest) {
      return job_.fail(Reason::kChecksum, manifest_ + ": its own checksum is another");
    }
    if (!reader.at_end()) return job_.fail(Reason::kCorrupt, manifest_ + ": bytes after its end");
    job_.covered_bytes += reader.offset();
    if (files_ == 0) job_.fail(Reason::kIncomplete, manifest_ + ": lists no files");
  }

  void check_file(std::string_view line) {
    const auto plain = value_of(line, "Path");
    const auto encoded = value_of(line, "Encoded-Path");
    const auto name = plain ? unescaped(*plain) : encoded ? from_hex(*encoded) : std::nullopt;
    const auto size = to_u64(value_of(line, "Size").value_or(""));
    // A damaged or hostile list must not lead out of the backup.
    if (!name || !size || name->empty() || name->starts_with('/') || name->find("..") != std::string::npos) {
      return job_.fail(Reason::kCorrupt, fmt::format("{}: file {} is not sound", manifest_, files_ + 1));
    }
    ++files_;
    if (!is_ignored(*name)) compare(*name, *size, value_of(line, "Checksum-Algorithm"), value_of(line, "Checksum"));
  }

  void compare(const std::string& name, std::uint64_t size, std::optional<std::string_view> algorithm,
               std::optional<std::string_view> expected) {
    FileSource file(job_, path_ + "/" + name, Reason::kIncomplete);
    if (job_.failed()) return;
    Crc32c crc;
    std::unique_ptr<Digest> digest;
    const bool is_crc = algorithm == "CRC32C";
    if (is_crc) {
      file.tap([&](std::string_view block) { crc.update(block); });
    } else if (algorithm) {
      digest = digest_of(*algorithm);
      if (!digest) return;
      file.tap([&](std::string_view block) { digest->update(block); });
    }
    drain(file);
    if (job_.failed()) return;
    if (const auto change = file.change()) return job_.fail(Reason::kChanged, *change);
    if (file.read_bytes() != size) {
      return job_.fail(file.read_bytes() < size ? Reason::kTruncated : Reason::kChecksum,
                       fmt::format("{}/{}: {} bytes, {} are listed", path_, name, file.read_bytes(), size));
    }
    if (!algorithm) return;
    // Postgres writes this one byte by byte as it lies in memory.
    const std::string sum = is_crc ? fmt::format("{:08x}", __builtin_bswap32(crc.value())) : digest->hex();
    if (expected != sum)
      return job_.fail(Reason::kChecksum, fmt::format("{}/{}: not what the manifest lists", path_, name));
    job_.covered_bytes += size;
  }

  std::unique_ptr<Digest> digest_of(std::string_view algorithm) {
    constexpr std::pair<std::string_view, Algorithm> kAlgorithms[] = {{"SHA224", Algorithm::kSha224},
                                                                      {"SHA256", Algorithm::kSha256},
                                                                      {"SHA384", Algorithm::kSha384},
                                                                      {"SHA512", Algorithm::kSha512}};
    for (const auto& [name, which] : kAlgorithms) {
      if (name != algorithm) continue;
      auto digest = make_digest(which);
      if (!digest) job_.fail(digest.error());
      return digest ? *std::move(digest) : nullptr;
    }
    job_.fail(Reason::kUnknownFormat, manifest_ + ": lists checksums of an unknown kind");
    return nullptr;
  }

  Job& job_;
  const std::string path_, manifest_;
  std::uint64_t files_ = 0;
};

}  // namespace

void check_base_backup(Job& job, const std::string& path) { BaseBackup(job, path).check(); }

}  // namespace upkeep::backups
