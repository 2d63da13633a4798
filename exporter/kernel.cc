#include "exporter/kernel.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "exporter/clock.h"
#include "exporter/limits.h"
#include "exporter/recent_answer.h"

namespace upkeep {
namespace {

class RealNetlink final : public Netlink {
 public:
  // `recent` may be null: then nothing is shared.
  RealNetlink(int protocol, std::shared_ptr<RecentAnswer> recent) : protocol_(protocol), recent_(std::move(recent)) {}
  ~RealNetlink() override { close(); }
  RealNetlink(const RealNetlink&) = delete;
  RealNetlink& operator=(const RealNetlink&) = delete;

  Result<std::string_view> dump(std::string_view request) override {
    const auto now = SystemClock().now();
    if (recent_ && recent_->take(request, now, had_, shared_)) return shared_;
    UPKEEP_CHECK(send(request));
    size_ = 0;
    for (;;) {
      const Result<bool> done = receive();
      if (!done) {
        close();  // whatever is left of the answer goes with the socket
        return std::unexpected(done.error());
      }
      if (*done) break;
    }
    const std::string_view answer(buffer_.data(), size_);
    if (recent_) recent_->put(request, now, had_, answer);
    return answer;
  }

  Result<> stream(std::string_view request, const Each& each) override {
    UPKEEP_CHECK(send(request));
    for (;;) {
      size_ = 0;
      const Result<bool> done = receive();
      const Result<> taken = done ? each({buffer_.data(), size_}) : std::unexpected(done.error());
      if (!taken) {
        close();
        return taken;
      }
      if (*done) return {};
    }
  }

 private:
  Result<> send(std::string_view request) {
    if (fd_ < 0) {
      fd_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol_);
      if (fd_ < 0) return system_failure(errno, "netlink socket");
      const timeval patience{.tv_sec = 1, .tv_usec = 0};
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    request_ = request;
    if (request_.size() < sizeof(nlmsghdr)) return fail(ErrorCode::kSystem, "netlink request without a header");
    nlmsghdr header{};
    std::memcpy(&header, request_.data(), sizeof header);
    header.nlmsg_seq = ++sequence_;
    std::memcpy(request_.data(), &header, sizeof header);
    if (::send(fd_, request_.data(), request_.size(), 0) < 0) return system_failure(errno, "netlink send");
    return {};
  }

  // Appends one datagram's messages. True: the answer is complete.
  Result<bool> receive() {
    constexpr std::size_t kDatagram = std::size_t{32} << 10;  // the kernel fills no more of a dump at a time
    if (size_ + kDatagram > limits::kFileBytes) return fail(ErrorCode::kLimit, "netlink: answer too large");
    if (buffer_.size() < size_ + kDatagram) buffer_.resize(size_ + kDatagram);
    ssize_t got = 0;
    do {
      got = ::recv(fd_, buffer_.data() + size_, kDatagram, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return system_failure(errno == EAGAIN ? ETIMEDOUT : errno, "netlink receive");
    std::size_t at = size_;
    const std::size_t end = size_ + static_cast<std::size_t>(got);
    while (end - at >= sizeof(nlmsghdr)) {
      nlmsghdr header{};
      std::memcpy(&header, buffer_.data() + at, sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > end - at) break;
      if (header.nlmsg_seq == sequence_ && header.nlmsg_type == NLMSG_DONE) {
        size_ = at;
        return true;
      }
      if (header.nlmsg_type == NLMSG_ERROR) {
        int code = 0;
        if (header.nlmsg_len >= sizeof header + sizeof code) {
          std::memcpy(&code, buffer_.data() + at + sizeof header, sizeof code);
        }
        return system_failure(-code, "netlink dump");
      }
      at += NLMSG_ALIGN(header.nlmsg_len);
      if (at > end) at = end;
    }
    size_ = at;
    return false;
  }

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  const int protocol_;
  int fd_ = -1;
  std::uint32_t sequence_ = 0;
  std::string request_, buffer_;
  std::size_t size_ = 0;
  const std::shared_ptr<RecentAnswer> recent_;
  RecentAnswer::Number had_ = 0;
  std::string shared_;
};

class RealKernel final : public Kernel {
 public:
  explicit RealKernel(std::string rootfs) : rootfs_(std::move(rootfs)) {
    while (rootfs_.ends_with('/')) rootfs_.pop_back();
  }

  Result<FileSystemUsage> statfs(std::string_view path) override {
    struct ::statfs usage {};
    const std::string below = rootfs_ + std::string(path);
    if (::statfs(below.c_str(), &usage) != 0) return system_failure(errno, path);
    const auto block = static_cast<std::uint64_t>(usage.f_bsize);
    return FileSystemUsage{
        .size_bytes = usage.f_blocks * block,
        .free_bytes = usage.f_bfree * block,
        .available_bytes = usage.f_bavail * block,
        .files = usage.f_files,
        .files_free = usage.f_ffree,
    };
  }

  Result<utsname> uname() override {
    utsname name{};
    if (::uname(&name) != 0) return system_failure(errno, "uname");
    return name;
  }

  Result<int> adjtimex(timex& out) override {
    out = {};
    const int state = ::adjtimex(&out);
    if (state < 0) return system_failure(errno, "adjtimex");
    return state;
  }

  std::unique_ptr<Netlink> open_netlink(int protocol) override {
    return std::make_unique<RealNetlink>(protocol, protocol == NETLINK_ROUTE ? route_ : nullptr);
  }
  [[nodiscard]] std::uint64_t page_size() const override { return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)); }
  [[nodiscard]] double clock_ticks_per_second() const override { return static_cast<double>(::sysconf(_SC_CLK_TCK)); }

 private:
  std::string rootfs_;
  const std::shared_ptr<RecentAnswer> route_ = std::make_shared<RecentAnswer>();
};

}  // namespace

std::unique_ptr<Kernel> make_kernel(std::string rootfs) { return std::make_unique<RealKernel>(std::move(rootfs)); }

}  // namespace upkeep
