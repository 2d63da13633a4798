// Errors that file systems have found in themselves. https://docs.kernel.org/admin-guide/ext4.html ("/sys entries")
//   /sys/fs/ext4/sda1/errors_count: 3
//   /sys/fs/ext4/sda1/last_error_time: 1531715631
// ext4 (which also serves ext2 and ext3) keeps the count in its superblock until e2fsck repaired it. XFS publishes no
// such count below /sys/fs/xfs: it shuts down, and then says so in its log and by failing every access.
#include <fmt/format.h>

#include <algorithm>

#include "collectors/all.h"
#include "collectors/host/mountinfo.h"
#include "collectors/host/sysfs.h"
#include "exporter/filesystem.h"

namespace upkeep {
namespace {

constexpr MetricDesc kErrors =
    counter("upkeep_filesystem_errors_total", "Errors in a file system's own structures since it was last repaired.",
            {"device", "fstype"});
constexpr MetricDesc kWarnings =
    counter("upkeep_filesystem_warnings_total", "Warnings of a file system about itself since it was mounted.",
            {"device", "fstype"});
constexpr MetricDesc kFirst =
    gauge("upkeep_filesystem_first_error_timestamp_seconds",
          "When the first of a file system's errors was found; absent without any.", {"device", "fstype"});
constexpr MetricDesc kLast =
    gauge("upkeep_filesystem_last_error_timestamp_seconds",
          "When the latest of a file system's errors was found; absent without any.", {"device", "fstype"});
constexpr const MetricDesc* kMetrics[] = {&kErrors, &kWarnings, &kFirst, &kLast};

constexpr std::string_view kAll = "sys/fs/ext4";
constexpr const char* kNothing = "no ext4 file systems";

class FileSystemErrors final : public Collector {
 public:
  explicit FileSystemErrors(const Environment& environment) : fs_(environment.fs), mounts_(environment.fs) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_TRY(const auto entries, sysfs::list(fs_, kAll, kNothing));
    const auto mounts = mounts_.read();  // for better labels; without them the kernel's names must do
    Result<> result;
    bool any = false;
    for (const DirectoryEntry& entry : entries) {
      if (!entry.is_directory || entry.name == "features") continue;
      any = true;
      const auto added =
          add(out, fmt::format("{}/{}", kAll, entry.name), entry.name, mounts ? *mounts : std::span<const Mount>());
      if (!added && added.error().code != ErrorCode::kNotFound) result = added;  // not found: just unmounted
    }
    if (!any) return fail(ErrorCode::kNoData, kNothing);
    return result;
  }

 private:
  Result<> add(SampleSink& out, const std::string& directory, std::string_view name, std::span<const Mount> mounts) {
    std::string device = fmt::format("/dev/{}", name);
    std::ranges::replace(device, '!', '/');
    std::string_view type = "ext4";
    if (const auto number = sysfs::text(fs_, fmt::format("sys/class/block/{}", name), "dev")) {
      const auto mount = std::ranges::find_if(mounts, [&](const Mount& candidate) {
        return fmt::format("{}:{}", candidate.major, candidate.minor) == *number;
      });
      if (mount != mounts.end()) {
        device = mount->device;
        type = mount->type;
      }
    }
    UPKEEP_TRY(const auto errors, sysfs::integer(fs_, directory, "errors_count"));
    out.add(kErrors, static_cast<double>(errors), {device, type});
    const auto warnings = sysfs::integer(fs_, directory, "warning_count");  // not in old kernels
    if (warnings) out.add(kWarnings, static_cast<double>(*warnings), {device, type});
    UPKEEP_TRY(const auto first, sysfs::integer(fs_, directory, "first_error_time"));
    if (first > 0) out.add(kFirst, static_cast<double>(first), {device, type});
    UPKEEP_TRY(const auto last, sysfs::integer(fs_, directory, "last_error_time"));
    if (last > 0) out.add(kLast, static_cast<double>(last), {device, type});
    return {};
  }

  FileSystem& fs_;
  MountTable mounts_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<FileSystemErrors>(environment);
}

}  // namespace

const CollectorType fserrors_collector = {
    .name = "fserrors",
    .section = "host",
    .help = "Errors that ext4 file systems have found in themselves.",
    .cadence = Cadence::kInterval,
    .metrics = kMetrics,
    .make = make,
};

}  // namespace upkeep
