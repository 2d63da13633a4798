// README.md says what the tree says.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "collectors/all.h"

namespace upkeep {
namespace {

const std::filesystem::path kSource = UPKEEP_SOURCE_DIR;

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Readme, ShowsACollectorWhole) {
  const std::string collector = content(kSource / "collectors/host/loadavg.cc");
  EXPECT_NE(content(kSource / "README.md").find("```cpp\n" + collector + "```"), std::string::npos);
}

TEST(Readme, NamesEveryCollector) {
  const std::string readme = content(kSource / "README.md");
  for (const CollectorType* type : all_collectors()) {
    EXPECT_NE(readme.find("`" + std::string(type->name) + "`"), std::string::npos) << type->name;
  }
}

TEST(Readme, LinksToWhatIsThere) {
  const std::string readme = content(kSource / "README.md");
  std::size_t links = 0;
  for (std::size_t at = readme.find("]("); at != std::string::npos; at = readme.find("](", at + 1)) {
    const std::string target = readme.substr(at + 2, readme.find(')', at) - at - 2);
    EXPECT_TRUE(std::filesystem::exists(kSource / target)) << target;
    ++links;
  }
  EXPECT_GT(links, 5U);
}

}  // namespace
}  // namespace upkeep
