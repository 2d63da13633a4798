// Any bytes at all as upkeep.yml: every setting is read, and what is said of the mistakes must be fit to print.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "exporter/build.h"
#include "exporter/limits.h"
#include "exporter/settings.h"
#include "exporter/utf8.h"
#include "tests/support/example_collectors.h"
#include "tests/support/fakes.h"

namespace upkeep {
namespace {

std::vector<std::string> mistakes_in(const std::string& text) {
  testing::FakeFileSystem fs;
  testing::FakeKernel kernel;
  testing::FakeClock clock;
  ConfigDocument document("fuzz.yml", text);
  ConfigReader root = document.root();
  read_settings(root);
  build_instances(root.section("collectors"), testing::example_collectors(),
                  Environment{fs, kernel, clock, testing::no_log()}, {});
  return document.mistakes();
}

bool is_printable(const std::string& message) {
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n') || byte == 0x7F) return false;
  }
  return is_utf8(message);
}

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace
}  // namespace upkeep

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (text.find("_file") != std::string::npos) return -1;  // no file of this machine is opened
  const std::vector<std::string> mistakes = upkeep::mistakes_in(text);
  upkeep::require(mistakes.size() <= upkeep::limits::kConfigMistakes + 1);
  for (const std::string& mistake : mistakes) {
    upkeep::require(mistake.starts_with("fuzz.yml:") && mistake.size() < 1500 && upkeep::is_printable(mistake));
  }
  return 0;
}
