#include "exporter/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace upkeep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Query, IsTakenApart) {
  const auto query = parse_query("target=db%3A5432&module=tcp+x&target=b&&=&c");
  ASSERT_TRUE(query);
  EXPECT_THAT(query->pairs, ElementsAre(Pair("target", "db:5432"), Pair("module", "tcp x"), Pair("target", "b"),
                                        Pair("", ""), Pair("", ""), Pair("c", "")));
  EXPECT_EQ(query->value("target"), "db:5432") << "the first one";
  EXPECT_EQ(query->value("hostname"), "");
}

TEST(Query, OfAScrape) {
  const auto f = [](std::string_view query, auto collect, auto exclude) {
    const auto names = parse_scrape_query(query);
    ASSERT_TRUE(names) << query;
    EXPECT_THAT(names->collect, collect) << query;
    EXPECT_THAT(names->exclude, exclude) << query;
  };
  f("", IsEmpty(), IsEmpty());
  f("collect[]=cpu", ElementsAre("cpu"), IsEmpty());
  f("collect[]=cpu&collect[]=meminfo", ElementsAre("cpu", "meminfo"), IsEmpty());
  f("exclude%5B%5D=cpu", IsEmpty(), ElementsAre("cpu"));
  f("exclude%5b%5d=%63pu&x=1", IsEmpty(), ElementsAre("cpu"));
  f("collect[]=a+b%2B", ElementsAre("a b+"), IsEmpty());
  f("collect[]", ElementsAre(""), IsEmpty());
  f("collect[]==", ElementsAre("="), IsEmpty());
  f("debug=1&&&=", IsEmpty(), IsEmpty());
  f("collect=cpu", IsEmpty(), IsEmpty());
}

TEST(Query, OfABadScrape) {
  const auto f = [](std::string_view query, std::string_view message) {
    const auto names = parse_scrape_query(query);
    ASSERT_FALSE(names) << query;
    EXPECT_EQ(names.error().message, message) << query;
  };
  f("collect[]=cpu&exclude[]=stat", "collect[] and exclude[] cannot be combined");
  f("collect[]=%", "two hexadecimal digits expected after each % of the query");
  f("collect[]=%4", "two hexadecimal digits expected after each % of the query");
  f("%zz=1", "two hexadecimal digits expected after each % of the query");
}

}  // namespace
}  // namespace upkeep
