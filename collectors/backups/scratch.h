// Directories for drills: each is marked as ours and locked by its drill, so that what a killed one leaves can be told
// from everything else, and cleared away.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "collectors/backups/process.h"
#include "exporter/result.h"

namespace upkeep::backups {

struct Space {
  std::uint64_t available_bytes = 0;
  std::uint64_t kept_bytes = 0;  // which a drill leaves free
};
Result<Space> space_of(const std::string& directory);
// What its files take on the disk. Those that vanish meanwhile are passed over.
std::uint64_t size_of_tree(const std::string& directory);

// A directory below `root`, made for one drill and removed when it goes.
class Scratch {
 public:
  // `name` is that of the backup.
  static Result<Scratch> make(const std::string& root, const std::string& name);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  Scratch(Scratch&& other) noexcept = default;
  Scratch& operator=(Scratch&& other) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // A directory in it that only `owner` may enter (none: we).
  Result<std::string> make_directory(const std::string& name, const std::optional<Account>& owner) const;
  // Removes it now. An error says what stays.
  Result<> remove();

 private:
  Scratch(std::string path, Handle lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  Handle lock_;
};

struct Swept {
  int directories = 0;
  std::string error;  // of the last that could not be removed
};
// Ends the processes in, and removes, each directory below `root` that a drill made which runs no more.
Swept sweep(const std::string& root);

// A file that one process at a time holds, made with the directories that lead to it. kLimit: another one does.
Result<Handle> take_lock(const std::string& path);

// Makes it and what leads to it. Others may pass through what is made, and through `passable`, which is ours.
Result<> make_root(const std::string& root, const std::string& passable);

}  // namespace upkeep::backups
