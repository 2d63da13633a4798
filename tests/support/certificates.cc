#include "tests/support/certificates.h"

#include <fstream>
#include <sstream>

namespace upkeep::testing {

std::string fixture_certificate(std::string_view name) {
  const std::string path = UPKEEP_SOURCE_DIR "/tests/fixtures/certificates/" + std::string(name);
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace upkeep::testing
