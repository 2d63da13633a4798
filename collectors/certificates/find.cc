#include "collectors/certificates/find.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "exporter/limits.h"

namespace upkeep::certificates {
namespace {

bool has_wildcard(std::string_view component) { return component.find_first_of("*?[\\") != std::string_view::npos; }

bool matches(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0;
}

// In a directory that is watched as a whole.
bool is_called_like_one(std::string_view name) {
  constexpr std::array<std::string_view, 6> kEndings = {".pem", ".crt", ".cer", ".cert", ".p12", ".pfx"};
  const bool plain = std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); });
  return !name.starts_with('.') && (plain || name.ends_with(".der"));
}

std::string logical(std::string_view path) { return std::string(path.substr(1)); }

class Search {
 public:
  Search(FileSystem& fs, const Source& source) : fs_(fs), source_(source) {}

  Found run() {
    std::vector<std::string> components;
    const std::string& pattern = source_.pattern;
    for (std::size_t at = 1; at <= pattern.size();) {
      const std::size_t end = std::min(pattern.find('/', at), pattern.size());
      components.emplace_back(pattern.substr(at, end - at));
      at = end + 1;
    }
    descend("", components, true);
    std::ranges::sort(found_.files, {}, &FoundFile::path);
    return std::move(found_);
  }

 private:
  // `is_named`: no wildcard led here.
  void descend(std::string directory, std::span<const std::string> components, bool is_named) {
    while (!components.empty() && !has_wildcard(components.front())) {
      directory += "/" + components.front();
      components = components.subspan(1);
    }
    if (components.empty()) return take(directory, is_named);
    const auto entries = list(directory, is_named && source_.is_expected);
    for (const DirectoryEntry& entry : entries) {
      if (!matches(components.front(), entry.name)) continue;
      const std::string path = directory + "/" + entry.name;
      if (components.size() == 1) {
        if (!entry.is_directory) add(path, false);
      } else if (++directories_ <= limits::kCertificateFiles) {
        descend(path, components.subspan(1), false);
      }
    }
  }

  // The end of a pattern: a file, or a directory.
  void take(const std::string& path, bool is_named) {
    const auto status = fs_.status(logical(path));
    if (status && S_ISDIR(status->mode)) {
      for (const DirectoryEntry& entry : list(path, is_named)) {
        if (!entry.is_directory && is_called_like_one(entry.name)) add(path + "/" + entry.name, false);
      }
      return;
    }
    // What a wildcard leads to need not have a file of this name.
    const bool is_missing = !status && status.error().code == ErrorCode::kNotFound;
    if (!is_missing || (is_named && source_.is_expected)) add(path, is_named);
    if (is_missing && !is_named && fs_.link_target(logical(path))) add(path, false);
  }

  std::vector<DirectoryEntry> list(const std::string& directory, bool is_expected) {
    auto entries = fs_.list(logical(directory));
    if (entries) return *std::move(entries);
    const ErrorCode code = entries.error().code;
    const bool is_silent = (code == ErrorCode::kNotFound && !is_expected) || is_no_directory(directory) ||
                           (code == ErrorCode::kPermission && source_.is_private);
    if (!is_silent) note({reason_of(code), "/" + entries.error().message});
    return {};
  }
  // What a wildcard stands for need be none.
  bool is_no_directory(const std::string& path) {
    const auto status = fs_.status(logical(path));
    return status && !S_ISDIR(status->mode) && status->is_regular;
  }

  void add(std::string path, bool is_named) {
    if (found_.files.size() < limits::kCertificateFiles) {
      found_.files.push_back({std::move(path), is_named});
    } else {
      note({Reason::kTooMany, fmt::format("{}: over {} files", source_.pattern, limits::kCertificateFiles)});
    }
  }
  void note(Problem problem) {
    if (!found_.problem) found_.problem = std::move(problem);
  }

  FileSystem& fs_;
  const Source& source_;
  std::size_t directories_ = 0;
  Found found_;
};

std::unexpected<Problem> problem_of(FileSystem& fs, const std::string& path, const Error& error) {
  Reason reason = reason_of(error.code);
  if (reason == Reason::kNotFound && fs.link_target(logical(path))) reason = Reason::kBrokenSymlink;
  return std::unexpected(Problem{reason, "/" + error.message});
}

}  // namespace

Reason reason_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound:
      return Reason::kNotFound;
    case ErrorCode::kPermission:
      return Reason::kPermission;
    case ErrorCode::kLimit:
      return Reason::kTooMany;
    default:
      return Reason::kReadFailed;
  }
}

Found find_files(FileSystem& fs, const Source& source) { return Search(fs, source).run(); }

Checked<std::string> read_bytes(FileSystem& fs, const std::string& path) {
  const auto too_large = [&] {
    return std::unexpected(
        Problem{Reason::kTooLarge, fmt::format("{}: larger than {} bytes", path, limits::kCertificateFileBytes)});
  };
  const auto status = fs.status(logical(path));
  if (!status) return problem_of(fs, path, status.error());
  if (!status->is_regular) return std::unexpected(Problem{Reason::kReadFailed, path + ": not a regular file"});
  if (status->size_bytes > limits::kCertificateFileBytes) return too_large();
  // Not as a stream: one takes room for files of any size.
  auto bytes = fs.read(logical(path), FileKind::kLongTable);
  if (!bytes) return problem_of(fs, path, bytes.error());
  if (bytes->size() > limits::kCertificateFileBytes) return too_large();
  return *std::move(bytes);
}

}  // namespace upkeep::certificates
