// The style and the structure of the source as tests: what a reviewer would otherwise have to look for.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "exporter/metric.h"
#include "exporter/text.h"

namespace upkeep {
namespace {

struct Source {
  std::string path, text;
  std::vector<std::string_view> lines;  // of text
  [[nodiscard]] bool in(std::string_view folder) const { return path.starts_with(folder); }
};

std::vector<Source> read_sources() {
  std::vector<Source> sources;
  const std::filesystem::path root = UPKEEP_SOURCE_DIR;
  for (const char* folder : {"exporter", "collectors", "tests"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() != ".cc" && entry.path().extension() != ".h") continue;
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      sources.push_back({entry.path().lexically_relative(root).string(), text.str(), {}});
    }
  }
  std::ranges::sort(sources, {}, &Source::path);
  for (Source& source : sources) {
    for (std::string_view line : Lines(source.text)) source.lines.push_back(line);
  }
  return sources;
}

const std::vector<Source>& sources() {
  static const std::vector<Source> all = read_sources();
  return all;
}

std::string at(const Source& source, std::size_t line) { return source.path + ":" + std::to_string(line + 1) + ": "; }

// Whether `line` holds `word` where no longer word begins before it.
bool has_word(std::string_view line, std::string_view word) {
  for (std::size_t from = line.find(word); from != std::string_view::npos; from = line.find(word, from + 1)) {
    if (from == 0 || !(naming::is_letter(line[from - 1]) || naming::is_digit(line[from - 1]))) return true;
  }
  return false;
}

TEST(Tidy, LinesAreShortAndClean) {
  ASSERT_GT(sources().size(), 20u);
  for (const Source& source : sources()) {
    EXPECT_TRUE(source.text.ends_with('\n')) << source.path;
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      const std::string_view line = source.lines[i];
      const auto columns = std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80; });
      EXPECT_LE(columns, 120) << at(source, i) << "over 120 columns";
      EXPECT_FALSE(line.ends_with(' ') || line.ends_with('\r')) << at(source, i) << "white space at the end";
      EXPECT_EQ(line.find('\t'), std::string_view::npos) << at(source, i) << "a tab";
    }
  }
}

// A body ends with a lone brace at the column where its signature began; namespaces end with a comment, classes and
// tables with a semicolon.
TEST(Tidy, FunctionsAreShort) {
  constexpr std::size_t kLines = 70;
  for (const Source& source : sources()) {
    std::size_t began[] = {0, 0};
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      const std::string_view line = source.lines[i];
      const std::size_t indent = line.find_first_not_of(' ');
      if (indent != 0 && indent != 2) continue;
      if (line.substr(indent) == "}") {
        EXPECT_LE(i - began[indent / 2] + 1, kLines) << at(source, began[indent / 2]) << "a function of over 70 lines";
      } else if (line[indent] != '#' && line[indent] != '/' && line[indent] != '}') {
        began[indent / 2] = i;
      }
    }
  }
}

TEST(Tidy, CollectorFilesAreShort) {
  for (const Source& source : sources()) {
    EXPECT_TRUE(!source.in("collectors/") || source.lines.size() <= 300) << source.path << ": over 300 lines";
  }
}

TEST(Tidy, FilesSayWhatTheyAreFor) {
  for (const Source& source : sources()) {
    const std::string header = "#include \"" + std::filesystem::path(source.path).replace_extension(".h").string();
    const bool named_after_what_it_tests = source.in("tests/") && source.path.ends_with("_test.cc");
    EXPECT_TRUE(source.text.starts_with("// ") || source.text.starts_with(header) || named_after_what_it_tests)
        << source.path << " begins with a comment, or with the header that has one";
  }
}

TEST(Tidy, NobodyUsesWhatHasAReplacement) {
  struct Banned {
    std::string_view word, instead;
    std::vector<std::string_view> allowed = {};  // paths that begin so
  };
  constexpr std::string_view kRunsPrograms = "collectors/backups/process.cc";
  const std::vector<Banned> all_banned = {
      {"popen(", "no programs are run"},
      {"system(", "no programs are run"},
      {"fork(", "Process: the one file that runs programs", {kRunsPrograms}},
      {"execv", "Process: the one file that runs programs", {kRunsPrograms}},
      {"execl", "no programs are run"},
      {"posix_spawn", "no programs are run"},
      {"std::regex", "Pattern: linear in time"},
      {"std::format(", "fmt::format: this compiler has none"},
      {"std::cout", "Log", {"exporter/main.cc", "tests/bench/"}},
      {"std::cerr", "Log", {"exporter/main.cc", "tests/bench/"}},
      {"system_clock::now", "Clock::wall", {"exporter/clock.cc", "tests/"}},
      {"steady_clock::now", "Clock::now", {"exporter/clock.cc", "exporter/scheduler.cc", "exporter/web.cc", "tests/"}},
      {"sleep_for(", "poll with a deadline", {"exporter/", "collectors/"}},
      {"sleep_until(", "poll with a deadline", {"exporter/", "collectors/"}},
      {"usleep(", "poll with a deadline"},
      {"sleep(", "poll with a deadline"},
      {"strtok", "Words"},
      {"std::stoi", "to_i64", {"tests/bench/"}},
      {"atoi(", "to_i64", {"tests/bench/"}},
  };
  for (const Source& source : sources()) {
    for (const Banned& banned : all_banned) {
      const auto begins = [&](std::string_view path) { return source.in(path); };
      if (source.in("tests/tidy/") || std::ranges::any_of(banned.allowed, begins)) continue;
      for (std::size_t i = 0; i < source.lines.size(); ++i) {
        const std::string_view code = source.lines[i].substr(0, source.lines[i].find("//"));
        EXPECT_FALSE(has_word(code, banned.word)) << at(source, i) << banned.word << " - instead: " << banned.instead;
      }
    }
  }
}

TEST(Tidy, IncludesPointOneWay) {
  for (const Source& source : sources()) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      const std::string_view line = source.lines[i];
      if (!line.starts_with("#include \"") || source.in("tests/")) continue;
      const std::string_view file = line.substr(10);
      const bool good =
          file.starts_with("exporter/") ||
          (file.starts_with("collectors/") && (source.in("collectors/") || source.path == "exporter/main.cc"));
      EXPECT_TRUE(good) << at(source, i) << "collectors -> exporter -> std, not the other way";
    }
  }
}

// A door is a file, or a folder of few.
TEST(Tidy, EachLibraryHasOneDoor) {
  const std::multimap<std::string_view, std::string_view> doors = {
      {"yaml-cpp/", "exporter/config_tree.cc"},
      {"civetweb.h", "exporter/web.cc"},
      {"spdlog/", "exporter/log.cc"},
      {"prometheus/", "exporter/telemetry.cc"},
      {"isa-l/", "exporter/gzip.cc"},
      {"re2/", "exporter/pattern.cc"},
      {"CLI/", "exporter/main.cc"},
      {"pqxx/", "collectors/postgres/module/session_pqxx.cc"},
      {"curl/", "collectors/http/module/"},
      {"zlib.h", "collectors/backups/module/deflate.cc"},
      {"zstd", "collectors/backups/module/zstandard.cc"},
      {"lzma.h", "collectors/backups/module/xz.cc"},
      {"lz4", "collectors/backups/module/lz4.cc"},
      {"openssl/", "collectors/backups/module/digest.cc"},  // digests alone
      {"openssl/", "collectors/certificates/module/openssl.h"},
      {"openssl/", "collectors/http/module/tls_facts.cc"},
      {"nlohmann/", "collectors/json/json.cc"},
  };
  for (const Source& source : sources()) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      for (const auto& [header, door] : doors) {
        const bool includes = source.lines[i].starts_with("#include <" + std::string(header));
        const auto [first, last] = doors.equal_range(header);
        const bool is_door = std::any_of(first, last, [&](const auto& one) { return source.in(one.second); });
        EXPECT_FALSE(includes && !is_door && !source.in("tests/")) << at(source, i) << "belongs in " << door;
      }
    }
  }
}

TEST(Tidy, EveryCollectorIsListedAndTested) {
  const auto list = std::ranges::find(sources(), "collectors/all.h", &Source::path);
  ASSERT_NE(list, sources().end());
  std::map<std::string, std::map<std::size_t, std::string>> listed;  // folder -> place in the list -> name
  for (const Source& source : sources()) {
    for (std::string_view line : source.lines) {
      if (!line.starts_with("const CollectorType ") || line.find("_collector = {") == std::string_view::npos) continue;
      const std::string name(line.substr(20, line.find("_collector") - 20));
      const std::size_t place = list->text.find("X(" + name + ")");
      EXPECT_NE(place, std::string::npos) << source.path << ": no X(" << name << ") in collectors/all.h";
      listed[std::filesystem::path(source.path).parent_path()][place] = name;
      const std::string test = "tests/" + source.path.substr(0, source.path.size() - 3) + "_test.cc";
      EXPECT_NE(std::ranges::find(sources(), test, &Source::path), sources().end()) << test << " is missing";
    }
  }
  for (const auto& [folder, names] : listed) {
    const auto out_of_order = std::ranges::is_sorted_until(names, {}, [](const auto& item) { return item.second; });
    EXPECT_EQ(out_of_order, names.end()) << "collectors/all.h: " << out_of_order->second << " is not in its place";
  }
}

}  // namespace
}  // namespace upkeep
