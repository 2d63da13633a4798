// The certificates of tests/fixtures/certificates.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

namespace upkeep::certificates {

// One whose path is not there gives "".
inline std::string slurp_fixture(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace upkeep::certificates

// A macro, as only the files of tests know where the source is.
#define FIXTURE(name) ::upkeep::certificates::slurp_fixture(UPKEEP_SOURCE_DIR "/tests/fixtures/certificates/" name)
