// A host recorded in tests/fixtures/hosts/NAME, behind the program's seams.
//
// proc/, sys/ and everything else of the folder is read by the real FileSystem. kernel/ holds what system calls said:
//   clock           wall SECONDS
//   uname           FIELD VALUE
//   adjtimex        FIELD NUMBER of struct timex, and `state`
//   statfs          MOUNT_POINT SIZE FREE AVAILABLE FILES FILES_FREE, the first escaped as in mountinfo
//   route_getlink.hex, route_getneigh.hex, sock_diag_inet_tcp.hex, sock_diag_inet6_tcp.hex
//                   what a netlink dump answered, one message a line
// `#` begins a comment. tests/fixtures/record makes such a folder.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "exporter/collector.h"
#include "exporter/filesystem.h"
#include "tests/support/fakes.h"
#include "tests/support/temporary_directory.h"

namespace upkeep::testing {

class RecordedHost {
 public:
  // A name in tests/fixtures/hosts, or the whole path of a folder elsewhere.
  explicit RecordedHost(const std::filesystem::path& name_or_folder);
  RecordedHost(const RecordedHost&) = delete;
  RecordedHost& operator=(const RecordedHost&) = delete;

  // Reads kernel/ again.
  void load_kernel();

  std::unique_ptr<FileSystem> fs;  // every file last changed at kModified
  FakeKernel kernel;
  FakeClock clock;
  Environment environment;

  static constexpr double kModified = 1'789'000'000;
  static std::filesystem::path folder_of(const std::filesystem::path& name_or_folder);

 private:
  std::string answer(int protocol, std::string_view request);

  std::filesystem::path folder_;
  std::map<std::string, std::string, std::less<>> dumps_;  // file name without extension -> messages
};

// A temporary copy of a recorded host that a test may change. Gone with the object.
class HostCopy {
 public:
  explicit HostCopy(std::string_view name);
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  // Drops the lines of a file that contain `text`.
  void drop_lines(const std::string& path, std::string_view text) const;

 private:
  TemporaryDirectory folder_;
};

}  // namespace upkeep::testing
