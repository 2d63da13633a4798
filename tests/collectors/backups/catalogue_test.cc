#include "collectors/backups/catalogue.h"

#include <gtest/gtest.h>

#include "tests/support/fakes.h"

namespace upkeep::backups {
namespace {

using namespace std::chrono_literals;

class Cataloguing : public ::testing::Test {
 protected:
  // A file that was written so long ago.
  Item item(std::string path, std::chrono::nanoseconds age, std::uint64_t size = 10) const {
    const auto wall = std::chrono::nanoseconds(clock_.wall().time_since_epoch());
    return {.file = {.path = std::move(path), .inode = 1, .size_bytes = size, .modified_ns = (wall - age).count()}};
  }
  Catalogue sort_out(const std::vector<Item>& items) {
    return cataloguer_.sort_out(items, clock_.wall(), clock_.now());
  }
  static std::string paths(const std::vector<BackupFile>& files) {
    std::string all;
    for (const BackupFile& file : files) all += file.path + " ";
    return all;
  }

  testing::FakeClock clock_;
  Cataloguer cataloguer_{30s};
};

TEST_F(Cataloguing, PutsTheNewestFirst) {
  const Catalogue catalogue = sort_out({item("a", 3h), item("b", 1h), item("c", 2h)});
  EXPECT_EQ(paths(catalogue.complete), "b c a ");
  EXPECT_EQ(catalogue.in_progress, 0u);
}

TEST_F(Cataloguing, WaitsUntilAFileIsNotWrittenAnyMore) {
  EXPECT_EQ(sort_out({item("a", 29s)}).in_progress, 1u);
  const Item fresh = item("a", 29s);
  clock_.advance(1s);
  EXPECT_EQ(paths(sort_out({fresh}).complete), "a ");
}

TEST_F(Cataloguing, WaitsForWhatGrowsThoughItIsDatedEarlier) {
  EXPECT_EQ(paths(sort_out({item("a", 5h, 10)}).complete), "a ") << "first seen: its date counts";
  clock_.advance(10s);
  EXPECT_EQ(sort_out({item("a", 5h, 11)}).in_progress, 1u);
  const Item grown = item("a", 5h, 11);
  clock_.advance(29s);
  Item later = grown;
  EXPECT_EQ(sort_out({item("a", 5h, 12)}).in_progress, 1u);
  later = item("a", 5h, 12);
  clock_.advance(29s);
  EXPECT_EQ(sort_out({later}).in_progress, 1u);
  clock_.advance(1s);
  EXPECT_EQ(paths(sort_out({later}).complete), "a ");
}

TEST_F(Cataloguing, PutsAsideWhatIsDatedLaterThanNow) {
  const std::vector<Item> items{item("skewed", -4min), item("future", -24h), item("old", 1h)};
  Catalogue first = sort_out(items);
  EXPECT_EQ(paths(first.complete), "old ");
  EXPECT_EQ(first.in_progress, 2u) << "of which nothing is known yet";
  clock_.advance(30s);
  Catalogue second = sort_out(items);
  EXPECT_EQ(paths(second.future), "future ");
  EXPECT_EQ(paths(second.complete), "old ");
  clock_.advance(5min);
  EXPECT_EQ(paths(sort_out(items).complete), "skewed old ");
  clock_.advance(24h);
  EXPECT_EQ(paths(sort_out(items).complete), "future skewed old ");
}

TEST_F(Cataloguing, CountsTemporaryFilesApart) {
  std::vector<Item> items{item("a.tmp", 1s), item("b.tmp", 2h), item("half", 1h), item("begun", 1s)};
  items[0].kind = items[1].kind = ItemKind::kTemporary;
  items[2].kind = items[3].kind = ItemKind::kUnfinished;
  const Catalogue catalogue = sort_out(items);
  EXPECT_EQ(catalogue.temporary, 3u);
  EXPECT_EQ(catalogue.temporary_oldest_ns, items[1].file.modified_ns);
  EXPECT_EQ(catalogue.in_progress, 1u);
  EXPECT_TRUE(catalogue.complete.empty());
}

}  // namespace
}  // namespace upkeep::backups
