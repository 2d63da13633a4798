// What a scrape costs, exactly: the whole program but for HTTP on a recorded host, and a count of its heap allocations.
// Under callgrind, two runs with different SCRAPES tell the instructions of one.
//   scrape_cost HOST SCRAPES identity|gzip     -> one line of JSON
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <new>
#include <string>

#include "tests/support/program.h"
#include "tests/support/recorded_host.h"

namespace {

bool counting = false;
std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  if (counting) ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: scrape_cost HOST SCRAPES identity|gzip\n";
    return 2;
  }
  const int scrapes = std::atoi(argv[2]);
  const bool gzip = std::string(argv[3]) == "gzip";
  upkeep::testing::RecordedHost host(argv[1]);
  upkeep::testing::Program program(host);
  std::size_t bytes = 0;
  const auto scrape = [&] {
    host.clock.advance(std::chrono::seconds(1));
    const auto page = program.scrape();
    bytes = gzip ? page->gzip().size() : page->text().size();
    return page;
  };
  program.page();                        // the collectors with an interval have run
  for (int i = 0; i < 5; ++i) scrape();  // storage has grown to what it needs
  counting = true;
  for (int i = 0; i < scrapes; ++i) scrape();
  counting = false;
  const std::string text(scrape()->text());
  std::size_t samples = 0;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) samples += text[at] == '#' ? 0 : 1;
  std::printf("{\"scrapes\": %d, \"samples\": %zu, \"bytes\": %zu, \"allocations\": %zu}\n", scrapes, samples, bytes,
              allocations);
}
