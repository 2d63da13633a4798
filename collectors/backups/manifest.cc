#include "collectors/backups/manifest.h"

#include <algorithm>
#include <cctype>

#include "exporter/text.h"

namespace upkeep::backups {
namespace {

constexpr std::size_t kDigits = 64;  // of SHA-256

std::optional<std::string> digest_of(std::string_view word) {
  const auto is_hex = [](unsigned char c) { return std::isxdigit(c) != 0; };
  if (word.size() != kDigits || !std::ranges::all_of(word, is_hex)) return std::nullopt;
  std::string lower(word);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

// "digest  name", "digest *name", and as BSD writes it "SHA256 (name) = digest". A digest alone is of any name.
std::optional<std::string> digest_in(std::string_view line, std::string_view name, bool any_name) {
  std::string_view said;
  std::string_view digest;
  if (line.starts_with("SHA256 (") && line.rfind(") = ") != std::string_view::npos) {
    digest = line.substr(line.rfind(") = ") + 4);
    said = line.substr(8, line.rfind(") = ") - 8);
  } else {
    digest = line.substr(0, line.find_first_of(" \t"));
    said = line.substr(digest.size());
    while (!said.empty() && (is_blank(said.front()) || said.front() == '*')) said.remove_prefix(1);
  }
  if (!any_name && file_name(said) != name) return std::nullopt;
  return digest_of(digest);
}

}  // namespace

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string_view folder(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

std::optional<Listed> listed_digest(Job& job, const std::string& path) {
  const std::string_view name = file_name(path);
  const std::string own = path + ".sha256";
  if (const auto text = job.fs.read(own)) {
    for (const std::string_view raw : Lines(*text)) {
      // It is of this file, whatever the name was when it was made: before a rename, mostly.
      if (const auto digest = digest_in(trim(raw), name, true)) return Listed{*digest, own};
    }
    job.fail(Reason::kChecksum, own + ": no SHA-256 in it");
    return std::nullopt;
  } else if (text.error().code != ErrorCode::kNotFound) {
    job.fail(Reason::kChecksum, text.error().message);
    return std::nullopt;
  }
  const std::string common = std::string(folder(path)) + "SHA256SUMS";
  const auto text = job.fs.read(common);
  if (!text) return std::nullopt;
  for (const std::string_view raw : Lines(*text)) {
    if (const auto digest = digest_in(trim(raw), name, false)) return Listed{*digest, common};
  }
  return std::nullopt;
}

}  // namespace upkeep::backups
