// Takes apart the bytes of a source, one thing after the other. Once the job has failed everything it reads is zero or
// empty: loops ask failed().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "collectors/backups/job.h"

namespace upkeep::backups {

class Reader {
 public:
  // `name` is for messages.
  Reader(Job& job, Source& source, std::string name) : job_(job), source_(source), name_(std::move(name)) {}

  [[nodiscard]] bool failed() const { return job_.failed(); }
  // How many bytes were taken.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  // With the name and the place.
  void fail(Reason reason, std::string_view message);

  // The next `size` bytes, which stay; fewer are all there are.
  std::string_view peek(std::size_t size);
  // Whether there are no more.
  bool at_end() { return peek(1).empty(); }

  // These fail the job where the source ends too early.
  unsigned char byte();
  std::string bytes(std::size_t size);
  void skip(std::uint64_t size);

  // At most `most` of the next bytes, as they come. None: that was all.
  std::string_view piece(std::uint64_t most);

 private:
  Job& job_;
  Source& source_;
  const std::string name_;
  std::string stash_;      // what was put together to be peeked at
  std::string_view rest_;  // of the source's last piece, or of the stash
  std::uint64_t offset_ = 0;
};

// A part of what a reader reads as a source of its own, to its end.
class PartSource final : public Source {
 public:
  PartSource(Reader& reader, std::uint64_t size) : reader_(reader), left_(size) {}
  std::string_view next() override;

 private:
  Reader& reader_;
  std::uint64_t left_;
};

}  // namespace upkeep::backups
