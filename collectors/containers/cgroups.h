// Which containers the kernel knows: the control groups that are called after one.
// https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/cgroups.html
//   /docker/ID                          Docker, driver cgroupfs
//   /system.slice/docker-ID.scope       Docker, driver systemd
//   /machine.slice/libpod-ID.scope      Podman
//   /kubepods/besteffort/podUID/ID      Kubernetes
#pragma once

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/host/refresh.h"
#include "exporter/filesystem.h"

namespace upkeep::containers {

enum class Controller : std::uint8_t { kUnified, kCpu, kCpuacct, kMemory, kBlkio, kPids };
inline constexpr std::size_t kControllers = 6;

// Where the hierarchies are mounted: one of version 2, one for each controller of version 1, or, hybrid, both.
struct Hierarchies {
  std::array<std::string, kControllers> roots;  // by Controller: "sys/fs/cgroup/memory"; empty: there is none
  [[nodiscard]] const std::string& root(Controller controller) const {
    return roots[static_cast<std::size_t>(controller)];
  }
  // Whose directories tell which containers there are; empty when there is no hierarchy at all.
  [[nodiscard]] const std::string& principal() const;
  friend bool operator==(const Hierarchies&, const Hierarchies&) = default;
};

Result<Hierarchies> find_hierarchies(FileSystem& fs);

// The 64 hexadecimal digits by which the last part of a path is a container's; else empty.
std::string_view container_id(std::string_view path);

// One thread at a time.
class Cgroups {
 public:
  explicit Cgroups(FileSystem& fs) : fs_(fs) {}

  // Looks again. Goes through the directories that held containers last time; through all of them once a minute, and
  // when something was said to be missing.
  Result<> look(Clock::time_point now, bool missing);

  // "/docker/ID", sorted.
  [[nodiscard]] const std::vector<std::string>& paths() const { return paths_; }
  [[nodiscard]] const Hierarchies& hierarchies() const { return hierarchies_; }

 private:
  struct Directory {
    std::string path;   // below the hierarchy's root, without a slash at the end
    int inside = 0;     // how many levels below a container
    int depth = 0;      // below the root
    bool deep = false;  // whether to go into what is in it
  };
  Result<> walk();
  Result<> list(const Directory& directory, std::vector<Directory>& further);
  void keep_those_in(const std::string& directory);

  static constexpr auto kWalkEvery = std::chrono::minutes(1);
  static constexpr std::size_t kInsideEvery = 10;  // walks; containers within containers are rare
  static constexpr int kLevelsInside = 2;
  static constexpr int kLevels = 24;
  static constexpr std::size_t kDirectories = 20'000;  // of one walk

  FileSystem& fs_;
  Hierarchies hierarchies_;
  Refresh due_{kWalkEvery};
  std::size_t walks_ = 0;
  std::set<std::string> parents_;  // directories that hold containers
  std::vector<std::string> paths_, before_;
};

}  // namespace upkeep::containers
