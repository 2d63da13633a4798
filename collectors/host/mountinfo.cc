#include "collectors/host/mountinfo.h"

#include <fmt/format.h>

#include <unordered_map>

#include "exporter/text.h"

namespace upkeep {
namespace {

// The text up to `end`, which is cut off `rest` with it. Fields are told apart by single spaces: one may be empty.
std::string_view cut(std::string_view& rest, char end) {
  const std::size_t at = rest.find(end);
  const std::string_view field = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return field;
}

bool says_read_only(std::string_view options) {
  while (!options.empty()) {
    const std::string_view option = cut(options, ',');
    if (option == "ro" || option == "emergency_ro") return true;
  }
  return false;
}

Result<Mount> parse_line(std::string_view line) {
  const auto bad = [](std::string_view expected) {
    return fail(ErrorCode::kParse, fmt::format("{} expected", expected));
  };
  Mount mount;
  const auto id = to_u64(cut(line, ' '));
  if (!id) return bad("mount id");
  mount.id = *id;
  cut(line, ' ');  // parent
  std::string_view number = cut(line, ' ');
  mount.major = cut(number, ':');
  mount.minor = number;
  if (!to_u64(mount.major) || !to_u64(mount.minor)) return bad("device number");
  cut(line, ' ');  // root
  mount.point = unescape_octal(cut(line, ' '));
  if (mount.point.empty()) return bad("mount point");
  const std::string_view options = cut(line, ' ');
  for (;;) {  // optional fields
    if (line.empty()) return bad("separator \"-\"");
    if (cut(line, ' ') == "-") break;
  }
  mount.type = unescape_octal(cut(line, ' '));
  if (mount.type.empty()) return bad("type");
  mount.device = unescape_octal(cut(line, ' '));
  if (line.empty()) return bad("options of the file system");
  mount.read_only = says_read_only(options) || says_read_only(line);
  return mount;
}

}  // namespace

std::string unescape_octal(std::string_view field) {
  std::string plain;
  plain.reserve(field.size());
  while (!field.empty()) {
    const auto byte = field.front() == '\\' && field.size() >= 4 ? to_u64(field.substr(1, 3), 8) : std::nullopt;
    if (byte && *byte <= 0xFF) {
      plain += static_cast<char>(*byte);
      field.remove_prefix(4);
    } else {
      plain += field.front();
      field.remove_prefix(1);
    }
  }
  return plain;
}

Result<std::vector<Mount>> parse_mountinfo(std::string_view text) {
  std::vector<Mount> all;
  for (std::string_view line : Lines(text)) {
    auto mount = parse_line(line);
    if (!mount) return fail(ErrorCode::kParse, fmt::format("line {}: {}", all.size() + 1, mount.error().message));
    all.push_back(*std::move(mount));
  }
  std::unordered_map<std::string_view, std::size_t> last;
  for (std::size_t i = 0; i < all.size(); ++i) last[all[i].point] = i;
  std::vector<bool> seen(all.size());
  for (const auto& [point, i] : last) seen[i] = true;
  std::vector<Mount> visible;
  visible.reserve(last.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (seen[i]) visible.push_back(std::move(all[i]));
  }
  return visible;
}

// The first process may be out of sight (hidepid): then our own mounts must do.
MountTable::MountTable(FileSystem& fs)
    : first_(fs.open("proc/1/mountinfo", FileKind::kTable)), own_(fs.open("proc/self/mountinfo", FileKind::kTable)) {}

Result<std::span<const Mount>> MountTable::read() {
  std::string_view name = "proc/1/mountinfo";
  auto text = first_->read();
  if (!text && (text.error().code == ErrorCode::kNotFound || text.error().code == ErrorCode::kPermission)) {
    name = "proc/self/mountinfo";
    text = own_->read();
  }
  if (!text) return std::unexpected(text.error());
  if (*text == text_) return mounts_;
  text_.clear();
  auto mounts = parse_mountinfo(*text);
  if (!mounts) return fail(ErrorCode::kParse, fmt::format("{}: {}", name, mounts.error().message));
  mounts_ = *std::move(mounts);
  text_ = *text;
  return mounts_;
}

}  // namespace upkeep
