#include "collectors/backups/sql_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace upkeep::backups {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Fed {
  std::string out, problem;
  std::uint64_t rows = 0;
};

// Fed in pieces of so many bytes.
Fed feed(std::string_view sql, SqlFilter::Rules rules = {}, std::size_t piece = 1'000'000) {
  SqlFilter filter(std::move(rules));
  Fed fed;
  const auto note = [&](const Drilled<>& done) {
    if (!done && fed.problem.empty())
      fed.problem = std::string(to_string(done.error().reason)) + ": " + done.error().message;
  };
  for (std::size_t at = 0; at < sql.size() && fed.problem.empty(); at += piece)
    note(filter.feed(sql.substr(at, piece), fed.out));
  if (fed.problem.empty()) note(filter.finish(fed.out));
  fed.rows = filter.copied_rows();
  return fed;
}

constexpr SqlFilter::Rules kServer = {.owns_server = false};

TEST(SqlFilter, DataAndStructurePassAsTheyAre) {
  const std::string sql =
      "--\n-- PostgreSQL database dump\n--\nSET lock_timeout = 0;\nCREATE TABLE t (a text);\n"
      "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$\n  SELECT 1;\n$$;\n"
      "COPY public.t (a) FROM stdin;\nGRANT x TO y;\n\\connect other\n\\.x\n\n\\.\nSELECT 1;\n"
      "--\n-- PostgreSQL database dump complete\n--\n\n";
  for (const std::size_t piece : {1UL, 2UL, 3UL, 7UL, 64UL, 100'000UL}) {
    const Fed fed = feed(sql, {}, piece);
    EXPECT_EQ(fed.out, sql) << piece;
    EXPECT_EQ(fed.problem, "") << piece;
    EXPECT_EQ(fed.rows, 4u) << piece;
  }
}

TEST(SqlFilter, RolesAndTablespacesOfTheOldServerAreLeftOut) {
  const auto f = [](const std::string& line) { return feed(line + "\n").out; };
  EXPECT_EQ(f("ALTER TABLE public.t OWNER TO app;"), "");
  EXPECT_EQ(f("ALTER LARGE OBJECT 16411 OWNER TO \"an app\";"), "");
  EXPECT_EQ(f("GRANT SELECT ON TABLE public.t TO app;"), "");
  EXPECT_EQ(f("REVOKE ALL ON SCHEMA public FROM PUBLIC;"), "");
  EXPECT_EQ(f("ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT SELECT ON TABLES TO reader;"), "");
  EXPECT_EQ(f("SET default_tablespace = fast;"), "");
  EXPECT_EQ(f("SET default_tablespace = '';"), "SET default_tablespace = '';\n");
  EXPECT_EQ(f("CREATE TABLESPACE fast OWNER app LOCATION '/fast';"), "");
  EXPECT_EQ(f("CREATE DATABASE d WITH ENCODING = 'UTF8' TABLESPACE = \"a b\" LOCALE = 'C';"),
            "CREATE DATABASE d WITH ENCODING = 'UTF8' LOCALE = 'C';\n");
  EXPECT_EQ(f("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);"), "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);\n");
  EXPECT_EQ(f("COMMENT ON EXTENSION plpgsql IS 'x';"), "COMMENT ON EXTENSION plpgsql IS 'x';\n");
  EXPECT_EQ(feed("COMMENT ON EXTENSION plpgsql IS 'x';\n", kServer).out, "");
}

TEST(SqlFilter, RolesThatStatementsNeedAreMade) {
  EXPECT_EQ(feed("CREATE POLICY p ON t TO app USING (true);\n").out,
            "DO $upkeep$ BEGIN CREATE ROLE app; EXCEPTION WHEN duplicate_object THEN NULL; END $upkeep$;\n"
            "CREATE POLICY p ON t TO app USING (true);\n");
  EXPECT_EQ(feed("CREATE POLICY p ON t TO app USING (true);\n", kServer).out,
            "CREATE POLICY p ON t TO app USING (true);\n");
  EXPECT_THAT(roles_of("CREATE POLICY p ON t FOR SELECT TO a, \"B \"\"c\"\"\", PUBLIC WITH CHECK (a TO b);"),
              ElementsAre("a", "\"B \"\"c\"\"\""));
  EXPECT_THAT(roles_of("CREATE POLICY p ON t USING ((a = ' TO x'));"), IsEmpty());
  EXPECT_THAT(roles_of("CREATE POLICY p ON t TO \"no end"), IsEmpty());
  EXPECT_THAT(roles_of("CREATE USER MAPPING FOR app SERVER s OPTIONS ("), ElementsAre("app"));
  EXPECT_THAT(roles_of("ALTER ROLE app IN DATABASE shop SET search_path TO 'x';"), ElementsAre("app"));
  EXPECT_THAT(roles_of("ALTER ROLE app WITH LOGIN;"), IsEmpty());
}

TEST(SqlFilter, CommandsOfPsqlAreRestricted) {
  const SqlFilter::Rules rules = {.owns_server = true, .restrict_key = "K"};
  EXPECT_EQ(feed("\\restrict theirs\nSELECT 1;\n\\unrestrict theirs\n", rules).out, "\\restrict K\nSELECT 1;\n");
  EXPECT_EQ(feed("\\connect shop\n", rules).out, "\\restrict K\n\\unrestrict K\n\\connect shop\n\\restrict K\n");
  EXPECT_EQ(feed("\\restrict theirs\nSELECT 1;\n").out, "SELECT 1;\n");
  EXPECT_EQ(feed("\\connect -reuse-previous=on \"dbname='a b'\"\n").problem, "");
}

TEST(SqlFilter, NothingLeavesTheServerOrTheDatabase) {
  const auto f = [](std::string_view line, SqlFilter::Rules rules) {
    return feed(std::string(line) + "\n", std::move(rules)).problem;
  };
  EXPECT_EQ(f("\\connect shop", kServer), "marker: the dump wants another database: '\\connect shop'");
  EXPECT_EQ(f("\\c shop", kServer), "marker: the dump wants another database: '\\c shop'");
  for (const char* line :
       {"\\connect host=prod", "\\connect -reuse-previous=on \"dbname='a' host='prod'\"", "\\connect postgres://prod/",
        "\\connect a b prod", "\\connect -reuse-previous=on \"dbname='", "\\connect"}) {
    EXPECT_THAT(f(line, {}), ::testing::StartsWith("marker: the dump wants another database")) << line;
  }
  for (const char* line :
       {"DROP DATABASE shop;", "CREATE DATABASE shop;", "ALTER DATABASE shop SET a = 1;", "CREATE ROLE app;",
        "ALTER ROLE app IN DATABASE shop SET a TO 1;", "ALTER SYSTEM SET a = 1;"}) {
    EXPECT_EQ(f(line, {}), "") << line;
    EXPECT_THAT(f(line, kServer), ::testing::StartsWith("marker: the dump wants more than its own database")) << line;
  }
  EXPECT_EQ(f("CREATE USER MAPPING FOR app SERVER s;", kServer), "");
}

TEST(SqlFilter, SeesThatTheEndIsMissing) {
  const std::string head = "-- PostgreSQL database dump\n";
  const std::string end = "-- PostgreSQL database dump complete\n";
  constexpr const char* kNoEnd = "restore: truncated: the dump ends without its completion line";
  EXPECT_EQ(feed("SELECT 1;\n").problem, "");
  EXPECT_EQ(feed(head + end).problem, "");
  EXPECT_EQ(feed(head + "-- PostgreSQL database dump complete").problem, "");
  EXPECT_EQ(feed(head).problem, kNoEnd);
  EXPECT_EQ(feed(head + end + head).problem, kNoEnd);
  const std::string cluster = "-- PostgreSQL database cluster dump\n";
  EXPECT_EQ(feed(cluster + head + end).problem, kNoEnd);
  EXPECT_EQ(feed(cluster + head + end + "-- PostgreSQL database cluster dump complete\n").problem, "");
  EXPECT_EQ(feed("COPY t FROM stdin;\n1\n").problem, "restore: truncated: the dump ends within the rows of a table");
  EXPECT_EQ(feed("COPY t FROM stdin;\n1\n\\.").problem, "restore: truncated: the dump ends within the rows of a table");
  EXPECT_EQ(feed("COPY t FROM stdin;\r\n1\r\n\\.\r\n").rows, 1u);
}

TEST(SqlFilter, ALongLineIsDataAndPasses) {
  const std::string sql = "INSERT INTO t VALUES ('" + std::string(3'000'000, 'x') + "');\nSELECT 1;\n";
  for (const std::size_t piece : {1000UL, 262'144UL, 10'000'000UL}) EXPECT_EQ(feed(sql, {}, piece).out, sql);
}

TEST(SqlFilter, ReadsWhatTheFirstLinesSay) {
  const SqlHead head = read_sql_head(
      "-- PostgreSQL database dump\n\n-- Dumped from database version 14.9 (Debian 14.9-1)\n"
      "-- Dumped by pg_dump version 16.1\nSET client_encoding = 'LATIN1';\nCOPY t FROM stdin;\n"
      "-- Dumped from database version 99\n");
  EXPECT_EQ(head.from_major, 14);
  EXPECT_EQ(head.from_version, "14.9 (Debian 14.9-1)");
  EXPECT_EQ(head.by_major, 16);
  EXPECT_EQ(head.encoding, "LATIN1");
  EXPECT_FALSE(head.is_cluster);
  const SqlHead other = read_sql_head("-- PostgreSQL database cluster dump\nSET client_encoding = 'x; DROP';\n");
  EXPECT_TRUE(other.is_cluster);
  EXPECT_EQ(other.encoding, "");
  EXPECT_EQ(
      read_sql_head("-- Dumped from database version x\n-- Dumped by pg_dump version 99999999999999999999\n").by_major,
      0);
}

}  // namespace
}  // namespace upkeep::backups
