#include "tests/support/recorded_host.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "exporter/text.h"

namespace upkeep::testing {
namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("fixture missing: " + path.string());
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// Lines that are neither empty nor a comment.
std::vector<std::string> rows(const std::filesystem::path& path) {
  std::vector<std::string> found;
  const std::string text = slurp(path);
  for (std::string_view line : Lines(text)) {
    if (!line.empty() && !line.starts_with('#')) found.emplace_back(line);
  }
  return found;
}

std::int64_t number(std::string_view word, const std::filesystem::path& path) {
  const auto value = to_i64(word);
  if (!value) throw std::runtime_error(path.string() + ": not a number: " + std::string(word));
  return *value;
}

// "KEY VALUE" rows; a value may hold spaces.
std::map<std::string, std::string> pairs(const std::filesystem::path& path) {
  std::map<std::string, std::string> found;
  for (const std::string& row : rows(path)) {
    const std::size_t space = row.find(' ');
    found[row.substr(0, space)] = space == std::string::npos ? "" : row.substr(space + 1);
  }
  return found;
}

// The \040 of mountinfo.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto code = text[at] == '\\' ? to_u64(text.substr(at + 1, 3), 8) : std::nullopt;
    if (code) at += 3;
    out += code ? static_cast<char>(*code) : text[at];
  }
  return out;
}

std::map<std::string, FileSystemUsage> usage_of(const std::filesystem::path& path) {
  std::map<std::string, FileSystemUsage> usage;
  for (const std::string& row : rows(path)) {
    Words words(row);
    const std::string mount = unescape(words.next());
    const auto next = [&] { return static_cast<std::uint64_t>(number(words.next(), path)); };
    FileSystemUsage& of = usage[mount];
    of.size_bytes = next();
    of.free_bytes = next();
    of.available_bytes = next();
    of.files = next();
    of.files_free = next();
  }
  return usage;
}

utsname uname_of(const std::filesystem::path& path) {
  utsname names{};
  auto values = pairs(path);
  const auto set = [&](auto& field, const char* key) { values[key].copy(field, sizeof field - 1); };
  set(names.sysname, "sysname");
  set(names.nodename, "nodename");
  set(names.release, "release");
  set(names.version, "version");
  set(names.machine, "machine");
  set(names.domainname, "domainname");
  return names;
}

timex timex_of(const std::filesystem::path& path, int& state) {
  timex time{};
  auto values = pairs(path);
  const auto set = [&](auto& field, const char* key) {
    field = static_cast<std::remove_reference_t<decltype(field)>>(number(values.at(key), path));
  };
  set(state, "state");
  set(time.offset, "offset");
  set(time.freq, "freq");
  set(time.maxerror, "maxerror");
  set(time.esterror, "esterror");
  set(time.status, "status");
  set(time.constant, "constant");
  set(time.precision, "precision");
  set(time.tolerance, "tolerance");
  set(time.time.tv_sec, "tv_sec");
  set(time.time.tv_usec, "tv_usec");
  set(time.tick, "tick");
  set(time.ppsfreq, "ppsfreq");
  set(time.jitter, "jitter");
  set(time.shift, "shift");
  set(time.stabil, "stabil");
  set(time.jitcnt, "jitcnt");
  set(time.calcnt, "calcnt");
  set(time.errcnt, "errcnt");
  set(time.stbcnt, "stbcnt");
  set(time.tai, "tai");
  return time;
}

std::string messages_of(const std::filesystem::path& path) {
  std::string bytes;
  for (const std::string& row : rows(path)) {
    for (std::size_t at = 0; at < row.size(); at += 2) {
      const auto byte = to_u64(std::string_view(row).substr(at, 2), 16);
      if (!byte || at + 1 == row.size()) throw std::runtime_error(path.string() + ": bad hexadecimal");
      bytes += static_cast<char>(*byte);
    }
    bytes.resize(NLMSG_ALIGN(bytes.size()));
  }
  return bytes;
}

// The real files, but for their times: those of a working copy differ from one checkout to the next.
class FixtureFiles final : public FileSystem {
 public:
  explicit FixtureFiles(const std::filesystem::path& folder)
      // Nothing is kept open: a file that was deleted here can still be read, unlike one of the kernel's.
      : real_(make_filesystem({folder / "proc", folder / "sys", folder}, 0)) {}
  std::unique_ptr<File> open(std::string_view path, FileKind kind) override { return real_->open(path, kind); }
  Result<std::vector<DirectoryEntry>> list(std::string_view path) override { return real_->list(path); }
  Result<FileStatus> status(std::string_view path) override {
    UPKEEP_TRY(FileStatus status, real_->status(path));
    status.modified_unix_seconds = RecordedHost::kModified;
    return status;
  }
  Result<std::string> link_target(std::string_view path) override { return real_->link_target(path); }
  Result<std::unique_ptr<FileStream>> stream(std::string_view path) override { return real_->stream(path); }

 private:
  std::unique_ptr<FileSystem> real_;
};

// Which recording answers a request; "" when none does.
std::string_view dump_for(int protocol, std::string_view request) {
  nlmsghdr header{};
  if (request.size() < sizeof header) return {};
  std::memcpy(&header, request.data(), sizeof header);
  const auto body = request.substr(sizeof header);
  if (protocol == NETLINK_ROUTE && header.nlmsg_type == RTM_GETLINK) return "route_getlink";
  if (protocol == NETLINK_ROUTE && header.nlmsg_type == RTM_GETNEIGH) return "route_getneigh";
  if (protocol == NETLINK_SOCK_DIAG && header.nlmsg_type == SOCK_DIAG_BY_FAMILY && body.size() >= 2 &&
      body[1] == IPPROTO_TCP) {
    return body[0] == AF_INET ? "sock_diag_inet_tcp" : body[0] == AF_INET6 ? "sock_diag_inet6_tcp" : "";
  }
  return {};
}

}  // namespace

std::filesystem::path RecordedHost::folder_of(const std::filesystem::path& name_or_folder) {
  return std::filesystem::path(UPKEEP_SOURCE_DIR) / "tests/fixtures/hosts" / name_or_folder;
}

RecordedHost::RecordedHost(const std::filesystem::path& name_or_folder)
    : fs(std::make_unique<FixtureFiles>(folder_of(name_or_folder))),
      environment{*fs, kernel, clock, no_log()},
      folder_(folder_of(name_or_folder)) {
  ::setenv("TZ", "UTC", 1);  // the one thing a page says that is of this process
  ::tzset();
  kernel.on_netlink = [this](int protocol, std::string_view request) { return answer(protocol, request); };
  load_kernel();
}

void RecordedHost::load_kernel() {
  const std::filesystem::path recorded = folder_ / "kernel";
  clock.set_wall(static_cast<double>(number(pairs(recorded / "clock").at("wall"), recorded / "clock")));
  kernel.uts = uname_of(recorded / "uname");
  kernel.time = timex_of(recorded / "adjtimex", kernel.time_state);
  kernel.usage = usage_of(recorded / "statfs");
  for (const char* name : {"route_getlink", "route_getneigh", "sock_diag_inet_tcp", "sock_diag_inet6_tcp"}) {
    dumps_[name] = messages_of(recorded / (std::string(name) + ".hex"));
  }
}

std::string RecordedHost::answer(int protocol, std::string_view request) {
  const auto found = dumps_.find(dump_for(protocol, request));
  if (found == dumps_.end()) throw std::runtime_error("a netlink dump that no fixture answers");
  return found->second;
}

HostCopy::HostCopy(std::string_view name) {
  using std::filesystem::copy_options;
  std::filesystem::copy(RecordedHost::folder_of(name), folder(), copy_options::recursive | copy_options::copy_symlinks);
}

void HostCopy::drop_lines(const std::string& path, std::string_view text) const {
  std::string kept;
  const std::string before = slurp(folder() / path);
  for (std::string_view line : Lines(before)) {
    if (line.find(text) == std::string_view::npos) kept.append(line).append("\n");
  }
  folder_.write(path, kept);
}

}  // namespace upkeep::testing
