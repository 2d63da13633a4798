// What is known of the files that are watched: of each what it held when it was last good, and what is wrong now.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "collectors/certificates/find.h"

namespace upkeep::certificates {

struct FileState {
  Notice notice;
  bool is_present = true;
  std::optional<Bundle> bundle;    // the last good one
  std::optional<Problem> problem;  // of the last look
  // Of the private key that belongs to it, where there is one.
  std::string key_path;
  std::optional<bool> key_matches;
  std::optional<Problem> key_problem;
};

struct SourceState {
  std::string name;
  bool is_told = true;  // otherwise there is nothing, and nothing is expected
  bool is_up = true;
  std::size_t bundles = 0;
  std::vector<Reason> reasons;  // of this look
};

class Files {
 public:
  explicit Files(std::vector<Source> sources) : sources_(std::move(sources)) {}

  void look(FileSystem& fs);

  [[nodiscard]] const std::map<std::string, FileState>& files() const { return files_; }  // by path
  [[nodiscard]] const std::vector<SourceState>& states() const { return states_; }
  // The first problem of the last look, when nothing could be read at all.
  [[nodiscard]] const std::optional<Problem>& failure() const { return failure_; }

 private:
  // Is the same when the bytes are: with all likelihood, or the file is no younger.
  struct Seen {
    std::size_t hash = 0, size = 0;
    bool operator==(const Seen&) const = default;
  };
  struct Kept {
    Seen seen;
    FileState state;
    Seen key_seen;
    std::optional<Checked<std::string>> key;
    std::size_t source = 0;
  };

  void look_at_source(FileSystem& fs, std::size_t place, std::map<std::string, Kept>& now);
  std::optional<Kept> look_at_file(FileSystem& fs, const FoundFile& file, std::size_t place);
  static void look_at_key(FileSystem& fs, const Source& source, const std::string& path, Kept& kept);

  const std::vector<Source> sources_;
  std::map<std::string, Kept> kept_;
  std::map<std::string, FileState> files_;
  std::vector<SourceState> states_;
  std::optional<Problem> failure_;
};

}  // namespace upkeep::certificates
