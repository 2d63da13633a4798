// What is mounted where, as the first process of the machine sees it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/filesystem.h"
#include "exporter/result.h"

namespace upkeep {

struct Mount {
  std::uint64_t id = 0;      // unique among the present mounts; used again once this one is gone
  std::string major, minor;  // of the device
  std::string point, type, device;
  bool read_only = false;  // the mount or the whole file system
};

// The mounts that can be seen: of several at one point the last hides the others.
// https://docs.kernel.org/filesystems/proc.html ("/proc/<pid>/mountinfo")
//   36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
Result<std::vector<Mount>> parse_mountinfo(std::string_view text);

// A field of mountinfo or fstab with \040 and the like undone: a backslash and three octal digits stand for one byte.
std::string unescape_octal(std::string_view field);

// The present mounts, parsed again only when they changed. One thread at a time.
class MountTable {
 public:
  explicit MountTable(FileSystem& fs);
  // Valid until the next call.
  Result<std::span<const Mount>> read();

 private:
  std::unique_ptr<File> first_, own_;
  std::string text_;
  std::vector<Mount> mounts_;
};

}  // namespace upkeep
