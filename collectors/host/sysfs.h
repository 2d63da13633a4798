// Reading the small files of /sys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/filesystem.h"
#include "exporter/result.h"

namespace upkeep::sysfs {

// The entries of a directory. Where there are none, `nothing` is what kNoData says.
Result<std::vector<DirectoryEntry>> list(FileSystem& fs, std::string_view directory, std::string_view nothing);

// The content of directory/name, without white space around it.
Result<std::string> text(FileSystem& fs, std::string_view directory, std::string_view name);

// The same as an integer; kParse when it is none.
Result<std::int64_t> integer(FileSystem& fs, std::string_view directory, std::string_view name);

// Where the symbolic link at `path` leads, itself free of links where /sys is: "sys/class/hwmon/hwmon0" becomes
// "sys/devices/platform/coretemp.0/hwmon/hwmon0".
Result<std::string> follow(FileSystem& fs, std::string_view path);

// The digits after `prefix`, when the name is nothing else: ("cpu12", "cpu") is "12". Else empty.
std::string_view number_after(std::string_view name, std::string_view prefix);

// Nothing can be read of this now, and that is no fault of ours: the driver lacks it, the device sleeps or went away.
bool is_absent(const Error& error);

}  // namespace upkeep::sysfs
