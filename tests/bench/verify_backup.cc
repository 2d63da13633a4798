// Verifies files as the program does, as fast as it can, and prints a line of JSON for each: for the table of damages
// and for the benchmark of backups.
//   verify_backup [--max-expanded BYTES] FILE_OR_FOLDER...
//   verify_backup --stdin        reads paths, a line each, and answers each at once
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <string>

#include "collectors/backups/verification.h"
#include "exporter/clock.h"
#include "exporter/filesystem.h"

namespace upkeep::backups {
namespace {

class FullSpeed final : public Pace {
 public:
  bool go_on(std::size_t) override { return true; }
};

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

void verify_one(FileSystem& fs, const std::string& given, std::uint64_t max_expanded_bytes) {
  const std::string path = std::filesystem::absolute(given).string().substr(1);
  std::error_code ignored;
  BackupFile file{.path = path, .is_directory = std::filesystem::is_directory("/" + path, ignored)};
  if (const auto status = fs.status(path)) {
    file.device = status->device;
    file.inode = status->inode;
    file.size_bytes = status->size_bytes;
    file.modified_ns = status->modified_ns;
  }
  FullSpeed pace;
  const SystemClock clock;
  const Verification result = verify(fs, clock, file, max_expanded_bytes, pace);
  std::cout << fmt::format(R"({{"file": {}, "reason": {}, "format": {}, "message": {}, "read": {}, "expanded": {}, )"
                           R"("coverage": {:.4f}, "seconds": {:.6f}}})",
                           json_text(given), json_text(to_string(result.reason)), json_text(result.format),
                           json_text(result.message), result.read_bytes, result.expanded_bytes, result.coverage,
                           result.seconds)
            << std::endl;
}

int run(int argc, char** argv) {
  const auto fs = make_filesystem({});
  std::uint64_t max_expanded_bytes = std::uint64_t{1} << 40;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--max-expanded" && i + 1 < argc) {
      max_expanded_bytes = std::stoull(argv[++i]);
    } else if (argument == "--stdin") {
      for (std::string line; std::getline(std::cin, line);) verify_one(*fs, line, max_expanded_bytes);
    } else {
      verify_one(*fs, argument, max_expanded_bytes);
    }
  }
  return 0;
}

}  // namespace
}  // namespace upkeep::backups

int main(int argc, char** argv) { return upkeep::backups::run(argc, argv); }
