#include "collectors/textfile/exposition_parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "exporter/limits.h"

namespace upkeep::testing {
namespace {

// Families as "name type [help]:" and their samples as "suffix{labels} value;", or the fault.
std::string parsed(std::string_view text) {
  const auto families = parse_exposition(text);
  if (!families) return fmt::format("line {}: {}", families.error().line, families.error().message);
  std::string all;
  for (const ExpositionFamily& family : *families) {
    all += fmt::format("{} {}", family.name, to_string(family.type));
    if (family.help) all += fmt::format(" [{}]", *family.help);
    all += ":";
    for (const ExpositionSample& sample : family.samples) {
      all += fmt::format(" {}{{", sample.suffix);
      for (const auto& [name, value] : sample.labels) all += fmt::format("{}={},", name, value);
      all += fmt::format("}} {};", sample.value);
    }
    all += "\n";
  }
  return all;
}

ExpositionProblem problem(std::string_view text) {
  const auto families = parse_exposition(text);
  EXPECT_FALSE(families.has_value()) << text;
  return families ? ExpositionProblem{255} : families.error().problem;
}

TEST(ExpositionParser, ReadsSamples) {
  EXPECT_EQ(parsed(""), "");
  EXPECT_EQ(parsed("\n  \n\t\n"), "");
  EXPECT_EQ(parsed("a 1\n"), "a untyped: {} 1;\n");
  EXPECT_EQ(parsed("  a\t 1 \t\n"), "a untyped: {} 1;\n");
  EXPECT_EQ(parsed("a{} 1\nb:c_D9{x=\"1\"} 2\n"), "a untyped: {} 1;\nb:c_D9 untyped: {x=1,} 2;\n");
  EXPECT_EQ(parsed("a { x = \"1\" , y=\"\" , } 1\n"), "a untyped: {x=1,y=,} 1;\n");
  EXPECT_EQ(parsed("a{x=\"1\"}3\n"), "a untyped: {x=1,} 3;\n");
  EXPECT_EQ(parsed("a{x=\"1\"} 1\nb 2\na{x=\"2\"} 3\n"), "a untyped: {x=1,} 1; {x=2,} 3;\nb untyped: {} 2;\n");
  EXPECT_EQ(parsed("a{le=\"1\",job=\"j\",instance=\"i\"} 1\n"), "a untyped: {le=1,job=j,instance=i,} 1;\n");
}

TEST(ExpositionParser, ReadsValues) {
  const auto f = [](std::string value) { return parsed("a " + value + "\n"); };
  EXPECT_EQ(f("1e3"), "a untyped: {} 1000;\n");
  EXPECT_EQ(f("-1.5E-2"), "a untyped: {} -0.015;\n");
  EXPECT_EQ(f("+7"), "a untyped: {} 7;\n");
  EXPECT_EQ(f(".5"), "a untyped: {} 0.5;\n");
  EXPECT_EQ(f("NaN"), "a untyped: {} nan;\n");
  EXPECT_EQ(f("+Inf"), "a untyped: {} inf;\n");
  EXPECT_EQ(f("-inf"), "a untyped: {} -inf;\n");
  for (std::string_view value : {"x", "0x10", "1_000", "nan(1)", "+-1", "1,5", "1.5.", "--1", "1e999", "Inf1"}) {
    EXPECT_EQ(f(std::string(value)), fmt::format("line 1: {:?} is no value", value));
  }
  EXPECT_EQ(f(""), "line 1: \"\" is no value");
}

TEST(ExpositionParser, ReadsComments) {
  EXPECT_EQ(parsed("# anything {\" at all\n#\n#HELP\n# HELP\n# TYPE \n# HELP a\n# TYPE a\na 1\n"),
            "a untyped: {} 1;\n");
  EXPECT_EQ(parsed("# HELP a First\\nsecond \\\\ line\n# TYPE a counter\na 1\n"),
            "a counter [First\nsecond \\ line]: {} 1;\n");
  EXPECT_EQ(parsed("#  HELP\ta \t x y \n # TYPE a GAUGE\na 1\n"), "a gauge [x y ]: {} 1;\n");
  EXPECT_EQ(parsed("# TYPE a untyped\na 1\n# HELP a Late.\n"), "a untyped [Late.]: {} 1;\n");
  EXPECT_EQ(parsed("# TYPE a gauge\n# HELP b Nothing here.\n"), "");
  EXPECT_EQ(parsed("# HELP a x\n# HELP a x\n"), "line 2: second HELP for a");
  EXPECT_EQ(parsed("# TYPE a gauge\n# TYPE a gauge\n"), "line 2: second TYPE for a, or TYPE after its samples");
  EXPECT_EQ(parsed("a 1\n# TYPE a gauge\n"), "line 2: second TYPE for a, or TYPE after its samples");
  EXPECT_EQ(parsed("# TYPE a number\n"), "line 1: \"number\" is no type");
  EXPECT_EQ(parsed("# TYPE a gauge gauge\n"), "line 1: \"gauge gauge\" is no type");
  EXPECT_EQ(parsed("# TYPE 1a gauge\n"), "line 1: \"1a\" in a comment is no metric name");
  EXPECT_EQ(parsed("# HELP a wrong \\t escape\n"), "line 1: unknown escape");
  EXPECT_EQ(parsed("# HELP a wrong \\\" escape\n"), "line 1: unknown escape");
  EXPECT_EQ(parsed("# HELP a ends \\\n"), "line 1: unknown escape");
}

TEST(ExpositionParser, ReadsLabels) {
  EXPECT_EQ(parsed("a{x=\"q\\\"b\\\\n\\n}{,=#\"} 1\n"), "a untyped: {x=q\"b\\n\n}{,=#,} 1;\n");
  EXPECT_EQ(parsed("a{x=\"\xC3\xA9\"} 1\n"), "a untyped: {x=\xC3\xA9,} 1;\n");
  EXPECT_EQ(parsed("a{x=\"1\",x=\"2\"} 1\n"), "line 1: label x a second time");
  EXPECT_EQ(parsed("a{__name__=\"b\"} 1\n"), "line 1: \"__name__\" is no label name");
  EXPECT_EQ(parsed("a{x:y=\"b\"} 1\n"), "line 1: \"x:y\" is no label name");
  EXPECT_EQ(parsed("a{1=\"b\"} 1\n"), "line 1: \"1\" is no label name");
  EXPECT_EQ(parsed("a{,} 1\n"), "line 1: \"\" is no label name");
  EXPECT_EQ(parsed("a{x} 1\n"), "line 1: = expected after label x");
  EXPECT_EQ(parsed("a{x=b} 1\n"), "line 1: opening quote expected");
  EXPECT_EQ(parsed("a{x=\"b} 1\n"), "line 1: closing quote expected");
  EXPECT_EQ(parsed("a{x=\"b\\\"} 1\n"), "line 1: closing quote expected");
  EXPECT_EQ(parsed("a{x=\"b\\"), "line 1: line without an end: the file is not whole");
  EXPECT_EQ(parsed("a{x=\"b\\\n"), "line 1: closing quote expected");
  EXPECT_EQ(parsed("a{x=\"\\t\"} 1\n"), "line 1: unknown escape");
  EXPECT_EQ(parsed("a{x=\"1\" y=\"2\"} 1\n"), "line 1: comma or closing brace expected after a label");
  EXPECT_EQ(parsed("a{x=\"1\"\n"), "line 1: comma or closing brace expected after a label");
  EXPECT_EQ(parsed("a{\n"), "line 1: \"\" is no label name");
  EXPECT_EQ(parsed("a{x=\"1\"}\n"), "line 1: \"\" is no value");
}

TEST(ExpositionParser, ReadsHistogramsAndSummaries) {
  EXPECT_EQ(parsed("# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n"),
            "h histogram: _bucket{le=0.5,} 1; _bucket{le=+Inf,} 2; _sum{} 3; _count{} 2;\n");
  EXPECT_EQ(parsed("# TYPE s summary\ns{quantile=\"0.99\"} 1\ns_sum 3\ns_count 2\n"),
            "s summary: {quantile=0.99,} 1; _sum{} 3; _count{} 2;\n");
  // Without TYPE, and where a family of that name was there before, they are families of their own.
  EXPECT_EQ(parsed("h_bucket{le=\"1\"} 1\nh_sum 3\n"), "h_bucket untyped: {le=1,} 1;\nh_sum untyped: {} 3;\n");
  EXPECT_EQ(parsed("# TYPE s summary\n# TYPE s_sum gauge\ns_sum 3\ns_bucket 1\n"),
            "s_sum gauge: {} 3;\ns_bucket untyped: {} 1;\n");
  EXPECT_EQ(parsed("# TYPE g gauge\ng_sum 3\n"), "g_sum untyped: {} 3;\n");
  EXPECT_EQ(parsed("# TYPE h histogram\nh 1\n"), "line 2: h is a histogram: _bucket, _sum or _count expected");
  EXPECT_EQ(parsed("# TYPE h histogram\nh_bucket 1\n"), "line 2: h: label le with a number expected");
  EXPECT_EQ(parsed("# TYPE h histogram\nh_bucket{le=\"\"} 1\n"), "line 2: h: label le with a number expected");
  EXPECT_EQ(parsed("# TYPE s summary\ns 1\n"), "line 2: s: label quantile with a number expected");
  EXPECT_EQ(parsed("# TYPE s summary\ns{quantile=\"x\"} 1\n"), "line 2: s: label quantile with a number expected");
}

TEST(ExpositionParser, RefusesTimes) {
  EXPECT_EQ(parsed("a 1 1395066363000\n"), "line 1: a time of its own");
  EXPECT_EQ(problem("a 1 1395066363000\n"), ExpositionProblem::kTimestamp);
  EXPECT_EQ(problem("a{x=\"1\"} 1 -5 \n"), ExpositionProblem::kTimestamp);
  EXPECT_EQ(parsed("a 1 1.5\n"), "line 1: nothing expected after the value");
  EXPECT_EQ(problem("a 1 5 6\n"), ExpositionProblem::kSyntax);
  EXPECT_EQ(problem("a 1 # b\n"), ExpositionProblem::kSyntax);
}

TEST(ExpositionParser, RefusesSeriesTwice) {
  EXPECT_EQ(parsed("a 1\nb 1\na 2\n"), "line 3: a: the same series a second time");
  EXPECT_EQ(problem("a 1\na 1\n"), ExpositionProblem::kDuplicate);
  EXPECT_EQ(problem("a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1\n"), ExpositionProblem::kDuplicate);
  EXPECT_EQ(problem("a{x=\"\"} 1\na 1\n"), ExpositionProblem::kDuplicate);
  EXPECT_EQ(parsed("a{x=\"12\"} 1\na{x=\"1\",y=\"2\"} 1\n"), "a untyped: {x=12,} 1; {x=1,y=2,} 1;\n");
}

TEST(ExpositionParser, RefusesWhatIsNoText) {
  EXPECT_EQ(parsed("a 1\nb{x=\"\xFF\"} 1\n"), "line 2: bytes that are no UTF-8");
  EXPECT_EQ(problem("# HELP a \xC3\na 1\n"), ExpositionProblem::kUtf8);
  EXPECT_EQ(problem("# \xED\xA0\x80\n"), ExpositionProblem::kUtf8);
  EXPECT_EQ(parsed("a 1\nb 2"), "line 2: line without an end: the file is not whole");
  EXPECT_EQ(parsed("a 1\r\nb 2\r\n"), "line 1: \"1\\r\" is no value");
  EXPECT_EQ(parsed("1a 1\n"), "line 1: \"1a\" is no metric name");
  EXPECT_EQ(parsed("a-b 1\n"), "line 1: \"a-b\" is no metric name");
  EXPECT_EQ(parsed("{a=\"b\"} 1\n"), "line 1: \"\" is no metric name");
  EXPECT_EQ(parsed("<html>\n"), "line 1: \"<html>\" is no metric name");
  EXPECT_EQ(parsed(std::string("a\0 1\n", 5)), "line 1: \"a\\x00\" is no metric name");
}

TEST(ExpositionParser, StaysCalmWithLongLines) {
  const std::string long_word(std::size_t{1} << 20, 'x');
  EXPECT_EQ(parsed(long_word), "line 1: line without an end: the file is not whole");
  EXPECT_EQ(parsed(long_word + "\n"), "line 1: \"" + long_word.substr(0, 40) + "\"... is no metric name");
  EXPECT_EQ(parsed("a " + long_word + "\n"), "line 1: \"" + long_word.substr(0, 40) + "\"... is no value");
  EXPECT_EQ(parsed("# " + long_word + "\na 1\n"), "a untyped: {} 1;\n");
  EXPECT_EQ(parsed("a{x=\"" + long_word + "\"} 1\n"), "a untyped: {x=" + long_word + ",} 1;\n");
  std::string labels;
  for (int i = 0; i < 65; ++i) labels += fmt::format("l{}=\"\",", i);
  EXPECT_EQ(parsed("a{" + labels + "} 1\n"), "line 1: over 64 labels");
  const std::string name(limits::kLabelValueBytes, 'n');
  EXPECT_EQ(parsed(name + " 1\n"), name + " untyped: {} 1;\n");
  EXPECT_EQ(problem(name + "n 1\n"), ExpositionProblem::kSyntax);
}

}  // namespace
}  // namespace upkeep::testing
