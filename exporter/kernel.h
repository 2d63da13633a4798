// What collectors ask of the kernel besides files: the seam that lets a recorded host answer in tests.
#pragma once

#include <sys/utsname.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "exporter/result.h"

struct timex;

namespace upkeep {

struct FileSystemUsage {
  std::uint64_t size_bytes = 0, free_bytes = 0, available_bytes = 0;
  std::uint64_t files = 0, files_free = 0;
};

// A netlink socket kept open. One thread at a time.
class Netlink {
 public:
  virtual ~Netlink() = default;
  // Sends `request` (one nlmsghdr with NLM_F_DUMP; the sequence number is filled in) and returns every message of the
  // answer without the final NLMSG_DONE, one after the other, valid until the next call. Never waits more than a
  // second. What another socket of this kernel was answered to the same NETLINK_ROUTE request a few milliseconds ago
  // counts as the answer, once.
  virtual Result<std::string_view> dump(std::string_view request) = 0;
  // The same for a table of any size: `each` gets the messages as they come, some at a time; its error ends the dump.
  using Each = std::function<Result<>(std::string_view messages)>;
  virtual Result<> stream(std::string_view request, const Each& each) {
    UPKEEP_TRY(const std::string_view answer, dump(request));
    return each(answer);
  }
};

// Thread-safe.
class Kernel {
 public:
  virtual ~Kernel() = default;
  // May block for as long as the file system behind `path` (as in mountinfo) does: call it where that harms nobody.
  virtual Result<FileSystemUsage> statfs(std::string_view path) = 0;
  virtual Result<utsname> uname() = 0;
  // Fills `out`; the value is the clock state (TIME_OK ... TIME_ERROR).
  virtual Result<int> adjtimex(timex& out) = 0;
  // `protocol`: NETLINK_ROUTE, NETLINK_SOCK_DIAG.
  virtual std::unique_ptr<Netlink> open_netlink(int protocol) = 0;
  [[nodiscard]] virtual std::uint64_t page_size() const = 0;
  [[nodiscard]] virtual double clock_ticks_per_second() const = 0;  // USER_HZ
};

// The real one. Paths for statfs are below `rootfs`.
std::unique_ptr<Kernel> make_kernel(std::string rootfs = "/");

}  // namespace upkeep
