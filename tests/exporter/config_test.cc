// Reading settings strictly: values, defaults, and every mistake with its place.
#include "exporter/config.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "exporter/limits.h"

namespace upkeep {
namespace {

using namespace std::chrono_literals;
using Read = std::function<void(ConfigReader&)>;
constexpr std::initializer_list<std::string_view> kNoChoices = {};

// Reads a value of a good document.
template <class Get>
auto good(std::string text, Get get) {
  ConfigDocument document("f.yml", std::move(text));
  ConfigReader root = document.root();
  auto value = get(root);
  for (const std::string& mistake : document.mistakes()) ADD_FAILURE() << mistake;
  return value;
}

// All mistakes, one after the other.
std::string bad(
    std::string text, const Read& read = [](ConfigReader&) {}) {
  ConfigDocument document("f.yml", std::move(text));
  ConfigReader root = document.root();
  read(root);
  std::string all;
  for (const std::string& mistake : document.mistakes()) all += mistake + "\n";
  return all;
}

// A directory that goes when the test ends.
class Directory {
 public:
  Directory() {
    std::string path = ::testing::TempDir() + "upkeep_config_XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) ADD_FAILURE() << "no temporary directory";
    path_ = path;
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  std::string put(const std::string& name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

TEST(ConfigValues, AbsentMeansTheDefault) {
  ConfigDocument document("f.yml", "");
  ConfigReader root = document.root();
  EXPECT_FALSE(root.has("a"));
  EXPECT_EQ(root.path(), "");
  EXPECT_EQ(root.text("a", "x"), "x");
  EXPECT_EQ(root.choice("b", "x", {"x", "y"}), "x");
  EXPECT_TRUE(root.boolean("c", true));
  EXPECT_EQ(root.integer("d", 7, 0, 9), 7);
  EXPECT_EQ(root.duration("e", 15s, 20s), 15s) << "defaults are not checked";
  EXPECT_EQ(root.size("f", 5), 5U);
  EXPECT_FALSE(root.pattern("g", "").has_value());
  EXPECT_TRUE(root.pattern("g2", "^a").has_value());
  EXPECT_FALSE(root.filter("h", "", "^a").keeps("ab"));
  EXPECT_EQ(root.texts("i", {"p", "q"}), (std::vector<std::string>{"p", "q"}));
  EXPECT_TRUE(root.choices("i2", kNoChoices).empty());
  EXPECT_FALSE(root.secret_file("j").has_value());
  EXPECT_EQ(root.section("k").section("l").path(), "k.l");
  EXPECT_EQ(root.section("k").section("l").text("m", "deep"), "deep");
  EXPECT_TRUE(root.sections("n").empty());
  EXPECT_FALSE(root.switched_off("o"));
  EXPECT_TRUE(document.mistakes().empty());
}

TEST(ConfigValues, AbsentKeysAreKnown) {
  ConfigDocument document("f.yml", "a: {b: 1}\nl: [{c: 1}]\nd: 1\n");
  ConfigReader root = document.root();
  root.section("a").text("b", "");
  root.section("a").text("x", "");
  root.section("y").section("z").text("x", "");
  for (ConfigReader& item : root.sections("l")) item.text("x", "");
  EXPECT_EQ(document.absent_keys(), (std::vector<std::string>{"a.x", "l[0].x", "y.z.x"}));
}

TEST(ConfigValues, Texts) {
  const auto f = [](std::string text) { return good(std::move(text), [](auto& r) { return r.text("a", "x"); }); };
  EXPECT_EQ(f("a: plain words # not this"), "plain words");
  EXPECT_EQ(f("a: 010"), "010");
  EXPECT_EQ(f("a: '15s: {[#'"), "15s: {[#");
  EXPECT_EQ(f("a: 'it''s'"), "it's");
  EXPECT_EQ(f("a: \"PING\\r\\n\\t\\\"\\u00e9\""), "PING\r\n\t\"é");
  EXPECT_EQ(f("a: ''"), "");
  EXPECT_EQ(f("a: 'false'"), "false");
  EXPECT_EQ(f("a: no"), "no");
  EXPECT_EQ(f("a: é ü\r\n"), "é ü");
  EXPECT_EQ(f("a: |\n  SELECT 1\n  \tFROM x\n"), "SELECT 1\n\tFROM x\n");
  EXPECT_EQ(f("\xEF\xBB\xBF"
              "a: after a byte order mark"),
            "after a byte order mark");
  EXPECT_EQ(f("%YAML 1.2\n---\na: with a header\n...\n# and an end\n"), "with a header");
}

TEST(ConfigValues, NumbersAndWords) {
  const auto number = [](std::string text) {
    return good("a: " + text, [](auto& r) { return r.integer("a", 1, INT64_MIN, INT64_MAX); });
  };
  EXPECT_EQ(number("0"), 0);
  EXPECT_EQ(number("-5"), -5);
  EXPECT_EQ(number("9223372036854775807"), INT64_MAX);
  const auto word = [](std::string text) {
    return good("a: " + text, [](auto& r) { return r.boolean("a", false) ? "on" : "off"; });
  };
  EXPECT_STREQ(word("true"), "on");
  EXPECT_STREQ(word("false"), "off");
  EXPECT_EQ(good("a: 'y'", [](auto& r) { return r.choice("a", "x", {"x", "y"}); }), "y");
}

TEST(ConfigValues, Durations) {
  const auto f = [](std::string text) {
    return good("a: " + text, [](auto& r) { return r.duration("a", 1ms); }).count();
  };
  EXPECT_EQ(f("0s"), 0);
  EXPECT_EQ(f("500ms"), 500);
  EXPECT_EQ(f("15s"), 15'000);
  EXPECT_EQ(f("5m"), 300'000);
  EXPECT_EQ(f("26h"), 93'600'000);
  EXPECT_EQ(f("30d"), 2'592'000'000);
  EXPECT_EQ(f("1w"), 604'800'000);
  EXPECT_EQ(f("1h30m"), 5'400'000);
  EXPECT_EQ(f("1w1d1h1m1s1ms"), 694'861'001);
  EXPECT_EQ(f("36500d"), 3'153'600'000'000);
}

TEST(ConfigValues, Sizes) {
  const auto f = [](std::string text) { return good("a: " + text, [](auto& r) { return r.size("a", 1); }); };
  EXPECT_EQ(f("0"), 0U);
  EXPECT_EQ(f("512"), 512U);
  EXPECT_EQ(f("512B"), 512U);
  EXPECT_EQ(f("1kB"), 1000U);
  EXPECT_EQ(f("2MB"), 2'000'000U);
  EXPECT_EQ(f("64KiB"), 65'536U);
  EXPECT_EQ(f("1MiB"), 1U << 20);
  EXPECT_EQ(f("2GiB"), std::uint64_t{1} << 31);
  EXPECT_EQ(f("18446744073709551615"), UINT64_MAX);
}

TEST(ConfigValues, Patterns) {
  const auto matches = [](std::string text, std::string_view name) {
    return good(std::move(text), [&](auto& r) {
      const auto pattern = r.pattern("a", "^default$");
      return pattern.has_value() && pattern->matches(name);
    });
  };
  EXPECT_TRUE(matches("", "default"));
  EXPECT_TRUE(matches("a: '^x\\d$'", "x1"));
  EXPECT_FALSE(matches("a: '^x\\d$'", "default"));
  EXPECT_FALSE(matches("a: ''", "default")) << "empty means none";

  const auto keeps = [](std::string text, std::string_view name) {
    return good(std::move(text), [&](auto& r) { return r.filter("a", "^e", "9$").keeps(name); });
  };
  EXPECT_TRUE(keeps("", "e1"));
  EXPECT_FALSE(keeps("", "e9"));
  EXPECT_FALSE(keeps("", "w1"));
  EXPECT_TRUE(keeps("a: {exclude: '1$'}", "e9"));
  EXPECT_FALSE(keeps("a: {exclude: '1$'}", "w2")) << "the default that was not given holds";
  EXPECT_TRUE(keeps("a: {include: '', exclude: ''}", "w9"));
}

TEST(ConfigValues, Lists) {
  const auto f = [](std::string text) { return good(std::move(text), [](auto& r) { return r.texts("a", {"x"}); }); };
  using List = std::vector<std::string>;
  EXPECT_EQ(f("a: [p, 'q r', 5]"), (List{"p", "q r", "5"}));
  EXPECT_EQ(f("a:\n  - p\n  - q\n"), (List{"p", "q"}));
  EXPECT_EQ(f("a: p"), (List{"p"}));
  EXPECT_EQ(f("a: []"), List{});
  constexpr std::string_view kChoices[] = {"cpu", "edac"};
  EXPECT_EQ(good("a: [edac]", [&](auto& r) { return r.choices("a", kChoices); }), List{"edac"});
}

TEST(ConfigValues, Sections) {
  ConfigDocument document("f.yml", "a: {b: {c: 1}}\nl:\n  - {n: p}\n  - {n: q}\nnothing:\noff: false\non: true\n");
  ConfigReader root = document.root();
  EXPECT_TRUE(root.has("a"));
  EXPECT_EQ(root.section("a").section("b").path(), "a.b");
  EXPECT_EQ(root.section("a").section("b").integer("c", 0, 0, 9), 1);
  std::vector<ConfigReader> list = root.sections("l");
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[1].path(), "l[1]");
  EXPECT_EQ(list[0].required_text("n"), "p");
  EXPECT_EQ(list[1].required_text("n"), "q");
  EXPECT_EQ(root.section("nothing").text("x", "empty"), "empty");
  EXPECT_TRUE(root.sections("nothing").empty());
  EXPECT_TRUE(root.switched_off("off"));
  EXPECT_EQ(root.section("off").text("x", "empty"), "empty");
  EXPECT_TRUE(root.sections("off").empty());
  EXPECT_FALSE(root.switched_off("on"));
  EXPECT_EQ(root.section("on").text("x", "empty"), "empty");
  for (const std::string& mistake : document.mistakes()) ADD_FAILURE() << mistake;
}

TEST(ConfigMistakes, PointAtTheValue) {
  const auto f = [](std::string text, const Read& read, std::string_view message) {
    EXPECT_EQ(bad(text, read), fmt::format("f.yml:1:4: a: {}\n{}\n   ^\n", message, text));
  };
  const Read text = [](ConfigReader& r) { EXPECT_EQ(r.text("a", "x").substr(0, 0), ""); };
  const Read number = [](ConfigReader& r) { EXPECT_EQ(r.integer("a", 5, 1, 10), 5); };
  const Read word = [](ConfigReader& r) { EXPECT_TRUE(r.boolean("a", true)); };
  const Read duration = [](ConfigReader& r) { EXPECT_EQ(r.duration("a", 5s, 1s), 5s); };
  const Read size = [](ConfigReader& r) { EXPECT_EQ(r.size("a", 5), 5U); };
  const Read choice = [](ConfigReader& r) { EXPECT_EQ(r.choice("a", "info", {"debug", "info"}), "info"); };
  const Read pattern = [](ConfigReader& r) { EXPECT_FALSE(r.pattern("a", "x").has_value()); };
  const Read section = [](ConfigReader& r) { EXPECT_EQ(r.section("a").text("b", "x"), "x"); };
  const Read sections = [](ConfigReader& r) { EXPECT_TRUE(r.sections("a").empty()); };
  const Read required = [](ConfigReader& r) { r.required_text("a"); };

  f("a: [x]", text, "a text expected, not a list");
  f("a: {x: 1}", text, "a text expected, not a map");
  f("a: false", text, "a text expected; write 'false'");
  f("a: true", required, "a text expected; write 'true'");
  f("a: ''", required, "must not be empty");
  f("a: 5x", number, "a whole number expected, not '5x'");
  f("a: 1e3", number, "a whole number expected, not '1e3'");
  f("a: 0x10", number, "a whole number expected, not '0x10'");
  f("a: +5", number, "a whole number expected, not '+5'");
  f("a: 5.0", number, "a whole number expected, not '5.0'");
  f("a: 9223372036854775808", number, "a whole number expected, not '9223372036854775808'");
  f("a: 010", number, "a number without leading zeros expected, not '010'");
  f("a: -08", number, "a number without leading zeros expected, not '-08'");
  f("a: '5'", number, "a number without quotes expected, not '5'");
  f("a: 11", number, "a number from 1 to 10 expected, not '11'");
  f("a: 0", number, "a number from 1 to 10 expected, not '0'");
  f("a: {}", number, "a whole number expected, not a map");
  f("a: yes", word, "true or false expected, not 'yes'");
  f("a: True", word, "true or false expected, not 'True'");
  f("a: 'true'", word, "true or false expected, not 'true'");
  f("a: 1", word, "true or false expected, not '1'");
  f("a: 15", duration, "a unit expected after the number: ms, s, m, h, d or w, not '15'");
  f("a: 500ms", duration, "at least 1s expected, not '500ms'");
  const std::string example = "a duration such as 500ms, 15s, 5m, 26h, 30d, 1w or 1h30m expected";
  f("a: 1y", duration, example + ", not '1y'");
  f("a: 1.5h", duration, example + ", not '1.5h'");
  f("a: -5s", duration, example + ", not '-5s'");
  f("a: 5s1m", duration, example + ", not '5s1m'");
  f("a: 5s5s", duration, example + ", not '5s5s'");
  f("a: 5s5", duration, example + ", not '5s5'");
  f("a: s", duration, example + ", not 's'");
  f("a: 15 s", duration, example + ", not '15 s'");
  f("a: ''", duration, example + ", not ''");
  f("a: 36501d", duration, "a duration of at most a hundred years expected, not '36501d'");
  f("a: 99999999999999999999s", duration,
    "a duration of at most a hundred years expected, not '99999999999999999999s'");
  f("a: 5 MiB", size, "a size such as 512, 64KiB, 1MiB, 2GiB, 1kB or 1MB expected, not '5 MiB'");
  f("a: 5mb", size, "a size such as 512, 64KiB, 1MiB, 2GiB, 1kB or 1MB expected, not '5mb'");
  f("a: -1", size, "a size such as 512, 64KiB, 1MiB, 2GiB, 1kB or 1MB expected, not '-1'");
  f("a: KiB", size, "a size such as 512, 64KiB, 1MiB, 2GiB, 1kB or 1MB expected, not 'KiB'");
  f("a: 16777216TiB", size, "a size below 16 EiB expected, not '16777216TiB'");
  f("a: inof", choice, "one of debug, info expected, not 'inof', did you mean 'info'?");
  f("a: loud", choice, "one of debug, info expected, not 'loud'");
  f("a: []", choice, "one of debug, info expected, not a list");
  f("a: (x", pattern, "not a regular expression: missing ): (x");
  f("a: x", section, "a map expected, not 'x'");
  f("a: [x]", section, "a map expected, not a list");
  f("a: x", sections, "a list of maps expected, not 'x'");
  f("a: {x: 1}", sections, "a list of maps expected, not a map");
}

TEST(ConfigMistakes, OfWhatIsMissing) {
  const Read required = [](ConfigReader& r) {
    r.section("a").section("b").required_text("c");
    for (ConfigReader& item : r.sections("l")) item.required_text("name");
  };
  EXPECT_EQ(bad("x: 1\na:\n  b: {}\n", [&](ConfigReader& r) { r.text("x", ""), required(r); }),
            "f.yml:3:3: a.b.c: required, but missing\n  b: {}\n  ^\n");
  EXPECT_EQ(bad("x: 1\na:\n", [&](ConfigReader& r) { r.text("x", ""), required(r); }),
            "f.yml:2:1: a.b.c: required, but missing\na:\n^\n");
  EXPECT_EQ(bad("", required), "f.yml:1:1: a.b.c: required, but missing\n");
  EXPECT_EQ(bad("a: {b: {c: x}}\nl:\n  - host: y\n  -\n  - z\n  - []\n",
                [&](ConfigReader& r) {
                  required(r);
                  for (ConfigReader& item : r.sections("l")) item.text("host", "");
                }),
            "f.yml:3:3: l[1]: a map expected, not nothing\n  - host: y\n  ^\n"
            "f.yml:3:5: l[0].name: required, but missing\n  - host: y\n    ^\n"
            "f.yml:5:5: l[2]: a map expected, not 'z'\n  - z\n    ^\n"
            "f.yml:6:5: l[3]: a map expected, not a list\n  - []\n    ^\n");
  EXPECT_EQ(bad("a: 5\n", [](ConfigReader& r) { r.section("a").required_text("b"); }),
            "f.yml:1:4: a: a map expected, not '5'\na: 5\n   ^\n")
      << "nothing is missing where there is no map";
  EXPECT_EQ(bad("a:\n", [](ConfigReader& r) { r.duration("a", 1s); }),
            "f.yml:1:1: a: a duration expected, not nothing\na:\n^\n");
  EXPECT_EQ(bad("a: ~\n", [](ConfigReader& r) { r.required_text("a"); }),
            "f.yml:1:1: a: a text expected, not nothing\na: ~\n^\n");
}

TEST(ConfigMistakes, UnknownKeysAnywhereBelowWhatWasRead) {
  const Read read = [](ConfigReader& r) {
    r.section("web").text("listen", "");
    r.section("web").section("tls").text("key_file", "");
    for (ConfigReader& item : r.sections("list")) item.text("timeout", "");
  };
  EXPECT_EQ(bad("wbe: {x: 1}\nweb:\n  listen: x\n  zzz: 1\nlist:\n  - timout: 5s\n    TIMEOUT: 5s\n", read),
            "f.yml:1:1: wbe: unknown key, did you mean 'web'?\nwbe: {x: 1}\n^\n"
            "f.yml:4:3: web.zzz: unknown key\n  zzz: 1\n  ^\n"
            "f.yml:6:5: list[0].timout: unknown key, did you mean 'timeout'?\n  - timout: 5s\n    ^\n"
            "f.yml:7:5: list[0].TIMEOUT: unknown key, did you mean 'timeout'?\n    TIMEOUT: 5s\n    ^\n");
  EXPECT_EQ(bad("ключ: 1\n", read), "f.yml:1:1: ключ: unknown key\nключ: 1\n^\n");
  EXPECT_EQ(bad("{é: 1, web: {b: 2}}", read),
            "f.yml:1:2: é: unknown key\n{é: 1, web: {b: 2}}\n ^\n"
            "f.yml:1:14: web.b: unknown key\n{é: 1, web: {b: 2}}\n             ^\n");
}

TEST(ConfigMistakes, InListsOfNames) {
  constexpr std::string_view kNames[] = {"cpu", "edac", "interrupts"};
  const Read read = [&](ConfigReader& r) { r.choices("a", kNames); };
  EXPECT_EQ(bad("a: [cpu, edca, x, 'edac', {y: 1}]", read),
            "f.yml:1:10: a[1]: unknown name 'edca', did you mean 'edac'?\na: [cpu, edca, x, 'edac', {y: 1}]\n"
            "         ^\n"
            "f.yml:1:16: a[2]: unknown name 'x'\na: [cpu, edca, x, 'edac', {y: 1}]\n               ^\n"
            "f.yml:1:27: a[4]: a text expected, not a map\na: [cpu, edca, x, 'edac', {y: 1}]\n"
            "                          ^\n");
  EXPECT_EQ(bad("a: interupts", read),
            "f.yml:1:4: a: unknown name 'interupts', did you mean 'interrupts'?\na: interupts\n   ^\n");
  EXPECT_EQ(bad("a: {x: 1}", read), "f.yml:1:4: a: a text or a list of texts expected, not a map\na: {x: 1}\n   ^\n");
}

TEST(ConfigMistakes, OfTheCaller) {
  EXPECT_EQ(bad("a: {b: 1}\n",
                [](ConfigReader& r) {
                  ConfigReader a = r.section("a");
                  const std::size_t before = a.mistakes_so_far();
                  a.mistake("b", "too small");
                  a.mistake("c", "not there");
                  a.mistake("", "all of it");
                  a.mistake("b", "too small");
                  EXPECT_EQ(r.mistakes_so_far() - before, 4U);
                }),
            "f.yml:1:1: a.c: not there\na: {b: 1}\n^\n"
            "f.yml:1:4: a: all of it\na: {b: 1}\n   ^\n"
            "f.yml:1:8: a.b: too small\na: {b: 1}\n       ^\n");
}

TEST(ConfigMistakes, AtMostSoManyAndNoneTwice) {
  std::string text;
  for (int i = 0; i < 150; ++i) text += fmt::format("key{}: 1\n", i);
  ConfigDocument document("f.yml", text);
  document.root();
  const auto mistakes = document.mistakes();
  ASSERT_EQ(mistakes.size(), limits::kConfigMistakes + 1);
  EXPECT_EQ(mistakes[99], "f.yml:100:1: key99: unknown key\nkey99: 1\n^");
  EXPECT_EQ(mistakes.back(), "f.yml: 50 more mistakes");
  EXPECT_EQ(document.mistakes(), mistakes) << "asking changes nothing";
}

TEST(ConfigMistakes, AreShortAndPrintable) {
  const std::string noise(3000, 'x');
  const Read read = [](ConfigReader& r) { r.integer("a", 0, 0, 1); };
  EXPECT_EQ(bad("a: " + noise, read), "f.yml:1:4: a: a whole number expected, not '" + noise.substr(0, 60) +
                                          "...'\na: " + noise.substr(0, 117) + "...\n   ^\n");
  EXPECT_EQ(bad(noise.substr(0, 900) + ": 1", read),
            "f.yml:1:1: " + noise.substr(0, 500) + "...\n" + noise.substr(0, 120) + "...\n^\n");
  EXPECT_EQ(bad("a: \"\\e[31m\"", read),
            "f.yml:1:4: a: a number without quotes expected, not ' [31m'\na: \"\\e[31m\"\n   ^\n");
  EXPECT_EQ(bad("x:\ta\n", read), "f.yml:1:1: x: unknown key, did you mean 'a'?\nx: a\n^\n");
}

// What is wrong with the text itself.
TEST(ConfigSyntax, IsStricterThanTheLibrary) {
  const auto f = [](std::string text, std::string_view first_line) {
    const Read read = [](ConfigReader& r) { r.required_text("required"); };
    const std::string all = bad(std::move(text), read);
    EXPECT_EQ(all.substr(0, all.find('\n')), first_line);
  };
  f("required: x\nb: 1\nb: 2\n", "f.yml:2:1: b: unknown key");
  f("required: x\nrequired: y\n", "f.yml:2:1: required: repeated key, first on line 1");
  f("a: &x 1\n", "f.yml:1:1: required: required, but missing");
  f("required: &x 1\n", "f.yml:1:11: anchors (&) are not supported; write the value where it is used");
  f("required: *x\n", "f.yml:1:11: not YAML: the referenced anchor is not defined");
  f("required: &x [*x]\n", "f.yml:1:11: anchors (&) are not supported; write the value where it is used");
  f("required: x\n<<: {a: 1}\n", "f.yml:2:1: merge keys (<<) are not supported; write the keys out");
  f("required: !!str x\n", "f.yml:1:11: tags (!) are not supported");
  f("required: x\n---\nb: 1\n", "f.yml:2:1: a second document begins here; one was expected");
  f("required: x\n---\n", "f.yml:2:1: a second document begins here; one was expected");
  f("{required: x}\nb: 1\n", "f.yml:2:1: a second document begins here; one was expected");
  f("required: 'x\nb: 1\n", "f.yml:1:11: the quote that opens here never closes");
  f("required: \"x\\\"\nb: 1\n", "f.yml:1:11: the quote that opens here never closes");
  f("required: x\n? [a, b]\n: 1\n", "f.yml:2:3: a key must be a text");
  f("required: x\n: 1\n", "f.yml:2:1: a key expected");
  f("required: \"a\\0b\"\n", "f.yml:1:11: a text cannot hold a NUL character");
  f("required:\n\tx: 1\n", "f.yml:2:1: a tab in the indentation; YAML knows spaces only");
  f("required:\n  x: 1\n\ty: 1\n", "f.yml:3:1: a tab in the indentation; YAML knows spaces only");
  f("required: {x\n", "f.yml:1:13: not YAML: end of map flow not found");
  f("required: x: y\n", "f.yml:1:12: not YAML: illegal map value");
  f("required:x\n", "f.yml:1:1: a map expected, \"key: value\"");
  f("- x\n", "f.yml:1:1: a map expected, \"key: value\"");
  f(std::string("required: x\0y\n", 14), "f.yml:1:12: a control character (0x00) in the file");
  f("required: x\ry\n", "f.yml:1:12: a control character (0x0d) in the file");
  f("required: \x1b[31m\n", "f.yml:1:11: a control character (0x1b) in the file");
  f("a: 1\nrequired: caf\xe9\n", "f.yml:2:1: this line is not UTF-8 text");
  f("\xff\xfe"
    "a",
    "f.yml:1:1: this line is not UTF-8 text");
}

TEST(ConfigSyntax, NothingIsMissedWhereNothingIsUnderstood) {
  EXPECT_EQ(bad("required: x: y\n",
                [](ConfigReader& r) {
                  EXPECT_FALSE(r.has("required"));
                  r.required_text("required");
                  r.mistake("required", "and more");
                }),
            "f.yml:1:12: not YAML: illegal map value\nrequired: x: y\n           ^\n");
}

TEST(ConfigSyntax, SeveralAtOnce) {
  EXPECT_EQ(bad("a: &x 1\nb: *x\na: 2\n? {k: v}\n: w\n<<: *x\n",
                [](ConfigReader& r) {
                  EXPECT_EQ(r.integer("a", 0, 0, 9), 1);
                  EXPECT_EQ(r.integer("b", 7, 0, 9), 7);
                }),
            "f.yml:1:4: anchors (&) are not supported; write the value where it is used\na: &x 1\n   ^\n"
            "f.yml:2:4: aliases (*) are not supported; write the value out\nb: *x\n   ^\n"
            "f.yml:3:1: a: repeated key, first on line 1\na: 2\n^\n"
            "f.yml:4:3: a key must be a text\n? {k: v}\n  ^\n"
            "f.yml:6:1: merge keys (<<) are not supported; write the keys out\n<<: *x\n^\n"
            "f.yml:6:5: aliases (*) are not supported; write the value out\n<<: *x\n    ^\n");
}

TEST(ConfigSyntax, IsBounded) {
  const auto f = [](const std::string& text) {
    const std::string all = bad(text);
    return all.substr(0, all.find('\n'));
  };
  EXPECT_EQ(f("a: " + std::string(31, '[') + std::string(31, ']')), "f.yml:1:1: a: unknown key");
  EXPECT_EQ(f("a: " + std::string(32, '[') + std::string(32, ']')),
            "f.yml:1:35: more than 32 levels of lists and maps");
  EXPECT_EQ(f("a: " + std::string(400, '[') + std::string(400, ']')),
            "f.yml:1:35: more than 32 levels of lists and maps");
  EXPECT_NE(bad(std::string(5'000, '[')).find("more than 32 levels"), std::string::npos);
  EXPECT_NE(bad(std::string(5'000, '{')).find("more than 32 levels"), std::string::npos);
  std::string list = "a:\n";
  for (int i = 0; i < 10'000; ++i) list += "- 1\n";
  EXPECT_EQ(f(list), "f.yml:10000:3: more than 10000 values");
  std::string bomb = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (char c = 'b'; c <= 'z'; ++c) {
    bomb += fmt::format("{}: &{} [*{}, *{}, *{}, *{}]\n", c, c, c - 1, c - 1, c - 1, c - 1);
  }
  EXPECT_EQ(f(bomb), "f.yml:1:4: anchors (&) are not supported; write the value where it is used");
}

TEST(ConfigFile, IsReadOrSaysWhyNot) {
  const Directory directory;
  const std::string path = directory.put("a.yml", "web: {}\n");
  EXPECT_EQ(read_config_file(path).value(), "web: {}\n");
  EXPECT_EQ(read_config_file(directory.put("empty.yml", "")).value(), "");
  const auto f = [](const std::string& where) { return read_config_file(where).error().message; };
  EXPECT_EQ(f(directory.path() + "/b.yml"), directory.path() + "/b.yml: No such file or directory");
  EXPECT_EQ(f(directory.path()), directory.path() + ": Is a directory");
  EXPECT_EQ(f(path + "/x"), path + "/x: Not a directory");
  EXPECT_EQ(f("/dev/null"), "/dev/null: not a regular file");
  const std::string large = directory.put("large.yml", std::string(limits::kConfigBytes + 1, '#'));
  EXPECT_EQ(f(large), large + ": larger than 1048576 bytes");
  EXPECT_EQ(read_config_file(large).error().code, ErrorCode::kLimit);
  EXPECT_TRUE(read_config_file(directory.put("full.yml", std::string(limits::kConfigBytes, '#'))).has_value());
}

TEST(ConfigFile, OfCommentsAloneIsAnEmptyMap) {
  EXPECT_EQ(good("# nothing\n\n# to see\n", [](auto& r) { return r.section("web").text("listen", "x"); }), "x");
  EXPECT_EQ(good("---\n", [](auto& r) { return r.section("web").text("listen", "x"); }), "x");
}

constexpr std::string_view kCanary = "canary-3f9a";

TEST(SecretFile, LosesOneNewline) {
  const Directory directory;
  const auto f = [&](std::string_view content) {
    const std::string path = directory.put("secret", content);
    return good("password_file: " + path, [](auto& r) { return r.secret_file("password_file")->reveal(); });
  };
  EXPECT_EQ(f("x y"), "x y");
  EXPECT_EQ(f("x\n"), "x");
  EXPECT_EQ(f("x\n\n"), "x\n");
  EXPECT_EQ(f("x\r\n"), "x");
  EXPECT_EQ(f(" \xff "), " \xff ");
}

TEST(SecretFile, SaysWhichFileAndNothingOfIt) {
  const Directory directory;
  const auto f = [](const std::string& value) {
    return bad("password_file: " + value, [](auto& r) { EXPECT_FALSE(r.secret_file("password_file").has_value()); });
  };
  const std::string absent = directory.path() + "/absent";
  EXPECT_EQ(f(absent), "f.yml:1:16: password_file: " + absent +
                           ": No such file or directory\npassword_file: " + absent + "\n               ^\n");
  const std::string empty = directory.put("empty", "\n");
  EXPECT_EQ(f(empty),
            "f.yml:1:16: password_file: " + empty + ": empty\npassword_file: " + empty + "\n               ^\n");
  const std::string large = directory.put("large", std::string(limits::kSecretBytes, ' ').append(kCanary));
  EXPECT_EQ(f(large), "f.yml:1:16: password_file: " + large + ": larger than 65536 bytes\npassword_file: " + large +
                          "\n               ^\n");
  EXPECT_EQ(f(directory.path()), "f.yml:1:16: password_file: " + directory.path() +
                                     ": Is a directory\npassword_file: " + directory.path() + "\n               ^\n");
  EXPECT_EQ(f(std::string(kCanary)), "f.yml:1:16: password_file: the absolute path of a file expected\n");
  EXPECT_EQ(f("''"), "f.yml:1:16: password_file: the absolute path of a file expected\n");
}

// A secret typed where it does not belong is in no message, whatever else is wrong on its line.
TEST(SecretFile, CanaryShowsUpNowhere) {
  const auto f = [](std::string text) {
    const std::string canary(kCanary);
    text.replace(text.find('@'), 1, canary);
    const std::string all = bad(text, [](ConfigReader& r) {
      r.text("user", "");
      r.secret_file("password_file");
      r.duration("timeout", 1s);
    });
    EXPECT_EQ(all.find(canary), std::string::npos) << all;
    EXPECT_NE(all.find("f.yml:"), std::string::npos) << "a mistake was expected in\n" << text;
  };
  f("password: @\n");
  f("Password: @\n");
  f("db_password : @\n");
  f("\"pass\": x\n'passwd': @\n");
  f("secret: '@'\n");
  f("routing_key: @\n");
  f("api-token: @\n");
  f("password_file: @\n");
  f("password_file: [@]\n");
  f("{timeout: x, password: @}\n");
  f("password:\n  @\n");
  f("password: |\n  line\n  @: x\n   y: \x01\n");
  f("password: |\n\t@\n");
  f("password:\n  - a: b: @\n");
  f("passwords:\n  a:\n    b: [@\n");
  f("url: postgresql://upkeep:@@localhost/db\n");
  f("dsn: host=x password=@\n");
  f("password: '@\n");
}

TEST(SecretFile, SiblingsOfASecretAreShown) {
  EXPECT_EQ(bad("a:\n  password: x\n  timout: 5s\n", [](ConfigReader& r) { r.section("a").text("timeout", ""); }),
            "f.yml:2:3: a.password: unknown key\n"
            "f.yml:3:3: a.timout: unknown key, did you mean 'timeout'?\n  timout: 5s\n  ^\n");
}

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
static_assert(Printable<std::string> && !Printable<Secret>);
static_assert(fmt::is_formattable<std::string>::value && !fmt::is_formattable<Secret>::value);
static_assert(!std::is_convertible_v<Secret, std::string> && !std::is_convertible_v<Secret, std::string_view>);

}  // namespace
}  // namespace upkeep
