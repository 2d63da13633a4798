// The bytes of a backup on their way from the disk to whom its format concerns: read at the pace that is allowed,
// counted, decompressed. Who reads them pulls; what goes wrong is kept once, and ends every source.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collectors/backups/decoder.h"
#include "collectors/backups/verification.h"
#include "exporter/filesystem.h"

namespace upkeep::backups {

// One verification under way.
class Job {
 public:
  Job(FileSystem& files, Pace& speed, std::uint64_t most) : fs(files), pace(speed), max_expanded_bytes(most) {}

  FileSystem& fs;
  Pace& pace;
  const std::uint64_t max_expanded_bytes;
  std::uint64_t read_bytes = 0, expanded_bytes = 0;
  std::uint64_t covered_bytes = 0;  // of read_bytes: those whose every change a checksum shows

  [[nodiscard]] bool failed() const { return problem_.reason != Reason::kNone; }
  [[nodiscard]] const Problem& problem() const { return problem_; }
  // The first one counts: it is the cause of those after it.
  void fail(Reason reason, std::string message) {
    if (!failed()) problem_ = {reason, std::move(message)};
  }
  void fail(const Problem& problem) { fail(problem.reason, problem.message); }
  // Whatever was found before.
  void replace(Problem problem) { problem_ = std::move(problem); }

 private:
  Problem problem_;
};

class Source {
 public:
  virtual ~Source() = default;
  // The next bytes, valid until the next call. None: that was all, or the job has failed.
  virtual std::string_view next() = 0;
};

// A file as it lies on the disk.
class FileSource final : public Source {
 public:
  // Fails the job when it cannot be opened.
  FileSource(Job& job, const std::string& path, Reason when_missing = Reason::kUnreadable);
  std::string_view next() override;
  // What is to see every byte as well.
  void tap(std::function<void(std::string_view)> see) { taps_.push_back(std::move(see)); }
  // Whether it is not the file any more that was opened, or not of that name: then how so.
  [[nodiscard]] std::optional<std::string> change();
  [[nodiscard]] const FileStatus& opened() const { return opened_; }
  [[nodiscard]] std::uint64_t read_bytes() const { return read_bytes_; }

 private:
  Job& job_;
  const std::string path_;
  std::unique_ptr<FileStream> stream_;
  FileStatus opened_;
  std::uint64_t read_bytes_ = 0;
  std::vector<std::function<void(std::string_view)>> taps_;
};

// The same decompressed. With Compression::kNone it hands through what comes.
class DecodedSource final : public Source {
 public:
  // `name` is for messages. Begins with `first`, which was taken from `from` already.
  DecodedSource(Job& job, Source& from, Compression compression, std::string name, std::string_view first = {});
  std::string_view next() override;
  // At the end: whether a checksum covers all of it.
  [[nodiscard]] bool is_checked() const { return decoder_ && decoder_->is_checked(); }

 private:
  std::string_view decode();
  std::string_view fail(const Problem& problem);
  Job& job_;
  Source& from_;
  const std::string name_;
  std::string_view input_;
  std::unique_ptr<Decoder> decoder_;
  std::uint64_t expanded_bytes_ = 0;
  bool ended_ = false;
};

// Reads a source to its end.
void drain(Source& source);

// What people see instead of bytes: "1.5 GiB".
std::string in_units(std::uint64_t bytes);

}  // namespace upkeep::backups
