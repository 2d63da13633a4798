#include "collectors/host/sysfs.h"

#include <fmt/format.h>

#include "exporter/text.h"

namespace upkeep::sysfs {

Result<std::vector<DirectoryEntry>> list(FileSystem& fs, std::string_view directory, std::string_view nothing) {
  auto entries = fs.list(directory);
  const bool none = entries ? entries->empty() : entries.error().code == ErrorCode::kNotFound;
  if (none) return fail(ErrorCode::kNoData, std::string(nothing));
  return entries;
}

Result<std::string> text(FileSystem& fs, std::string_view directory, std::string_view name) {
  UPKEEP_TRY(const std::string content, fs.read(fmt::format("{}/{}", directory, name), FileKind::kAttribute));
  return std::string(trim(content));
}

Result<std::int64_t> integer(FileSystem& fs, std::string_view directory, std::string_view name) {
  UPKEEP_TRY(const std::string content, text(fs, directory, name));
  const auto number = to_i64(content);
  if (!number) return fail(ErrorCode::kParse, fmt::format("{}/{}: an integer expected", directory, name));
  return *number;
}

Result<std::string> follow(FileSystem& fs, std::string_view path) {
  UPKEEP_TRY(const std::string target, fs.link_target(path));
  std::vector<std::string_view> parts;
  const auto walk = [&](std::string_view rest) {
    while (!rest.empty()) {
      const std::size_t slash = rest.find('/');
      const std::string_view part = rest.substr(0, slash);
      rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
      if (part == "..") {
        if (!parts.empty()) parts.pop_back();
      } else if (!part.empty() && part != ".") {
        parts.push_back(part);
      }
    }
  };
  if (!target.starts_with('/')) walk(path.substr(0, path.rfind('/')));
  walk(target);
  return fmt::format("{}", fmt::join(parts, "/"));
}

std::string_view number_after(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return {};
  name.remove_prefix(prefix.size());
  return to_u64(name) ? name : std::string_view();
}

bool is_absent(const Error& error) {
  return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kPermission ||
         error.code == ErrorCode::kSystem || error.code == ErrorCode::kTimeout;
}

}  // namespace upkeep::sysfs
