#include <gtest/gtest.h>

#include "collectors/all.h"
#include "exporter/limits.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

constexpr const char* kDirectory = "directory: /var/lib/textfile/";

void put(World& world, const std::string& name, std::string text) {
  world.config = kDirectory;
  world.fs.put("var/lib/textfile/" + name, std::move(text));
}

// Of a file that was used.
std::string mtime(const std::string& name) {
  return "node_textfile_mtime_seconds{file=\"/var/lib/textfile/" + name + "\"} 1600000000\n";
}

TEST(Textfile, PublishesWhatFilesHold) {
  World world;
  put(world, "b.prom", "# HELP jobs_total Jobs done.\n# TYPE jobs_total counter\njobs_total{job=\"a\\\"b\"} 3\n");
  put(world, "a.prom", "plain 1e3\n");
  put(world, "c.prom", "");
  put(world, "d.prom.tmp", "half");
  world.fs.put("var/lib/textfile/e.prom/f.prom", "not_looked_for 1\n");
  EXPECT_EQ(world.page(textfile_collector),
            "# HELP node_textfile_mtime_seconds When a textfile that was read without error was last written.\n"
            "# TYPE node_textfile_mtime_seconds gauge\n" +
                mtime("a.prom") + mtime("b.prom") + mtime("c.prom") +
                "# HELP jobs_total Jobs done.\n"
                "# TYPE jobs_total counter\n"
                "jobs_total{job=\"a\\\"b\"} 3\n"
                "# HELP plain Metric read from /var/lib/textfile/a.prom\n"
                "# TYPE plain untyped\n"
                "plain 1000\n"
                "# HELP node_textfile_scrape_error Whether a textfile, or a directory of them, could not be used.\n"
                "# TYPE node_textfile_scrape_error gauge\n"
                "node_textfile_scrape_error 0\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Textfile, PublishesHistogramsAndSummaries) {
  World world;
  const std::string histogram =
      "# HELP h H.\n# TYPE h histogram\n"
      "h_bucket{x=\"1\",le=\"0.5\"} 1\nh_bucket{x=\"1\",le=\"+Inf\"} 2\nh_sum{x=\"1\"} 3.5\nh_count{x=\"1\"} 2\n";
  const std::string summary = "# HELP s S.\n# TYPE s summary\ns{quantile=\"0.5\"} NaN\ns_sum 1\ns_count 2\n";
  put(world, "a.prom", histogram + summary);
  const std::string page = world.page(textfile_collector);
  EXPECT_NE(page.find(histogram + summary), std::string::npos) << page;
  EXPECT_EQ(world.page(textfile_collector), page);
}

TEST(Textfile, NeedsADirectory) {
  World world;
  EXPECT_EQ(world.samples(textfile_collector), "node_textfile_scrape_error 0\n");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
  World missing;
  missing.config = kDirectory;
  EXPECT_EQ(missing.samples(textfile_collector), "node_textfile_scrape_error 1\n");
  EXPECT_EQ(missing.error(), "var/lib/textfile: No such file or directory");
  World relative;
  relative.config = "directory: textfiles";
  EXPECT_EQ(relative.samples(textfile_collector), "");
  EXPECT_NE(relative.error().find("an absolute path expected"), std::string::npos) << relative.error();
}

TEST(Textfile, ReadsSeveralDirectories) {
  World world;
  world.fs.put("a/x.prom", "x 1\n");
  world.fs.put("b/y.prom", "y 2\n");
  world.config = "directory: [/b, /missing, /a]";
  EXPECT_EQ(world.samples(textfile_collector),
            "node_textfile_mtime_seconds{file=\"/b/y.prom\"} 1600000000\n"
            "node_textfile_mtime_seconds{file=\"/a/x.prom\"} 1600000000\n"
            "x 1\ny 2\nnode_textfile_scrape_error 1\n");
  EXPECT_EQ(world.error(), "missing: No such file or directory");
}

// Why a file is left out, beside another that must not suffer; and the message.
std::string refusal(std::string text, std::string before = "good 1\n") {
  World world;
  put(world, "a.prom", before);
  put(world, "b.prom", std::move(text));
  std::string samples = world.samples(textfile_collector);
  const auto drop = [&](const std::string& part) {
    const std::size_t at = samples.find(part);
    EXPECT_NE(at, std::string::npos) << part << " in " << samples;
    if (at != std::string::npos) samples.erase(at, part.size());
  };
  drop(mtime("a.prom"));
  drop(before.substr(before.rfind('\n', before.size() - 2) + 1));
  drop("node_textfile_scrape_error 1\n");
  EXPECT_EQ(world.error_code(), ErrorCode::kParse);
  drop("upkeep_textfile_error{file=\"/var/lib/textfile/b.prom\",reason=\"");
  drop("\"} 1\n");
  return samples + "| " + world.error();
}

TEST(Textfile, LeavesOutABadFileAlone) {
  const std::string b = "| /var/lib/textfile/b.prom: ";
  EXPECT_EQ(refusal("x 1\ny\n"), "syntax" + b + "line 2: \"\" is no value");
  EXPECT_EQ(refusal("x 1\ny 2"), "syntax" + b + "line 2: line without an end: the file is not whole");
  EXPECT_EQ(refusal("x 1\r\n"), "syntax" + b + "line 1: \"1\\r\" is no value");
  EXPECT_EQ(refusal("x{y=\"\xFF\"} 1\n"), "utf8" + b + "line 1: bytes that are no UTF-8");
  EXPECT_EQ(refusal("x 1 1395066363000\n"), "timestamp" + b + "line 1: a time of its own");
  EXPECT_EQ(refusal("x 1\nx 2\n"), "duplicate" + b + "line 2: x: the same series a second time");
  EXPECT_EQ(refusal("good 2\n"), "duplicate" + b + "a series that an earlier file has");
  EXPECT_EQ(refusal("x 1\n" + std::string(limits::kTextfileBytes, '#')), "too_large" + b + "over 1048576 bytes");
}

TEST(Textfile, MergesFilesThatAgree) {
  World world;
  put(world, "a.prom", "# TYPE x counter\nx{f=\"a\"} 1\n");
  put(world, "b.prom", "# HELP x Help.\n# TYPE x counter\nx{f=\"b\"} 2\n");
  put(world, "c.prom", "# TYPE x counter\nx{f=\"c\"} 3\n");
  const std::string page = world.page(textfile_collector);
  EXPECT_NE(page.find("# HELP x Help.\n# TYPE x counter\nx{f=\"a\"} 1\nx{f=\"b\"} 2\nx{f=\"c\"} 3\n"),
            std::string::npos)
      << page;
  EXPECT_EQ(world.error(), "");
}

TEST(Textfile, LeavesOutFilesThatDoNotAgree) {
  const std::string b = "| /var/lib/textfile/b.prom: ";
  EXPECT_EQ(refusal("# TYPE good gauge\nother 1\ngood{f=\"b\"} 2\n"),
            "clash" + b + "good: other TYPE or HELP than in /var/lib/textfile/a.prom");
  EXPECT_EQ(refusal("# HELP good Other.\ngood{f=\"b\"} 2\n", "# HELP good One.\ngood 1\n"),
            "clash" + b + "good: other TYPE or HELP than in /var/lib/textfile/a.prom");
  EXPECT_EQ(refusal("node_load1 5\n"), "clash" + b + "node_load1: belongs to Upkeep itself");
  EXPECT_EQ(refusal("upkeep_anything 5\n"), "clash" + b + "upkeep_anything: belongs to Upkeep itself");
}

TEST(Textfile, KeepsToALimitOfSeries) {
  std::string many;
  for (int i = 0; i < 9'401; ++i) many += "x{i=\"" + std::to_string(i) + "\"} 1\n";
  EXPECT_EQ(refusal(many), "too_large| /var/lib/textfile/b.prom: with it over 9400 series in all");
}

TEST(Textfile, KeepsToALimitOfFiles) {
  World world;
  for (std::size_t i = 0; i < limits::kTextfiles + 5; ++i) {
    put(world, std::to_string(1000 + i) + ".prom", "m" + std::to_string(i) + " 1\n");
  }
  const std::string samples = world.samples(textfile_collector);
  EXPECT_EQ(world.error(), "/var/lib/textfile: over 200 textfiles");
  EXPECT_NE(samples.find("m199 1\n"), std::string::npos);
  EXPECT_EQ(samples.find("m200 1\n"), std::string::npos);
  EXPECT_NE(samples.find("node_textfile_scrape_error 1\n"), std::string::npos);
}

TEST(Textfile, LeavesOutWhatIsOld) {
  World world;
  put(world, "a.prom", "x 1\n");
  world.config = "{directory: /var/lib/textfile, max_age: 1d}";
  world.clock.set_wall(1'600'000'000 + 86'400);
  EXPECT_EQ(world.samples(textfile_collector), mtime("a.prom") + "x 1\nnode_textfile_scrape_error 0\n");
  world.clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(world.samples(textfile_collector),
            mtime("a.prom") +
                "upkeep_textfile_error{file=\"/var/lib/textfile/a.prom\",reason=\"stale\"} 1\n"
                "node_textfile_scrape_error 1\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Textfile, SaysWhatItCannotRead) {
  World world;
  put(world, "a.prom", "x 1\n");
  put(world, "b.prom", "y 1\n");
  world.fs.fail_with("var/lib/textfile/a.prom", {ErrorCode::kPermission, "Permission denied"});
  EXPECT_EQ(world.samples(textfile_collector),
            "upkeep_textfile_error{file=\"/var/lib/textfile/a.prom\",reason=\"unreadable\"} 1\n" + mtime("b.prom") +
                "y 1\nnode_textfile_scrape_error 1\n");
  EXPECT_EQ(world.error(), "/var/lib/textfile/a.prom: Permission denied");
  world.fs.fail_with("var/lib/textfile/a.prom", {ErrorCode::kNotFound, "No such file or directory"});
  EXPECT_EQ(world.samples(textfile_collector), mtime("b.prom") + "y 1\nnode_textfile_scrape_error 0\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Textfile, FollowsFilesAsTheyChange) {
  World world;
  put(world, "a.prom", "# TYPE x gauge\nx 1\n");
  EXPECT_EQ(world.samples(textfile_collector), mtime("a.prom") + "x 1\nnode_textfile_scrape_error 0\n");
  put(world, "a.prom", "# HELP x Two\\nlines\n# TYPE x counter\nx{a=\"b\"} 2\n");
  const std::string page = world.page(textfile_collector);
  EXPECT_EQ(world.error(), "");
  EXPECT_NE(page.find("# HELP x Two lines\n# TYPE x counter\nx{a=\"b\"} 2\n"), std::string::npos) << page;
  world.fs.remove("var/lib/textfile/a.prom");
  world.fs.put_directory("var/lib/textfile");
  EXPECT_EQ(world.samples(textfile_collector), "node_textfile_scrape_error 0\n");
}

}  // namespace
}  // namespace upkeep::testing
