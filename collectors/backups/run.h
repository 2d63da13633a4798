// A program run to its end, with a text to read and what it says kept.
#pragma once

#include <string>
#include <string_view>

#include "collectors/backups/guard.h"
#include "collectors/backups/process.h"

namespace upkeep::backups {

// Keeps what a program writes: the first part of it, and reads the rest away.
class Collected {
 public:
  explicit Collected(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  // The descriptor to hand to the program.
  Result<int> open();
  // To be called when the program has begun.
  void begun() { pipe_.writer.close(); }
  // What is there now. False: the end was reached.
  bool take();
  [[nodiscard]] int descriptor() const { return pipe_.reader.get(); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  const std::size_t max_bytes_;
  Pipe pipe_;
  std::string text_;
};

struct Output {
  int status = 0;  // as wait() says
  std::string out, err;
  [[nodiscard]] bool good() const { return status == 0; }
};

// `command` gets its descriptors here. Its end is waited for as long as `guard` lets go on.
Drilled<Output> run(Command command, std::string_view input, Guard& guard);

// The line of a program's complaints that says most: its first error, else its last line; without what it calls itself.
std::string complaint(std::string_view err);

}  // namespace upkeep::backups
