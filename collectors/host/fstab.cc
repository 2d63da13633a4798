// What /etc/fstab promises against what is mounted. https://man7.org/linux/man-pages/man5/fstab.5.html
//   UUID=3e6be9de-8139-4b1b-9106-a43f08d823a6 /srv/my\040data ext4 defaults,nofail 0 2
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "collectors/all.h"
#include "collectors/host/mountinfo.h"
#include "exporter/filesystem.h"
#include "exporter/text.h"

namespace upkeep {
namespace {

constexpr MetricDesc kReadOnly =
    gauge("upkeep_filesystem_readonly_unexpected",
          "Whether a file system that fstab wants writable is mounted read-only.", {"mountpoint", "fstype", "device"});
constexpr MetricDesc kMissing =
    gauge("upkeep_filesystem_fstab_missing", "Whether a file system that fstab wants mounted is not.", {"mountpoint"});
constexpr const MetricDesc* kMetrics[] = {&kReadOnly, &kMissing};

// An entry that is mounted without being asked for: neither swap nor `noauto`. `nofail` is one too: the machine may
// start without it, but whoever wrote it down wants the disk.
struct Entry {
  std::string point;
  bool writable = true;
};

// Without the slashes at its end, as the kernel shows it.
std::string tidy(std::string point) {
  while (point.size() > 1 && point.ends_with('/')) point.pop_back();
  return point;
}

// Nothing: a line that promises nothing.
Result<std::optional<Entry>> parse_line(std::string_view line) {
  Words words(line);
  const std::string_view device = words.next();
  if (device.empty() || device.starts_with('#')) return std::nullopt;
  Entry entry{.point = tidy(unescape_octal(words.next()))};
  const std::string_view type = words.next();
  std::string_view options = words.next();
  if (type.empty()) return fail(ErrorCode::kParse, "device, mount point and type expected");
  if (type == "swap" || type == "ignore" || !entry.point.starts_with('/')) return std::nullopt;
  constexpr std::array<std::string_view, 5> kNeverWritable = {"iso9660", "squashfs", "erofs", "cramfs", "romfs"};
  entry.writable = std::ranges::count(kNeverWritable, type) == 0;
  while (!options.empty()) {
    const std::size_t comma = options.find(',');
    const std::string_view option = options.substr(0, comma);
    options.remove_prefix(comma == std::string_view::npos ? options.size() : comma + 1);
    if (option == "noauto") return std::nullopt;
    if (option == "ro") entry.writable = false;
  }
  return entry;
}

class Fstab final : public Collector {
 public:
  explicit Fstab(const Environment& environment)
      : file_(environment.fs.open("etc/fstab", FileKind::kTable)), mounts_(environment.fs) {}

  Result<> collect(const Run&, SampleSink& out) override {
    auto text = file_->read();
    if (!text && text.error().code == ErrorCode::kNotFound) return fail(ErrorCode::kNoData, "no etc/fstab");
    if (!text) return std::unexpected(text.error());
    UPKEEP_TRY(const std::span<const Mount> mounts, mounts_.read());
    Result<> result;
    bool any = false;
    std::size_t number = 0;
    for (std::string_view line : Lines(*text)) {
      ++number;
      const auto entry = parse_line(line);
      if (!entry) {
        result = fail(ErrorCode::kParse, fmt::format("etc/fstab: line {}: {}", number, entry.error().message));
      } else if (*entry) {
        any = true;
        add(out, **entry, mounts);
      }
    }
    if (result && !any) return fail(ErrorCode::kNoData, "etc/fstab: nothing to mount");
    return result;
  }

 private:
  static void add(SampleSink& out, const Entry& entry, std::span<const Mount> mounts) {
    const auto mount = std::ranges::find(mounts, entry.point, &Mount::point);
    out.add(kMissing, mount == mounts.end() ? 1 : 0, {entry.point});
    // What autofs has not mounted yet says nothing about the file system to come.
    if (mount == mounts.end() || !entry.writable || mount->type == "autofs") return;
    out.add(kReadOnly, mount->read_only ? 1 : 0, {mount->point, mount->type, mount->device});
  }

  std::unique_ptr<File> file_;
  MountTable mounts_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Fstab>(environment);
}

}  // namespace

const CollectorType fstab_collector = {
    .name = "fstab",
    .section = "host",
    .help = "File systems that are missing or read-only against /etc/fstab.",
    .cadence = Cadence::kInterval,
    .metrics = kMetrics,
    .make = make,
};

}  // namespace upkeep
